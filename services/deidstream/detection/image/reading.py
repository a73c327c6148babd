"""The lines of text in a picture: looked for at two scales and without what is behind them, joined, and read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from deidstream.core.region import Region, united
from deidstream.detection.image.areas import Area, busy, changed, strokes, tiles
from deidstream.detection.image.characters import Characters, Text, straightened
from deidstream.detection.image.lines import Line, Lines, Pixels
from deidstream.ports import TextLine

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Page", "Reader"]

_SMALL, _LARGE = 512 * 512, 1_600_000
"""Pixels. Below the one, text is looked for at four times the size too; above the other, at half rather than twice."""
_TILE, _OVERLAP = 1280, 160
"""Sides in pixels of what is looked at in one piece, so that the memory of a look has a bound."""
_SAME = 0.5
"""Of the smaller of two boxes, the share in the other from which on both are one line."""
_WHOLE = 0.9
"""Of the box around both of two, the share from which on the one is all of the line."""
_DOUBTFUL, _CERTAIN = 0.9, 0.97
"""Certainties below which a line is read the other way round too, and a line of print again by the exact model."""


@dataclass(frozen=True, slots=True)
class Page:
    """A picture, and what is written in it, from above."""

    picture: Pixels = field(repr=False)
    lines: tuple[TextLine, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    line: Line
    box: Region
    text: Text = field(default=Text("", 0.0, ()), repr=False)
    level: bool = True


class Reader:
    """Reads with the models of PP-OCR; pages with the ``quick`` ones first, where there are such."""

    def __init__(self, lines: Lines, characters: Characters, quick: tuple[Lines, Characters] | None = None) -> None:
        self._lines = lines
        self._characters = characters
        self._quick = quick

    def read(
        self, picture: Pixels, element: str, frame: int, before: Page | None = None, *, paper: bool = False
    ) -> Page:
        """What is written in ``picture``. Where it is as the page ``before``, that is not read again.

        ``paper``: it is the page of a document, ink on paper, at about 200 dots an inch: that takes less than pictures do.
        Raises Unavailable when a model does not answer.
        """
        rows, columns = picture.shape[:2]
        areas: list[Area] = [(0, 0, columns, rows)]
        still: list[TextLine] = []
        if before is not None and before.picture.shape == picture.shape:
            areas, unchanged = _again(changed(picture, before.picture), before.lines)
            still = [replace(one, box=one.box._replace(frame=frame)) for one in unchanged]
        read = self._within(areas, picture, element, frame, paper)
        return Page(picture, tuple(sorted((*still, *read), key=lambda one: (one.box.y, one.box.x))))

    def reread(self, picture: Pixels, element: str, frame: int, areas: Sequence[Area]) -> list[TextLine]:
        """What is written in ``areas`` of ``picture``, the page of a document. Raises Unavailable."""
        return self._within(areas, picture, element, frame, True)

    def _within(self, areas: Sequence[Area], picture: Pixels, element: str, frame: int, paper: bool) -> list[TextLine]:
        found: list[_Found] = []
        for number, (view, scale) in enumerate(_pages(picture) if paper else _views(picture)):
            where = list(_busy(areas, picture, [one.box for one in found], paper)) if number else list(areas)
            lines = self._quick[0] if self._quick and paper and not number else self._lines
            for line in _looked(lines, view, scale, where):
                found = _joined(found, _Found(line, _box(line.quad, picture.shape, element, frame)))
        return [
            TextLine(one.box, one.text.text, one.text.score, _along(one) if one.level else ())
            for one in self._read(picture, found, paper)
        ]

    def _read(self, picture: Pixels, found: Sequence[_Found], paper: bool) -> list[_Found]:
        """Each of ``found`` as it reads; what stands upright, or reads badly, also the other way round."""
        cut = [straightened(picture, one.line.quad) for one in found]
        texts = self._once([line for line, _ in cut], paper)
        out = [
            replace(one, text=text, level=not upright)
            for one, text, (_, upright) in zip(found, texts, cut, strict=True)
        ]
        again = [number for number, one in enumerate(out) if not one.level or one.text.score < _DOUBTFUL]
        turned = self._characters.read([np.ascontiguousarray(np.rot90(cut[number][0], 2)) for number in again])
        for number, text in zip(again, turned, strict=True):
            if text.score > out[number].text.score:
                out[number] = replace(out[number], text=text, level=False)
        return out

    def _once(self, lines: Sequence[Pixels], paper: bool) -> list[Text]:
        """What ``lines`` read; print is read by the quick model, and again by the exact one where it reads badly."""
        if not paper or self._quick is None:
            return self._characters.read(lines)
        texts = self._quick[1].read(lines)
        doubtful = [number for number, text in enumerate(texts) if text.score < _CERTAIN]
        for number, text in zip(doubtful, self._characters.read([lines[one] for one in doubtful]), strict=True):
            texts[number] = max(texts[number], text, key=lambda one: one.score)
        return texts


def _looked(lines: Lines, picture: Pixels, scale: float, areas: Sequence[Area]) -> Iterator[Line]:
    side, overlap = int(_TILE / scale), int(_OVERLAP / max(scale, 1))
    for area in areas:
        for left, top, right, low in tiles(area, side, overlap):
            for line in lines.find(picture[top:low, left:right], scale):
                yield Line(line.quad + np.array([left, top], np.float32), line.score)


def _pages(picture: Pixels) -> Iterator[tuple[Pixels, float]]:
    """At half its size print is found; at its size, where there is more ink, small print and what is written by hand."""
    yield picture, 0.5
    yield picture, 1.0


def _views(picture: Pixels) -> Iterator[tuple[Pixels, float]]:
    """What is looked at, and at which scale: each finds lines that the others miss."""
    pixels = picture.shape[0] * picture.shape[1]
    small, large = pixels <= _SMALL, pixels > _LARGE
    yield picture, 0.5 if large else 1.0
    yield strokes(picture), 2.0 if small else 1.0
    yield picture, 1.0 if large else 2.0
    if small:
        yield picture, 4.0


def _again(areas: Sequence[Area], lines: Sequence[TextLine]) -> tuple[list[Area], list[TextLine]]:
    """``areas``, each with all of the lines that it touches, so that none is read in part; and the lines that none touches."""
    grown: list[Area] = []
    for area in areas:
        touched = [one.box for one in lines if _touches(one.box, area)]
        while touched:
            left, top, right, low = area
            area = (
                min(left, *(box.x for box in touched)),
                min(top, *(box.y for box in touched)),
                max(right, *(box.x + box.width for box in touched)),
                max(low, *(box.y + box.height for box in touched)),
            )
            before, touched = touched, [one.box for one in lines if _touches(one.box, area)]
            if len(touched) == len(before):
                break
        grown.append(area)
    return grown, [one for one in lines if not any(_touches(one.box, area) for area in grown)]


def _busy(areas: Sequence[Area], picture: Pixels, known: Sequence[Region], paper: bool) -> Iterator[Area]:
    """The parts of ``areas`` in which there is more than ``known``."""
    for x, y, right, low in areas:
        inside = [box._replace(x=box.x - x, y=box.y - y) for box in known if _touches(box, (x, y, right, low))]
        cut = [_cut(box) for box in inside]
        for left, top, far, deep in busy(picture[y:low, x:right], cut, paper):
            yield x + left, y + top, x + far, y + deep


def _cut(box: Region) -> Region:
    """What of ``box`` is right of and below 0."""
    x, y = max(0, box.x), max(0, box.y)
    return box._replace(x=x, y=y, width=box.x + box.width - x, height=box.y + box.height - y)


def _touches(box: Region, area: Area) -> bool:
    left, top, right, low = area
    return box.x < right and left < box.x + box.width and box.y < low and top < box.y + box.height


def _box(quad: npt.NDArray[np.float32], shape: Sequence[int], element: str, frame: int) -> Region:
    x, y = np.clip(np.floor(quad.min(axis=0)), 0, (shape[1] - 1, shape[0] - 1)).astype(int).tolist()
    right, low = np.clip(np.ceil(quad.max(axis=0)), (x + 1, y + 1), (shape[1], shape[0])).astype(int).tolist()
    return Region(element, frame, x, y, right - x, low - y)


def _joined(found: list[_Found], new: _Found) -> list[_Found]:
    """``found`` with ``new``: where it is a line that is there already, the box grows, and it is read where it was found larger."""
    for number, other in enumerate(found):
        if _is_same(other.box, new.box):
            found[number] = _of_both(other, new)
            return found
    return [*found, new]


def _is_same(one: Region, other: Region) -> bool:
    """Whether both are (pieces of) one line. A line within the box of a large shape is another: the shape must not swallow it."""
    short, other_short = min(one.width, one.height), min(other.width, other.height)
    alike = min(short, other_short) >= _SAME * max(short, other_short)
    return alike and one.overlap(other) >= _SAME * min(_area(one), _area(other))


def _of_both(one: _Found, other: _Found) -> _Found:
    """The box around both, read where it was found as large as that: nothing goes unread because a part of it was found."""
    box = united((one.box, other.box))
    for whole in (other, one):
        if _area(whole.box) >= _WHOLE * _area(box):
            return replace(whole, box=box)
    corners = [
        (box.x, box.y),
        (box.x + box.width, box.y),
        (box.x + box.width, box.y + box.height),
        (box.x, box.y + box.height),
    ]
    return _Found(Line(np.array(corners, np.float32), max(one.line.score, other.line.score)), box)


def _along(found: _Found) -> tuple[float, ...]:
    """Where characters stand, in parts of the width of the box rather than of the line."""
    start, end = float(found.line.quad[[0, 3], 0].mean()), float(found.line.quad[[1, 2], 0].mean())
    return tuple((start + place * (end - start) - found.box.x) / found.box.width for place in found.text.places)


def _area(box: Region) -> int:
    return box.width * box.height
