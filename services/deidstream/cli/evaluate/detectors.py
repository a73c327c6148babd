"""Our layers, run over documents: each alone, and what the resolver makes of all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from deidstream.core.document import Part
from deidstream.core.errors import Unsafe
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.span import Span
from deidstream.core.subject import Subject
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.repeated import repeated
from deidstream.detection.text.rules import Rules
from deidstream.detection.text.tagger import Tagger
from deidstream.evaluation.annotated import Annotated, Predicted
from deidstream.ports import SubjectLayer, TextLayer
from deidstream.stages.text.config import TaggerSettings

__all__ = ["MERGED", "Answer", "Layers", "Took", "timed"]

MERGED = "merged"
_IDENTITY = "identity"
_Findings = list[list[Finding]]
_T = TypeVar("_T")
_LEAST = TaggerSettings.model_fields["least_probability"].default
"""What a deployment takes for no finding, where its configuration does not say otherwise."""


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
    """The layers of this version of deidstream, loaded once. ``texts`` by name, in the order in which they run.

    ``others`` stand for the last of ``texts``, one at a time: further taggers, say. What comes of each is ``merged-NAME``.
    """

    def __init__(
        self,
        texts: Mapping[str, TextLayer] | None = None,
        identity: SubjectLayer | None = None,
        others: Mapping[str, TextLayer] | None = None,
    ) -> None:
        self._texts = {"rules": Rules()} if texts is None else dict(texts)
        self._others = dict(others or {})
        self._identity = identity or Identity()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all of them, what is merged last."""
        return (*self._texts, *self._others, _IDENTITY, MERGED, *map(_merged_with, self._others))

    def answers(self, documents: Sequence[Annotated]) -> Iterator[Answer]:
        """One for each layer and for what is merged. Identity has none where no document comes with a known subject.

        Layers are not told the language: a feed seldom says it. Each is warmed up first; what ``merged`` takes is what
        its layers take together, and the merging.
        """
        parts = [Part(f"{number}", document.text, ()) for number, document in enumerate(documents)]
        found: dict[str, tuple[_Findings, Took]] = {}
        for name, layer in {**self._texts, **self._others}.items():
            layer.find(parts[:1])
            found[name] = timed(lambda layer=layer: layer.find(parts))  # type: ignore[misc]  # bound now, not when called
        if any(document.known for document in documents):
            found[_IDENTITY] = timed(lambda: self._subjects(documents, parts))
        for name, (findings, took) in found.items():
            yield _answer(name, documents, findings, took)
        for merged, names in self._together(found):
            read = {name: found[name][0] for name in names}
            findings, took = timed(partial(self._merged, documents, read))
            spent = [took, *(found[name][1] for name in names)]
            total = Took(sum(one.wall for one in spent), sum(one.cpu for one in spent))
            yield _answer(merged, documents, findings, total)

    def _together(self, found: Mapping[str, object]) -> Iterator[tuple[str, list[str]]]:
        """What is merged by its name, and the layers that it is made of."""
        own = list(self._texts)
        identity = [_IDENTITY] if _IDENTITY in found else []
        yield MERGED, [*own, *identity]
        for name in self._others:
            yield _merged_with(name), [*own[:-1], name, *identity]

    def _merged(self, documents: Sequence[Annotated], found: Mapping[str, _Findings]) -> _Findings:
        """As the stages do: what is read from texts is weighed where a tagger says how, then everything is merged."""
        taggers = [layer for name in found if isinstance(layer := self._layer(name), Tagger)]
        weigh = partial(taggers[-1].weighed, least=_LEAST) if taggers else _as_they_are
        texts = [findings for name, findings in found.items() if name != _IDENTITY]
        together = [
            weigh(document.text, [one for findings in layers for one in findings])
            for document, *layers in zip(documents, *texts, strict=True)
        ]
        known = found.get(_IDENTITY) or [[] for _ in together]
        seen = [[*read, *more] for read, more in zip(together, known, strict=True)]
        return [
            list(merge([*one, *repeated([Part("text", document.text, ())], [one], self._identity)[0]]))
            for document, one in zip(documents, seen, strict=True)
        ]

    def _layer(self, name: str) -> TextLayer | None:
        return self._texts.get(name) or self._others.get(name)

    def _subjects(self, documents: Sequence[Annotated], parts: Sequence[Part]) -> _Findings:
        return [
            self._identity.find((part,), (Subject(document.patient or document.id, known=document.known),))[0]
            for document, part in zip(documents, parts, strict=True)
        ]


def _as_they_are(text: str, findings: Sequence[Finding]) -> list[Finding]:
    return list(findings)


def _merged_with(name: str) -> str:
    return f"{MERGED}-{name}"


def timed(work: Callable[[], _T]) -> tuple[_T, Took]:
    """The result of ``work``, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, Took(time.perf_counter() - wall, time.process_time() - cpu)


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
