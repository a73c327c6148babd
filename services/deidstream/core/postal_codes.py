"""Postal codes to what may stand: for the United States 3 digits, unless 20,000 people or fewer live there.

The lists are those of ZCTA3 areas of at most 20,000 people, by census: 2000 as published by HHS (67 FR 53182, 53233, and OCR's
guidance of 26 November 2012), 2010 as computed from Census 2010 summary file 1. The rule asks for current public data, so the
default is the union.
"""

from __future__ import annotations

import re

__all__ = ["TABLES", "generalise"]

_CENSUS_2000 = frozenset("036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split())  # noqa: SIM905
_CENSUS_2010 = frozenset("036 059 102 202 203 204 205 369 556 692 753 772 821 823 878 879 884 893".split())  # noqa: SIM905

TABLES = {
    "us-census-2000": _CENSUS_2000,
    "us-census-2010": _CENSUS_2010,
    "us-census-2000-2010": _CENSUS_2000 | _CENSUS_2010,
}
_US = re.compile(r"\d{5}(?:-?\d{4})?", re.ASCII)
_GB = re.compile(r"([A-Z]{1,2})\d[A-Z\d]?(?:\s*\d[A-Z]{2})?", re.IGNORECASE)
_ALNUM = re.compile(r"[^\W_]")


def generalise(value: str, table: str, digits: int, country: str = "") -> str | None:
    """The first ``digits`` of a five- or nine-digit code, ``000`` for a sparse area; the area letters of a British code.

    Codes of other forms, and those of a ``country`` (alpha-2, '' for not known) other than the United States, keep one character
    less than half, two at most. None where nothing is left.
    """
    code = value.strip()
    if country in {"", "US", "PR"} and _US.fullmatch(code):
        return "000" if code[:3] in TABLES[table] else code[:digits] or None
    british = _GB.fullmatch(code)
    if british:
        return british[1]
    kept = "".join(_ALNUM.findall(code))
    return kept[: min(2, (len(kept) - 1) // 2, digits)] or None
