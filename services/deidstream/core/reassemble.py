"""From decisions (which speak of leaves and parts) to edits (which speak of leaves only)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter

from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document, Edit, Part
from deidstream.core.span import Span

__all__ = ["edits"]
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_KEEP = Method.KEEP


def edits(document: Document, decisions: Iterable[Decision]) -> list[Edit]:
    """The edits that carry out ``decisions``; those that keep give none.

    A span of a part that runs over several leaves is replaced in the first of them and emptied in the others; the separators
    between leaves (segment ends, tags) stay. Raises Unsafe when a locator is neither a leaf nor a part.
    """
    parts = {part.locator: part for part in document.parts}
    out: list[Edit] = []
    new = tuple.__new__  # the constructor of Edit itself is slow, and a message has dozens
    for locator, span, _, method, replacement, _, _, _ in decisions:
        if method is _KEEP:
            continue
        part = parts.get(locator)
        if part is None:
            out.append(new(Edit, (locator, span, replacement)))
        else:
            out.extend(_in_part(part, span or Span(0, len(part.text)), replacement or ""))
    return out


def _in_part(part: Part, span: Span, replacement: str) -> Iterator[Edit]:
    text = replacement
    # Pieces stand in the order of the text; a part may have 100,000 of them, and as many findings.
    first = bisect_right(part.pieces, span.start, key=attrgetter("end"))
    for number in range(first, len(part.pieces)):
        piece = part.pieces[number]
        if piece.start >= span.end:
            return
        start, end = max(span.start, piece.start), min(span.end, piece.end)
        if start >= end:
            continue
        yield Edit(piece.path, Span(start, end).shift(piece.offset - piece.start), text)
        text = ""
