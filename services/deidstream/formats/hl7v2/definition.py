"""Which data type each field has, in each version of HL7 v2 (tables from hl7apy, see ``definitions/SOURCES.md``).

Two rules bridge versions, both from the standard's own promise that a field never changes its meaning (2.8, chapter 2.8.2):
a field or segment that the stated version lacks or has withdrawn is looked up in newer versions, the nearest first, then in
older ones; and a value may carry more components than its version's type has, because types only grow.
"""

from __future__ import annotations

import gzip
import json
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["DEFAULT_VERSION", "VERSIONS", "Field", "components", "fields", "nearest"]

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
DEFAULT_VERSION = "2.5.1"
"""Read in place of a version that cannot be understood: late enough to know most segments, before the withdrawals of 2.7."""


class Field(NamedTuple):
    """``type`` in this version, ``wide`` in the newest that has the field, ``table`` the HL7 table ('' where none)."""

    type: str
    wide: str
    table: str


class _Tables(NamedTuple):
    segments: dict[str, list[str]]
    types: dict[str, list[str]]


def nearest(version: str) -> str:
    """The version whose tables serve for MSH-12 as written: the same, else the newest not newer, else the default.

    ``2.7.1`` is read as 2.7, ``2.9`` as 2.8.2, ``2.3.z`` as 2.3, ``D.2.4`` or nothing as ``DEFAULT_VERSION``.
    """
    if version in VERSIONS:
        return version
    numbers = _numbers(version)
    if len(numbers) < 2:
        return DEFAULT_VERSION
    return max((known for known in VERSIONS if _numbers(known) <= numbers), key=_numbers, default=VERSIONS[0])


@lru_cache(maxsize=2048)
def fields(version: str, segment: str) -> tuple[Field, ...]:
    """The fields 1..n of ``segment`` (n over all versions), () for a segment that no version knows. ``version``: a known one."""
    if len(segment) != 3 or not segment.isalnum():
        return ()
    order = _order(version)
    rows = [_load(other).segments.get(segment, []) for other in order]
    newest = [_load(other).segments.get(segment, []) for other in reversed(VERSIONS)]
    added = _LATER.get(segment)
    if added:
        rows.append(added)
        newest.append(added)
    return tuple(_field(rows, newest, number) for number in range(max(map(len, rows))))


@lru_cache(maxsize=512)
def components(version: str, type_: str) -> tuple[str, ...]:
    """The types of a data type's components, () where it is primitive; by the same rule as ``fields``."""
    rows = [row for other in _order(version) if (row := _load(other).types.get(type_))]
    return tuple(_first(rows, number).partition(":")[0] for number in range(len(rows[0]))) if rows else ()


_LATER = {
    "NTE": [""] * 8 + ["CWE"],
    "OBR": [""] * 54 + ["ID"],
    "OBX": [""] * 30 + ["ID", "CWE", "EIP"],
    "ORC": [""] * 34 + ["ID", "DR", "DTM", "EI"],
}
"""Fields that 2.9 added to segments which every laboratory sends; earlier messages have them already."""


def _field(rows: list[list[str]], newest: list[list[str]], number: int) -> Field:
    own, _, table = _first(rows, number).partition(":")
    wide = _first(newest, number).partition(":")[0]
    # 2.1 calls every composite CM and says no more
    return Field(wide if own == "CM" else own, wide, table)


def _first(rows: list[list[str]], number: int) -> str:
    present = (row[number] for row in rows if number < len(row))
    return next((name for name in present if name and name != "WD"), "varies")


def _order(version: str) -> tuple[str, ...]:
    at = VERSIONS.index(version)
    return VERSIONS[at:] + VERSIONS[:at][::-1]


def _numbers(version: str) -> tuple[int, ...]:
    numbers = []
    for piece in version.strip().split("."):
        if not (piece.isascii() and piece.isdigit()):
            break
        numbers.append(int(piece))
    return tuple(numbers)


@cache
def _load(version: str) -> _Tables:
    path = files(__package__) / "definitions" / f"{version}.json.gz"
    tables = json.loads(gzip.decompress(path.read_bytes()))
    return _Tables(tables["segments"], tables["types"])
