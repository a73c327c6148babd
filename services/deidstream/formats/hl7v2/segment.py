"""One line of a message, cut at the field separator and no further."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LINE", "Segment"]

LINE = "LINE"
"""Name of a line that is no segment (text broken by a bare line end): its only field holds all of it."""


class Segment(NamedTuple):
    """``fields[n]`` holds the characters of field n (MSH-1 and MSH-2 too), escapes not resolved. Never print one: it is content."""

    name: str
    """In upper case."""
    path: str
    """``OBX``, ``OBX[2]`` for the second ..."""
    start: int
    """Where it begins, in characters of the message."""
    end: int
    """Behind its last field, before the segment's end."""
    fields: list[str]
    skew: int
    """How much nearer to the start fields lie than their number says (2 in MSH, where field 1 is itself the separator)."""
    subject: int
    """Index of the subject that it speaks of: that of the latest PID."""

    def __repr__(self) -> str:
        return f"Segment({self.path}, {len(self.fields) - 1} fields)"
