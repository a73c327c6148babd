"""Our layers, run over documents: each alone, and what the resolver makes of all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from deidstream.core.document import Part
from deidstream.core.errors import Unsafe
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.span import Span
from deidstream.core.subject import Subject
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.evaluation.annotated import Annotated, Predicted
from deidstream.ports import SubjectLayer, TextLayer

__all__ = ["MERGED", "Answer", "Layers", "Took", "timed"]

MERGED = "merged"
_IDENTITY = "identity"
_Findings = list[list[Finding]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds on the clock, and of processor time in all threads."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What one detector reports: for each document its predictions, in order."""

    name: str
    predicted: tuple[tuple[Predicted, ...], ...] = field(repr=False)
    took: Took


class Layers:
    """The layers of this version of deidstream, loaded once. ``texts`` by name, in the order in which they run."""

    def __init__(self, texts: Mapping[str, TextLayer] | None = None, identity: SubjectLayer | None = None) -> None:
        self._texts = {"rules": Rules()} if texts is None else dict(texts)
        self._identity = identity or Identity()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all of them, ``merged`` last."""
        return (*self._texts, _IDENTITY, MERGED)

    def answers(self, documents: Sequence[Annotated]) -> Iterator[Answer]:
        """One for each layer and one merged. Identity has none where no document comes with a known subject.

        Layers are not told the language: a feed seldom says it. Each is warmed up first; what ``merged`` takes is what
        its layers take together, and the merging.
        """
        parts = [Part(f"{number}", document.text, ()) for number, document in enumerate(documents)]
        found: list[_Findings] = []
        spent: list[Took] = []
        for name, layer in self._texts.items():
            layer.find(parts[:1])
            findings, took = timed(lambda layer=layer: layer.find(parts))  # type: ignore[misc]  # bound now, not when called
            yield _answer(name, documents, findings, took)
            found.append(findings)
            spent.append(took)
        if any(document.known for document in documents):
            findings, took = timed(lambda: self._subjects(documents, parts))
            yield _answer(_IDENTITY, documents, findings, took)
            found.append(findings)
            spent.append(took)
        findings, took = timed(lambda: _merged(found))
        total = Took(took.wall + sum(one.wall for one in spent), took.cpu + sum(one.cpu for one in spent))
        yield _answer(MERGED, documents, findings, total)

    def _subjects(self, documents: Sequence[Annotated], parts: Sequence[Part]) -> _Findings:
        return [
            self._identity.find((part,), (Subject(document.patient or document.id, known=document.known),))[0]
            for document, part in zip(documents, parts, strict=True)
        ]


def timed(work: Callable[[], _T]) -> tuple[_T, Took]:
    """The result of ``work``, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Took(time.perf_counter() - wall, time.process_time() - cpu)


def _merged(found: Sequence[_Findings]) -> _Findings:
    return [
        list(merge([finding for findings in layers for finding in findings])) for layers in zip(*found, strict=True)
    ]


def _answer(name: str, documents: Sequence[Annotated], findings: _Findings, took: Took) -> Answer:
    return Answer(
        name,
        tuple(
            tuple(_predicted(document, finding) for finding in of_document)
            for document, of_document in zip(documents, findings, strict=True)
        ),
        took,
    )


def _predicted(document: Annotated, finding: Finding) -> Predicted:
    span = finding.span or Span(0, len(document.text))
    if not 0 <= span.start < span.end <= len(document.text):
        raise Unsafe("finding-outside-text", finding.detector)
    return Predicted(span, finding.category)
