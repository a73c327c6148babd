"""What is seen on a released page although it was decided to go: words that are read again, things that still stand.

What is read there has to be what the page says now. A word that is not, and may be one that went, or stands beside one, stops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby, pairwise
from typing import NamedTuple

from deidstream.core.category import Category
from deidstream.core.page import Box, Page, Places
from deidstream.core.region import Region
from deidstream.detection.image.written import LEGIBLE, errors, is_in, may_be_in
from deidstream.formats.pdf.sheets import places
from deidstream.ports import Reread, TextLine

__all__ = ["Change", "Expected", "expected", "remaining"]

_MARGIN = 40
"""Pixels: how far around a place it is looked at most."""
_SHORTEST, _SHORTEST_UNSURE = 3, 4
"""Characters of a piece of a word that tells something; of one in a line that reads badly."""
_SURE, _ONE_ERROR = 2, 3
"""Characters of a piece that are not misread, and how many more it has for each that is."""


class Change(NamedTuple):
    """Code points ``[start, end)`` of a page read ``text`` now."""

    start: int
    end: int
    text: str
    category: Category

    def __repr__(self) -> str:
        return f"Change({self.start}, {self.end}, {self.category})"


class _Word(NamedTuple):
    text: str
    box: Box
    category: Category = Category.UNKNOWN


class _Kind(Enum):
    """Where a piece of a line stands: in a place that changes (or nobody knows where), where a word stays, or where none does."""

    IN, AT_A_WORD, BESIDE = range(3)


@dataclass(frozen=True, slots=True)
class Expected:
    """``gone``: words and pictures that are to be seen no more; ``stays``: what a page says now; ``there``: that, and words that
    are covered in part because they touch what goes; ``lines``: where something changes.
    """

    gone: tuple[_Word, ...] = field(repr=False)
    stays: tuple[_Word, ...] = field(repr=False)
    there: tuple[_Word, ...] = field(repr=False)
    lines: tuple[Box, ...]

    def places(self) -> Places:
        """Where it is to be looked at again."""
        around = (_around(box, self.there) for box in self.lines)
        return Places(tuple(word.box for word in self.gone), tuple(around))


def expected(page: Page, changes: Sequence[Change], pictures: Iterable[tuple[int, Category]]) -> Expected:
    """What ``page`` is to show when ``changes`` are carried out and ``pictures`` (from 0) are gone."""
    gone = [word for one in changes for word in _words(page, one.start, one.end, one.category)]
    gone += [_Word("", page.pictures[at], category) for at, category in pictures]
    lines = [box for one in changes for box in places(page, one.start, one.end)]
    lines += [word.box for word in gone if not word.text]
    new = [_Word(one.text, box) for one in changes for box in places(page, one.start, one.end) if one.text.strip()]
    kept: list[_Word] = []
    at = 0
    for start, end in (*((one.start, one.end) for one in changes), (len(page.text),) * 2):
        kept += _words(page, at, start)
        at = end
    half = {word for word in kept if any(2 * word.box.overlap(box) >= word.box.area for box in lines)}
    stays = (*(word for word in kept if word not in half), *new)
    return Expected(tuple(gone), stays, (*kept, *new), tuple(dict.fromkeys(lines)))


def remaining(wanted: Expected, seen: Reread) -> Iterator[Category]:
    """Of what: one for each thing that is seen and must not be. Nothing: it may be released."""
    if seen.strayed or len(seen.standing) != len(wanted.gone):
        yield Category.UNKNOWN
    for word, stands in zip(wanted.gone, seen.standing, strict=False):
        if stands:
            yield word.category
    for mark in seen.marks:
        if any(_box(mark.box).overlap(one) for one in wanted.lines):
            yield Category.PHOTO if mark.kind == "face" else Category.OTHER_ID
    for line in seen.lines:
        yield from _read(wanted, line)


def _read(wanted: Expected, line: TextLine) -> Iterator[Category]:
    where = _box(line.box)
    gone = _along(wanted.gone, _grown(where, line.box.height // 2))
    there = _along(wanted.there, where)
    went, stays, says = _text(gone), _text(_along(wanted.stays, where)), _text(there)
    for text, kind in _pieces(line, wanted.lines, [word.box for word in there]):
        if len(text) >= _SHORTEST and not is_in(stays, text) and _may_be(text, kind, went, says, line.score):
            yield next((word.category for word in gone if may_be_in(word.text, text)), Category.UNKNOWN)


def _may_be(text: str, kind: _Kind, went: str, says: str, score: float) -> bool:
    """Whether ``text`` may be a piece of what ``went``, misread perhaps, and is less like what the line ``says`` now."""
    wrong = errors(went, text)
    if wrong >= errors(says, text):
        return False
    if score >= LEGIBLE:
        return wrong <= max(kind is _Kind.BESIDE, (len(text) - _SURE) // _ONE_ERROR)
    # In a place that is what was written there, in small letters: what is left there stands.
    return kind is not _Kind.IN and wrong == 0 and len(text) >= _SHORTEST_UNSURE


def _along(words: Sequence[_Word], line: Box) -> list[_Word]:
    """Those on ``line``, from the left. On pages that lie askew the one box is higher than the other."""
    on = (word for word in words if word.box.overlap(line) and (_is_amid(word.box, line) or _is_amid(line, word.box)))
    return sorted(on, key=lambda word: word.box.left)


def _is_amid(one: Box, other: Box) -> bool:
    return 2 * other.top < one.top + one.bottom < 2 * other.bottom


def _text(words: Sequence[_Word]) -> str:
    return " ".join(word.text for word in words)


def _pieces(line: TextLine, places: Sequence[Box], words: Sequence[Box]) -> Iterator[tuple[str, _Kind]]:
    """The words of ``line``, cut where one of ``places`` begins or ends."""
    if len(line.places) != len(line.text):
        yield from ((text, _Kind.IN) for text in line.text.split())
        return
    row = [one for one in places if _is_in_row(_box(line.box), one)]
    at = [line.box.x + place * line.box.width for place in line.places]
    inside = [_is_over(row, x) for x in at]
    for is_new, run in groupby(range(len(at)), key=lambda one: None if line.text[one].isspace() else inside[one]):
        numbers = list(run)
        text, middle = line.text[numbers[0] : numbers[-1] + 1], (at[numbers[0]] + at[numbers[-1]]) / 2
        if is_new is not None:
            yield text, _Kind.IN if is_new else _Kind.AT_A_WORD if _is_over(words, middle) else _Kind.BESIDE


def _is_over(boxes: Sequence[Box], x: float) -> bool:
    return any(one.left <= x < one.right for one in boxes)


def _words(page: Page, start: int, end: int, category: Category = Category.UNKNOWN) -> Iterator[_Word]:
    """What stands between blanks in the code points ``[start, end)``, and where, line by line."""
    blanks = [at for at in range(start, end) if page.text[at].isspace()]
    for before, after in pairwise((start - 1, *blanks, end)):
        for box in _rows(page.boxes[before + 1 : after]):
            yield _Word(page.text[before + 1 : after], box, category)


def _rows(boxes: Iterable[Box | None]) -> Iterator[Box]:
    """Those that stand side by side as one."""
    row: Box | None = None
    for box in boxes:
        if box is None:
            continue
        if row is not None and not (box.top < row.bottom and row.top < box.bottom):
            yield row
            row = None
        row = box if row is None else row.united(box)
    if row is not None:
        yield row


def _around(box: Box, words: Sequence[_Word]) -> Box:
    """``box`` and what is beside it, up to the ends of words."""
    height = min(_MARGIN, box.bottom - box.top)
    out = Box(box.left - height, box.top - height // 3, box.right + height, box.bottom + height // 3)
    row = [word.box for word in words if _is_in_row(word.box, box) and word.box.overlap(out)]
    left, right = min((out.left, *(one.left for one in row))), max((out.right, *(one.right for one in row)))
    return out._replace(left=left - 3, right=right + 3)


def _is_in_row(one: Box, other: Box) -> bool:
    height = min(one.bottom - one.top, other.bottom - other.top)
    return 2 * (min(one.bottom, other.bottom) - max(one.top, other.top)) > height


def _grown(box: Box, by: int) -> Box:
    return Box(box.left - by, box.top - by, box.right + by, box.bottom + by)


def _box(region: Region) -> Box:
    return Box(region.x, region.y, region.x + region.width, region.y + region.height)
