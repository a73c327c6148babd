"""A trained model as the product loads it: a folder with ``model.onnx.gz``, ``pieces.model.gz`` and ``tagger.json``."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, islice
from pathlib import Path

from deidstream.adapters.onnx import OnnxInference
from deidstream.core.document import Part
from deidstream.detection.text.extents import extents_learned
from deidstream.detection.text.reliability import Row, learned
from deidstream.detection.text.rules import Rules
from deidstream.detection.text.tagger import Tagger
from deidstream.detection.text.tagger.description import DESCRIPTION, MODEL, PIECES, Description
from deidstream.detection.text.tagger.pieces import Pieces
from deidstream.ports import Inference

from deidstream_training.backbone import recover
from deidstream_training.release.calibrate import Answers, temperature, thresholds
from deidstream_training.release.export import export
from deidstream_training.train.examples import Batch, Mark, batched, examples, read
from deidstream_training.train.labels import CATEGORIES, LABELS
from deidstream_training.train.model import trained

__all__ = ["Wanted", "release"]

_BATCH = 4_096
"""Pieces that are judged at once."""
_RANGED = 200
"""Documents that show how great numbers get within the model."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``right``: of the units that count, the share that must be within a mark; ``most``: documents that are looked at."""

    name: str
    version: str
    right: float = 0.97
    window: int = 254
    margin: int = 48
    most: int = 4_000


def release(model: Path, backbone: Path, held_out: Sequence[Path], wanted: Wanted, out: Path) -> Description:
    """Writes the folder ``out``. ``held_out``: documents of which training has seen nothing, to calibrate with."""
    out.mkdir(parents=True, exist_ok=True)
    (out / PIECES).write_bytes(gzip.compress((backbone / recover.PIECES).read_bytes(), mtime=0))
    pieces = Pieces(out / PIECES)
    documents = list(islice(chain.from_iterable(map(read, held_out)), wanted.most))
    some = documents[:: max(1, len(documents) // _RANGED)]
    export(trained(model, backbone), backbone, out / MODEL, _batches(some, pieces, wanted))
    inference = OnnxInference(out / MODEL, threads=2)
    found = Description(
        wanted.name,
        wanted.version,
        CATEGORIES,
        (1.0,) * len(CATEGORIES),
        1.0,
        wanted.window,
        wanted.margin,
        {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in (MODEL, PIECES)},
    )
    found = replace(found, temperature=round(temperature(_answers(documents, pieces, inference, wanted)), 3))
    judged = Tagger(found, pieces, inference).judge([text for text, _ in documents])
    names = [category.value for category in CATEGORIES]
    found = replace(found, thresholds=thresholds([marks for _, marks in documents], judged, names, wanted.right))
    reliability, extents = _trust(documents, Tagger(found, pieces, inference))
    found = replace(found, reliability=reliability, extents=extents)
    (out / DESCRIPTION).write_text(json.dumps(asdict(found), indent=1) + "\n")
    return found


def _trust(documents: Sequence[tuple[str, list[Mark]]], tagger: Tagger) -> tuple[dict[str, Row], dict[str, float]]:
    """Of the tagger and of the rules, where both have read: how often they are right, and their extents."""
    parts = [Part(str(number), text, ()) for number, (text, _) in enumerate(documents)]
    found = zip(Rules().find(parts), tagger.find(parts), documents, strict=True)
    together = [([*rules, *tagged], marks) for rules, tagged, (_, marks) in found]
    return learned(together), extents_learned(together)


def _answers(
    documents: Sequence[tuple[str, list[Mark]]], pieces: Pieces, inference: Inference, wanted: Wanted
) -> Iterator[Answers]:
    for batch in _batches(documents, pieces, wanted):
        inputs = {"input_ids": batch.ids, "attention_mask": batch.mask}
        yield Answers(inference.infer(inputs)["logits"], batch)


def _batches(documents: Sequence[tuple[str, list[Mark]]], pieces: Pieces, wanted: Wanted) -> Iterator[Batch]:
    return batched(examples(documents, pieces, LABELS, wanted.window), pieces, _BATCH)
