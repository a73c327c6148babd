"""A page of a document: what its text layer says, held against what its pixels read.

What the layer says is what people see only where the reader sees it too. Words that it does not account for (fonts that map glyphs
to other characters, letters drawn as paths, text in pictures, scans) are text as they were read; what cannot be read is a picture.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from deidstream.core.page import Box, Page
from deidstream.core.region import Region
from deidstream.detection.image.lines import Pixels
from deidstream.detection.image.strays import strays
from deidstream.detection.image.written import LEGIBLE, is_foreign, is_in, may_be_in
from deidstream.formats.pdf.reader import Layer
from deidstream.ports import Mark, TextLine

__all__ = ["page"]

_NARROW, _ILLEGIBLE = 1.5, 8
"""Room for one character (times its height), or for none that anybody could read (pixels): it names nobody."""
_BESIDE = 4
"""Heights: what stands in one row and is no further apart reads on."""
_UNKNOWN = "\ufffd"


@dataclass(slots=True)
class _Written:
    """One line of a page, of its layer or as it was read."""

    text: str = field(repr=False)
    boxes: list[Box | None]
    silent: list[bool]
    box: Box | None


class _Character(NamedTuple):
    """Code point ``at`` of the layer, around ``x``, ``y``."""

    y: float
    x: float
    at: int


def page(layer: Layer, picture: Pixels, lines: Sequence[TextLine], marks: Sequence[Mark]) -> Page:
    """What was read on a page that looks as ``picture``; ``lines`` from above."""
    seen = _Seen(layer)
    added: list[_Written] = []
    unread: list[Box] = []
    for line in lines:
        if line.score >= LEGIBLE and line.text.strip():
            added += seen.read(line)
        elif not _is_mark(line.box) and not seen.is_foreign(line.box):
            unread.append(_box(line.box))
    scans = [one for one in layer.scans if any(_is_read_in(line, one) for line in lines)]
    pictures = [one for one in layer.pictures if one not in scans]
    known = [*(_box(line.box) for line in lines), *pictures, *(_box(mark.box) for mark in marks)]
    left = [stray for one in scans for stray in strays(picture, one, known)]
    whole = list(_joined(seen.lines(), added))
    return Page(
        "".join(one.text for one in whole),
        tuple(box for one in whole for box in one.boxes),
        tuple(flag for one in whole for flag in one.silent),
        (*pictures, *unread, *left, *seen.nameless(), *(_box(mark.box) for mark in marks)),
    )


class _Seen:
    """A layer, and which of its characters somebody sees."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._silent = [box is not None for box in layer.boxes]
        self._unread = {at for at, character in enumerate(layer.text) if character == _UNKNOWN}
        self._characters = sorted(
            _Character((box.top + box.bottom) / 2, (box.left + box.right) / 2, at)
            for at, box in enumerate(layer.boxes)
            if box is not None
        )

    def read(self, line: TextLine) -> list[_Written]:
        """``line``, where it does not read as the layer says. What the layer says and may have been misread here is seen, too."""
        boxes = _boxes(line)
        inside = self._within(_box(line.box))
        self._unread.difference_update(one.at for one in inside)
        voiced, exact = [False] * len(line.text), True
        words = list(_words(line.text)) if line.places else [(0, len(line.text))]
        for (start, end), (left, right) in zip(words, _zones(boxes, words), strict=True):
            room = line.box.height / 2
            near = sorted(one.at for one in inside if left - room <= one.x < right + room)
            text, word = "".join(self._layer.text[at] for at in near), line.text[start:end]
            same = is_in(text, word)
            known = same or may_be_in(text, word)
            exact &= same
            for one in inside:
                if left <= one.x < right:
                    self._silent[one.at] = not known or self._layer.text[one.at] == _UNKNOWN
            if not known:
                voiced[start:end] = [True] * (end - start)
        if exact:
            return []
        silent = [not (one or character.isspace()) for one, character in zip(voiced, line.text, strict=True)]
        return [_Written(line.text, list(boxes), silent, _box(line.box))]

    def is_foreign(self, region: Region) -> bool:
        """Whether the layer says that there stands a script that the reader does not know."""
        return is_foreign("".join(self._layer.text[one.at] for one in self._within(_box(region))))

    def nameless(self) -> Iterator[Box]:
        """Where characters stand that do not say what they are, and that nobody has read."""
        return (box for at in sorted(self._unread) if (box := self._layer.boxes[at]) is not None)

    def lines(self) -> list[_Written]:
        """The layer, line by line."""
        out = []
        at = 0
        for text in self._layer.text.splitlines(keepends=True):
            boxes = list(self._layer.boxes[at : at + len(text)])
            shown = [box for box in boxes if box is not None]
            silent = self._silent[at : at + len(text)]
            out.append(_Written(text, boxes, silent, _around(shown) if shown else None))
            at += len(text)
        return out

    def _within(self, box: Box) -> list[_Character]:
        start = bisect_left(self._characters, (box.top,))
        end = bisect_left(self._characters, (box.bottom,))
        return [one for one in self._characters[start:end] if box.left <= one.x < box.right]


