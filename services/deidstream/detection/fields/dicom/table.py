"""Table E.1-1 of PS3.15: what becomes of each attribute, under the Basic Profile and each of its options."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["CLEAN_FEATURES", "CLEAN_PIXELS", "CODES", "EDITIONS", "OPTIONS", "Option", "Row", "row_of", "rows"]


class Option(NamedTuple):
    """An option of the profile: its column, and its code and meaning in context group 7050 (PS3.16)."""

    column: str
    code: str
    meaning: str


OPTIONS = {
    "retain-longitudinal-temporal-full-dates": Option(
        "rtnLongFullDatesOpt", "113106", "Retain Longitudinal Temporal Information Full Dates Option"
    ),
    "retain-longitudinal-temporal-modified-dates": Option(
        "rtnLongModifDatesOpt", "113107", "Retain Longitudinal Temporal Information Modified Dates Option"
    ),
    "retain-patient-characteristics": Option("rtnPatCharsOpt", "113108", "Retain Patient Characteristics Option"),
    "retain-device-identity": Option("rtnDevIdOpt", "113109", "Retain Device Identity Option"),
    "retain-institution-identity": Option("rtnInstIdOpt", "113112", "Retain Institution Identity Option"),
    "retain-uids": Option("rtnUIDsOpt", "113110", "Retain UIDs Option"),
    "retain-safe-private": Option("rtnSafePrivOpt", "113111", "Retain Safe Private Option"),
    "clean-descriptors": Option("cleanDescOpt", "113105", "Clean Descriptors Option"),
    "clean-structured-content": Option("cleanStructContOpt", "113104", "Clean Structured Content Option"),
    "clean-graphics": Option("cleanGraphOpt", "113103", "Clean Graphics Option"),
}
CODES = ("113100", "Basic Application Confidentiality Profile")
CLEAN_PIXELS = ("113101", "Clean Pixel Data Option")
CLEAN_FEATURES = ("113102", "Clean Recognizable Visual Features Option")
EDITIONS = "2024e (621 rows), 2026c (35 rows, basic action only)"


class Row(NamedTuple):
    """One attribute. ``tag``: eight hexadecimal digits, ``x`` where any stands. ``options``: K or C by option."""

    tag: str
    name: str
    basic: str
    options: dict[str, str]


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """All rows, in the order of the table."""
    content = json.loads(files(__package__).joinpath("ps3.15-table-e1-1.json").read_text(encoding="utf-8"))
    return tuple(
        Row(
            one["id"],
            " ".join(one["name"].partition("(see Note")[0].split()),
            one["basicProfile"],
            {name: one[option.column] for name, option in OPTIONS.items() if option.column in one},
        )
        for one in content
    )


def row_of(tag: int) -> Row | None:
    """The row of an attribute; curves, overlays and private attributes have one for all."""
    table, private = _by_tag()
    group = tag >> 16
    if group & 1:
        return private
    if group >> 8 == 0x50:
        return table.get("50xxxxxx")
    if group >> 8 == 0x60:
        # An overlay without its data is none: all of its group goes with it.
        return table.get("60xx3000")
    return table.get(f"{tag:08x}")


@lru_cache(maxsize=1)
def _by_tag() -> tuple[dict[str, Row], Row]:
    table = {row.tag.lower(): row for row in rows()}
    return table, next(row for tag, row in table.items() if tag.startswith("gggg"))
