"""Locators in HL7 v2 messages: ``PID-5``, ``PID-5[2].1``, ``OBX[3]-5.2.1``.

``SEGMENT[ordinal]-field[repetition].component.subcomponent``, all counted from 1. ``[1]`` is never written: the first OBX is
``OBX``, its first repetition of field 5 ``OBX-5``. An element is named at the lowest level that is populated: ``PID-3`` when the
field has no component delimiter, ``PID-3.1`` when it has. ``OBX[3]`` alone is the whole segment. A line that is no segment is
``LINE-1``, ``LINE[2]-1`` ...
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Path", "ordinal", "parse"]

_PATH = re.compile(r"([A-Z0-9]{3,4}(?:\[\d{1,7}\])?)-(\d{1,4})(?:\[(\d{1,7})\])?(?:\.(\d{1,6})(?:\.(\d{1,6}))?)?")


class Path(NamedTuple):
    """A parsed locator; 0 for a component or subcomponent that it does not name."""

    segment: str
    field: int
    repetition: int
    component: int
    subcomponent: int


@lru_cache(maxsize=4096)
def parse(path: str) -> Path | None:
    """The parts of ``path``, None where it is no locator of an element inside a segment."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    segment, field, repetition, component, subcomponent = found.groups()
    return Path(segment, int(field), int(repetition or 1), int(component or 0), int(subcomponent or 0))


def ordinal(name: str, number: int) -> str:
    """``name`` for the first, ``name[number]`` for the others."""
    return name if number == 1 else f"{name}[{number}]"
