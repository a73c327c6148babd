"""The delimiters that a header segment (MSH, FHS, BHS) states in its first two fields (2.8, 2.5.4)."""

from __future__ import annotations

from typing import NamedTuple

from deidstream.core.errors import Malformed

__all__ = ["HEADERS", "STANDARD", "Delimiters", "read_delimiters"]

HEADERS = frozenset({"MSH", "FHS", "BHS"})
"""Segments whose field 1 is the field separator itself."""


class Delimiters(NamedTuple):
    """'' for one that the message does not have (2.1 messages may lack the last ones). ``truncation`` exists from 2.7."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""


STANDARD = Delimiters()


def read_delimiters(segment: str) -> Delimiters:
    """Those of ``segment``, which begins with MSH, FHS or BHS. Raises Malformed (``bad-delimiters``)."""
    name, separator = segment[:3], segment[3:4]
    if not _is_mark(separator):
        raise Malformed("bad-delimiters", f"{name}-1")
    end = segment.find(separator, 4)
    marks = segment[4 : end if end >= 0 else len(segment)].rstrip()
    distinct = len(set(marks)) == len(marks)
    if not 1 <= len(marks) <= 5 or not distinct or not all(map(_is_mark, marks)):
        raise Malformed("bad-delimiters", f"{name}-2")
    return Delimiters(separator, *marks, *[""] * (5 - len(marks)))


def _is_mark(character: str) -> bool:
    return bool(character) and "!" <= character <= "~" and not character.isalnum()
