"""What becomes of each page of a PDF, from what was decided of its texts and pictures."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from deidstream.core.document import Leaf, Splice
from deidstream.core.errors import Unsafe
from deidstream.core.page import Box, Page, Run, Sheet

if TYPE_CHECKING:
    from deidstream.formats.pdf.document import PdfDocument

__all__ = ["places", "sheets"]

_ROOM = 2
"""Pixels: what a box is wider on each side than the characters say they are."""


class _Change(NamedTuple):
    """Code points ``[start, end)`` of a page read ``text`` now."""

    start: int
    end: int
    text: str


def sheets(document: PdfDocument, found: Sequence[Splice]) -> list[Sheet]:
    """One for each page. ``found``: splices of the document's body. Raises Unsafe where what is to be covered has no place."""
    texts, pictures = _divided(document, found)
    return [_sheet(page, texts.get(number, []), pictures.get(number, [])) for number, page in enumerate(document.pages)]


def _sheet(page: Page, changes: Sequence[_Change], pictures: Sequence[Box]) -> Sheet:
    covered = (*pictures, *_boxes(page, changes))
    shown: list[Run] = []
    for run in _runs(page, changes):
        # Where layer and pixels say two things, each has its own in its place: one is written.
        above = [*pictures, *(one.box for one in shown if one.is_new)] if run.is_new else covered
        if not any(_is_within(run.box, one) for one in above):
            shown.append(run)
    return Sheet(covered, tuple(shown))


def _is_within(box: Box, covered: Box) -> bool:
    """Whether at least half of it lies there: it is not seen any more."""
    return 2 * box.overlap(covered) >= box.area


def _divided(document: PdfDocument, found: Sequence[Splice]) -> tuple[dict[int, list[_Change]], dict[int, list[Box]]]:
    """By page, counted from 0: what its text reads now, and which of its pictures go."""
    starts = [leaf.start for leaf in document.leaves]
    texts: dict[int, list[_Change]] = {}
    pictures: dict[int, list[Box]] = {}
    for one in sorted(found):
        leaf = _holding(document.leaves, starts, one)
        number = int(leaf.path[5 : leaf.path.index("]")]) - 1 if leaf.type != "unseen" else -1
        if leaf.type == "text":
            at = leaf.codec.offsets(document.body[leaf.start : leaf.end])
            start, end = (bisect_right(at, place - leaf.start) - 1 for place in one[:2])
            texts.setdefault(number, []).append(_Change(start, end, one.replacement.decode()))
        elif leaf.type == "picture":
            which = int(leaf.path[leaf.path.rindex("[") + 1 : -1]) - 1
            pictures.setdefault(number, []).append(document.pages[number].pictures[which])
    return texts, pictures


def _holding(leaves: Sequence[Leaf], starts: Sequence[int], one: Splice) -> Leaf:
    leaf = leaves[bisect_right(starts, one.start) - 1]
    if not leaf.start <= one.start <= one.end <= leaf.end:
        raise Unsafe("edit-outside-value", leaf.path)
    return leaf


def _boxes(page: Page, changes: Sequence[_Change]) -> Iterator[Box]:
    """What is to be covered, line by line."""
    for change in changes:
        lines = list(_lines(page, change.start, change.end))
        if not lines and page.text[change.start : change.end].strip():
            raise Unsafe("no-place-on-page")
        for box in lines:
            yield Box(box.left - _ROOM, box.top - _ROOM, box.right + _ROOM, box.bottom + _ROOM)


def places(page: Page, start: int, end: int) -> list[Box]:
    """Where the code points ``[start, end)`` stand, line by line."""
    return list(_lines(page, start, end))


def _lines(page: Page, start: int, end: int) -> Iterator[Box]:
    """The boxes of the characters ``[start, end)``, those of one line united."""
    line: Box | None = None
    for box in page.boxes[start:end]:
        if box is None:
            continue
        if line is not None and not _is_beside(line, box):
            yield line
            line = None
        line = box if line is None else line.united(box)
    if line is not None:
        yield line


def _is_beside(line: Box, box: Box) -> bool:
    """Whether a character goes on with the line: it overlaps in height, and stands within three heights of it."""
    height = max(line.bottom - line.top, box.bottom - box.top, 1)
    overlap = min(line.bottom, box.bottom) - max(line.top, box.top)
    return overlap > -0.2 * height and box.left - line.right < 3 * height and line.left - box.right < 3 * height


def _runs(page: Page, changes: Sequence[_Change]) -> Iterator[Run]:
    """What the page says now, word by word, and where."""
    at = 0
    for change in (*changes, _Change(len(page.text), len(page.text), "")):
        yield from _words(page, at, change.start)
        box = next(_lines(page, change.start, change.end), None)
        if box is not None and change.text.strip() and not all(page.silent[change.start : change.end]):
            yield Run(" ".join(change.text.split()), box, is_new=True)
        at = change.end


def _words(page: Page, start: int, end: int) -> Iterator[Run]:
    first = start
    for at in range(start, end + 1):
        if at < end and not page.text[at].isspace():
            continue
        box = next(_lines(page, first, at), None)
        if box is not None and not any(page.silent[first:at]):
            yield Run(page.text[first:at], box)
        first = at + 1
