"""A site's own files with what a deployment with its present tagger finds in their texts: rules, identity and tagger, merged.

Nobody has looked at that. It teaches how this site writes; what is right, reviewed documents teach.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from deidstream.cli.clean.inputs import Input
from deidstream.cli.clean.reading import Reading
from deidstream.cli.pipeline import Stage, run
from deidstream.core.case import Case
from deidstream.core.document import Part
from deidstream.core.errors import DeidstreamError
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.outcome import Gap, Outcome
from deidstream.evaluation.annotated import Annotated, Gold
from deidstream.stages.fields.__main__ import build as build_fields
from deidstream.stages.process import Process
from deidstream.stages.text.__main__ import build as build_text
from deidstream.stream.collector import settle
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings

__all__ = ["CORPUS", "noted"]

CORPUS = "notes"
_SOURCE = "train"
_CHUNK = 25
_SHORTEST = 20
"""Code points: what is shorter has nothing around it to learn from."""


def noted(
    items: Sequence[Input], tagger: Path, language: str, progress: Callable[[int, int], None]
) -> Iterator[Annotated]:
    """A document for each text of ``items``, in their order, the same each time. Files that cannot be read are left out.

    ``progress`` is told how many files are done, twice each (heard, read), and how many of them could not be read.
    """
    with tempfile.TemporaryDirectory(prefix="deidstream-") as state:
        process = Process.of(Settings(_tree(state, tagger)), Instance(("ingest", "identify", "fields", "text")))
        reading, reader = Reading(process, _SOURCE, language), _Reader()
        stages: dict[str, Stage] = {
            "identify": reading.identify,
            "fields": build_fields(process),
            "text": build_text(process),
            "resolver": reader,
        }
        settle()
        for item in items:
            reading.learn(item)
            progress(1, 0)
        reading.settle()
        for start in range(0, len(items), _CHUNK):
            chunk = items[start : start + _CHUNK]
            opened = [(item, number, case) for item in chunk for number, case in enumerate(_cases(reading, item), 1)]
            run([case for _, _, case in opened], stages)
            there = set()
            for item, number, case in opened:
                if (read := reader.read.pop(case.id, None)) is not None:
                    there.add(item)
                    yield from _documents(f"{item.name}#{number}", read)
            progress(len(chunk), len(chunk) - len(there))


class _Reader:
    """Stands where the resolver would: takes the texts, and nothing goes further."""

    def __init__(self) -> None:
        self.read: dict[str, Case] = {}

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """See ``Stage``."""
        self.read |= {case.id: case for case in cases}
        return [Gap(case, "read") for case in cases]


def _cases(reading: Reading, item: Input) -> list[Case]:
    try:
        return reading.open(item).cases
    except (DeidstreamError, OSError):
        return []


def _documents(name: str, case: Case) -> Iterator[Annotated]:
    found: dict[str, list[Finding]] = {}
    for finding in case.findings:
        found.setdefault(finding.locator, []).append(finding)
    for part in case.document.parts if case.document is not None else ():
        merged = merge(found.get(part.locator, ()))
        if len(part.text) >= _SHORTEST and all(one.span is not None for one in merged):
            yield _document(f"{name}/{part.locator}", part, merged)


def _document(name: str, part: Part, merged: Sequence[Finding]) -> Annotated:
    gold = tuple(Gold(one.span, (one.category,), str(one.category)) for one in merged if one.span is not None)
    return Annotated(name, CORPUS, part.text, gold, part.language)


def _tree(state: str, tagger: Path) -> dict[str, Any]:  # Any: a configuration tree
    """What is more likely to identify nobody than somebody teaches nothing."""
    return {
        "deployment": {"state": state, "health": None, "retained_days": 0},
        "resolver": {"projects": [{"name": _SOURCE, "policy": "research-dates-shifted"}]},
        "text": {"tagger": {"folder": str(tagger), "threads": 2, "least_probability": 0.5}},
    }
