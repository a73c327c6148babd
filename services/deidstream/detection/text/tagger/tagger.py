"""Reads the texts of a whole batch at once: pieces, windows of all texts by length, the model, and spans out of its answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.errors import Unavailable
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.extents import Extents
from deidstream.detection.text.implausible import without_implausible
from deidstream.detection.text.labels import without_labels
from deidstream.detection.text.reliability import Reliability
from deidstream.detection.text.tagger.description import Description
from deidstream.detection.text.tagger.pieces import Encoded, Pieces
from deidstream.detection.text.tagger.recased import recased
from deidstream.detection.text.tagger.spans import Labels, Tagged, of_units, spans
from deidstream.detection.text.tagger.units import Units, units
from deidstream.detection.text.tagger.windows import Window, batches, windows
from deidstream.ports import Inference

__all__ = ["Judged", "Tagger"]

_CHUNK = 1 << 16
"""Code points that are judged together at most, for memory's sake; texts that are longer are cut."""
_CONTEXT = 1 << 10
"""Code points that are read beyond a cut, on either side."""
_MOST = 1 << 9
"""Pieces in one call of the model: what a layer makes of so many stays in a processor's cache; 2,048 take an eighth longer."""

Floats = npt.NDArray[np.float32]


class _Chunk(NamedTuple):
    """The code points ``[read, ...)`` of a part; what touches ``[start, end)`` of the part is judged here."""

    part: int
    start: int
    end: int
    read: int
    text: str


class Judged(NamedTuple):
    """A text: its units, and float32 ``[units, labels]``."""

    units: Units
    probabilities: Floats


class Tagger:
    """A layer of text detection. ``inference`` runs the model of ``description``: ``most`` pieces a call, ``calls`` at once."""

    def __init__(
        self, description: Description, pieces: Pieces, inference: Inference, most: int = _MOST, calls: int = 1
    ) -> None:
        self._description = description
        self._callers = ThreadPoolExecutor(calls, "tagger") if calls > 1 else None
        self._pieces = pieces
        self._inference = inference
        self._most = most
        self._reliability, self._extents = Reliability(description.reliability), Extents(description.extents)
        names = [category.value for category in description.categories]
        self._labels = Labels(names, np.array(description.thresholds, dtype=np.float32))
        self._categories = {category.value: category for category in description.categories}

    def weighed(self, text: str, findings: Sequence[Finding], least: float) -> list[Finding]:
        """What all layers found in ``text``, trusted as far as was measured for this one and those beside it.

        Scores become probabilities, those below ``least`` to identify anybody are left out, extents are cut anew.
        """
        labelled = list(without_labels(text, findings))
        plausible = list(without_implausible(text, labelled, self._description.detector))
        probable = self._reliability.weighed(plausible, least)
        return self._extents.settled(text, probable)

    def find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        """The findings of each part, by place. Raises Unavailable when the model does not answer: then nothing has been read."""
        found: list[dict[tuple[Span | None, Category], Finding]] = [{} for _ in parts]
        for chunks in _together(parts):
            for chunk, tagged in zip(chunks, self._tag([chunk.text for chunk in chunks]), strict=True):
                for one in tagged:
                    if one.start + chunk.read < chunk.end and one.end + chunk.read > chunk.start:
                        finding = self._finding(parts[chunk.part], chunk, one)
                        found[chunk.part].setdefault((finding.span, finding.category), finding)
        return [list(of_part.values()) for of_part in found]

    def _finding(self, part: Part, chunk: _Chunk, one: Tagged) -> Finding:
        span = Span(one.start + chunk.read, one.end + chunk.read)
        category = self._categories[one.category]
        return Finding(part.locator, span, category, one.score, self._description.detector, subject=part.subject)

    def _tag(self, texts: Sequence[str]) -> list[list[Tagged]]:
        return [spans(one.units, one.probabilities, self._labels) for one in self.judge(texts)]

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        """What the model says of each unit of each text, whatever the thresholds. Raises Unavailable as ``find`` does."""
        texts = [recased(text) for text in texts]
        encoded = self._pieces.encode(texts)
        labels = 1 + 2 * len(self._labels.categories)
        judged = [np.zeros((len(one.ids), labels), dtype=np.float32) for one in encoded]
        size, margin = self._description.window, self._description.margin
        found = [one for number, text in enumerate(encoded) for one in windows(number, len(text.ids), size, margin)]
        batched = list(batches(found, self._most))
        for batch, answers in zip(batched, self._answers(encoded, batched, labels), strict=True):
            for window, probabilities in zip(batch, answers, strict=True):
                first = window.keep_start - window.start
                last = window.keep_end - window.start
                judged[window.text][window.keep_start : window.keep_end] = probabilities[first:last]
        return [_judged(text, one, each) for text, one, each in zip(texts, encoded, judged, strict=True)]

    def _answers(self, encoded: Sequence[Encoded], found: Sequence[Sequence[Window]], labels: int) -> Iterator[Floats]:
        """What ``_probabilities`` says of each batch, in order."""
        every = self._callers.map if self._callers else map
        return every(lambda batch: self._probabilities(encoded, batch, labels), found)

    def _probabilities(self, encoded: Sequence[Encoded], batch: Sequence[Window], labels: int) -> Floats:
        """float32 ``[windows, pieces, labels]``, without what frames each window; what is beyond its end means nothing."""
        longest = max(window.length for window in batch)
        ids = np.full((len(batch), longest + 2), self._pieces.pad, dtype=np.int64)
        ids[:, 0] = self._pieces.begin
        for row, window in enumerate(batch):
            ids[row, 1 : window.length + 1] = encoded[window.text].ids[window.start : window.end]
            ids[row, window.length + 1] = self._pieces.end
        mask = (ids != self._pieces.pad).astype(np.int64)
        logits = self._inference.infer({"input_ids": ids, "attention_mask": mask})["logits"]
        if logits.shape != (*ids.shape, labels):
            raise Unavailable("model-answer", self._description.name, "of another shape than asked for")
        if not np.isfinite(logits).all():  # no threshold is below what is no number: all would pass as nothing
            raise Unavailable("model-answer", self._description.name, "not of numbers")
        return _softmax(logits[:, 1:-1].astype(np.float32) / self._description.temperature)


def _judged(text: str, encoded: Encoded, probabilities: Floats) -> Judged:
    found = units(text)
    return Judged(found, of_units(found, encoded.starts, encoded.ends, probabilities))


def _together(parts: Sequence[Part]) -> Iterator[list[_Chunk]]:
    group: list[_Chunk] = []
    size = 0
    for number, part in enumerate(parts):
        for chunk in _cut(number, part.text):
            if group and size + len(chunk.text) > _CHUNK:
                yield group
                group, size = [], 0
            group.append(chunk)
            size += len(chunk.text)
    if group:
        yield group


def _cut(number: int, text: str) -> Iterator[_Chunk]:
    """Between words where there are some. What stands at a cut is judged on both sides; merging unites what they say."""
    start = 0
    while start < len(text):
        end = min(start + _CHUNK, len(text))
        if end < len(text):
            space = text.rfind(" ", end - _CONTEXT, end)
            end = space if space > start else end
        read = max(0, start - _CONTEXT)
        yield _Chunk(number, start, end, read, text[read : end + _CONTEXT])
        start = end


def _softmax(logits: Floats) -> Floats:
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = exponents / exponents.sum(axis=-1, keepdims=True)
    return shares