def _joined(lines: Sequence[_Written], added: Sequence[_Written]) -> Iterator[_Written]:
    """``lines`` with each of ``added`` behind the one that it stands beside or below."""
    behind: dict[int, list[_Written]] = {}
    for one in _in_rows(added):
        behind.setdefault(_before(lines, one), []).append(one)
    last: _Written | None = None
    for number in range(-1, len(lines)):
        for one in (*lines[max(0, number) : number + 1], *behind.get(number, ())):
            if last is not None and not last.text.endswith("\n"):
                yield _between(last, one)
            yield one
            last = one


def _between(one: _Written, other: _Written) -> _Written:
    return _Written(" " if _is_beside(one, other) else "\n", [None], [False], None)


def _in_rows(lines: Sequence[_Written]) -> list[_Written]:
    """From above, and what stands in one row from the left."""
    rows: list[list[_Written]] = []
    for one in sorted(lines, key=lambda one: _middle(one)[1]):
        if rows and _is_in_row(rows[-1][-1], one):
            rows[-1].append(one)
        else:
            rows.append([one])
    return [one for row in rows for one in sorted(row, key=lambda one: _middle(one)[0])]


def _before(lines: Sequence[_Written], one: _Written) -> int:
    """Which of ``lines`` is the last above ``one``, or left of it; -1: none."""
    x, y = _middle(one)
    above = [
        (_middle(other)[1], number)
        for number, other in enumerate(lines)
        if other.box is not None and (_middle(other)[0] <= x if _is_in_row(other, one) else _middle(other)[1] < y)
    ]
    return max(above)[1] if above else -1


def _is_in_row(one: _Written, other: _Written) -> bool:
    if one.box is None or other.box is None:
        return False
    height = min(one.box.bottom - one.box.top, other.box.bottom - other.box.top)
    return 2 * abs(_middle(one)[1] - _middle(other)[1]) < height


def _is_beside(one: _Written, other: _Written) -> bool:
    if one.box is None or other.box is None or not _is_in_row(one, other):
        return False
    return abs(other.box.left - one.box.right) < _BESIDE * (other.box.bottom - other.box.top)


def _middle(one: _Written) -> tuple[float, float]:
    return ((one.box.left + one.box.right) / 2, (one.box.top + one.box.bottom) / 2) if one.box else (0.0, 0.0)


def _words(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for at in range(len(text) + 1):
        if at == len(text) or text[at].isspace():
            if start < at:
                yield start, at
            start = at + 1


def _zones(boxes: Sequence[Box], words: Sequence[tuple[int, int]]) -> Iterator[tuple[float, float]]:
    """What belongs to each word across: up to the middle between it and the next, and no further than its line is high."""
    edges = [(boxes[start].left, boxes[end - 1].right) for start, end in words]
    for number, (left, right) in enumerate(edges):
        room = boxes[0].bottom - boxes[0].top
        before = edges[number - 1][1] if number else left - room
        after = edges[number + 1][0] if number + 1 < len(edges) else right + room
        yield max(left - room, (left + before) / 2), min(right + room, (right + after) / 2)


def _boxes(line: TextLine) -> list[Box]:
    """Where each character of ``line`` stands, words up to the middle of the blanks between; if nobody knows, in all of it."""
    whole = _box(line.box)
    if len(line.places) != len(line.text):
        return [whole] * len(line.text)
    cuts = [0.0, *(_cut(*pair) for pair in pairwise(zip(line.text, line.places, strict=True))), 1.0]
    at = [whole.left + round(cut * line.box.width) for cut in cuts]
    return [Box(left, whole.top, max(right, left + 1), whole.bottom) for left, right in pairwise(at)]


def _cut(one: tuple[str, float], other: tuple[str, float]) -> float:
    if one[0].isspace() != other[0].isspace():
        return one[1] if one[0].isspace() else other[1]
    return (one[1] + other[1]) / 2


def _around(boxes: Iterable[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return Box(min(left), min(top), max(right), max(bottom))


def _box(region: Region) -> Box:
    return Box(region.x, region.y, region.x + region.width, region.y + region.height)


def _is_mark(box: Region) -> bool:
    long, short = max(box.width, box.height), min(box.width, box.height)
    return long <= _NARROW * short or short <= _ILLEGIBLE


def _is_read_in(line: TextLine, picture: Box) -> bool:
    box = _box(line.box)
    return line.score >= LEGIBLE and 2 * box.overlap(picture) >= box.area
