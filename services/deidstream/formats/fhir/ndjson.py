"""Bulk data files: one resource a line (http://ndjson.org). Members are byte ranges that together are the file."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["members"]


def members(source: bytes) -> Iterator[tuple[int, int]]:
    """Half-open byte ranges, one a resource, each with its line end; blank lines belong to the resource before them.

    The ranges follow one another without a gap from 0 to ``len(source)``; a file of blank lines only has no members.
    """
    start = position = 0
    held = False
    while position < len(source):
        end = source.find(b"\n", position) + 1 or len(source)
        blank = not source[position:end].strip()
        if held and not blank:
            yield start, position
            start = position
        held = held or not blank
        position = end
    if held:
        yield start, len(source)
