"""From a released model and documents to the next version of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from deidstream.detection.text.tagger.description import described
from deidstream.detection.text.tagger.pieces import Pieces

from deidstream_training.backbone.recover import PIECES
from deidstream_training.release.release import Wanted, release
from deidstream_training.release.unpacked import unpack
from deidstream_training.train.command import digest
from deidstream_training.train.labels import CATEGORIES
from deidstream_training.train.learn import Gold, Plan, learn
from deidstream_training.train.model import save, trained
from deidstream_training.train.stream import batches

__all__ = ["Course", "adapt"]


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how quickly. ``rate``: a tenth of what a model begins with, or it forgets what it knew."""

    steps: int = 400
    rate: float = 3e-5
    pieces: int = 2_048
    seed: int = 1


def adapt(released: Path, documents: Sequence[Path], calibrate: Path, course: Course, work: Path) -> Path:
    """The folder of the new version, below ``work``. A file that is named twice counts twice; what broke off goes on.

    Raises ValueError for a model of other categories, or where ``work`` holds what was begun with other documents.
    """
    found = described(released)
    if tuple(found.categories) != CATEGORIES:
        raise ValueError("this tagger tells other categories apart than this version trains")
    unpack(released, work / "backbone", work / "before")
    model = trained(work / "before", work / "backbone")
    plan = Plan(course.steps, course.rate, course.pieces, found.window, seed=course.seed, documents=digest(documents))
    (work / "after").mkdir(exist_ok=True)
    torch.manual_seed(course.seed)
    stream = batches(documents, Pieces(work / "backbone" / PIECES), plan.window, plan.pieces, plan.seed)
    learn(model, Gold(), plan, stream, work / "after")
    save(model, work / "after")
    print("calibrating", file=sys.stderr)
    wanted = Wanted(found.name, _next(found.version), window=found.window, margin=found.margin)
    release(work / "after", work / "backbone", [calibrate], wanted, work / "candidate")
    return work / "candidate"


def _next(version: str) -> str:
    return str(int(version) + 1) if version.isdecimal() else f"{version}.1"
