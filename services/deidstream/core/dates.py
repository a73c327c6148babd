"""Dates of every form: shifted by whole days, or made coarser, in the form they were written.

Precision, padding, separators, time of day and zone stay. A partial date moves by its middle (a month by its 15th, a year by
2 July), so that it lands where most of its days land. What cannot be read, or leaves the years 1 to 9999, gives None: the
caller redacts.

Forms: ``hl7.DT``, ``hl7.DTM``, ``hl7.TM`` (HL7 v2 chapter 2A), ``fhir.date``, ``fhir.dateTime``, ``fhir.instant``, ``fhir.time``
(FHIR datatypes), ``cda.TS`` (HL7 v3 TS), ``dicom.DA``, ``dicom.DT``, ``dicom.TM`` (DICOM PS3.5, 6.2), ``text`` and
``text.<language>`` (see ``core.written_dates``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from deidstream.core import written_dates
from deidstream.core.calendar import Day, eldest, moved

__all__ = ["Shift", "generalise", "shift", "year_of"]

_COMPACT = re.compile(r"(\d{4})(?:(\d{2})(?:(\d{2})(\d{0,8}(?:\.\d+)?))?)?([+-]\d{4})?", re.ASCII)
_HYPHENED = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})([Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?)?)?)?", re.ASCII
)
_HL7_TIME = re.compile(r"\d{2}(?:\d{2}(?:\d{2}(?:\.\d+)?)?)?(?:[+-]\d{4})?", re.ASCII)
_FHIR_TIME = re.compile(r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?", re.ASCII)
_COMPACT_FORMS = frozenset({"hl7.DT", "hl7.DTM", "cda.TS", "dicom.DA", "dicom.DT"})
_WHOLE = frozenset({8, 12, 14})
"""Lengths of a day alone, with minutes, and with seconds."""
_DICOM_TIME = re.compile(r"\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d{1,6})?)?)?", re.ASCII)
_TIMES = {"hl7.TM": _HL7_TIME, "fhir.time": _FHIR_TIME, "dicom.TM": _DICOM_TIME}


@dataclass(frozen=True, slots=True)
class Shift:
    """How to move: by ``days``; results before ``floor`` become ``calendar.eldest`` (people over 89, 45 CFR 164.514)."""

    days: int
    floor: date | None = None
    reference_year: int = 2023
    """The year of days written without one."""
    day_first: bool | None = None
    """Reads ``03/04`` in texts; None: by the language of the form."""


def shift(value: str, form: str, by: Shift) -> str | None:
    """``value`` moved, in its own form; None where it cannot be read. Times of day without a date stay."""
    if form in _COMPACT_FORMS and _is_whole(value):
        moved_day = _moved_whole(value[:8], by.days, by.floor)
        return None if moved_day is None else moved_day + value[8:]
    if form in _TIMES:
        return value if _TIMES[form].fullmatch(value) else None
    parsed = _parsed(value, form)
    if parsed is None and form.startswith("dicom."):
        return None
    if parsed is None:
        move = written_dates.Move(by.days, by.floor, by.reference_year)
        return written_dates.shift(value, _language(form), move, by.day_first)
    day, tail, compact = parsed
    new = moved(day, by.days, by.floor)
    return None if new is None else _written(new, tail, compact)


def generalise(
    value: str, form: str, unit: str = "year", floor: date | None = None, day_first: bool | None = None
) -> str | None:
    """``value`` to its ``unit`` (``year`` or ``month``), valid in ``form``; None where nothing may stand there.

    An instant has no partial form in FHIR, nor has DA in DICOM: it becomes the first moment of its year or month, UTC.
    """
    if form in _TIMES:
        return None
    parsed = _parsed(value, form)
    if parsed is None:
        if form.startswith("dicom."):
            return None
        return written_dates.years(value, _language(form), floor, day_first)
    day, _, compact = parsed
    if floor and (day.year or 0) < eldest(floor).year:
        day = Day(eldest(floor).year, None, None)
    if moved(day, 0) is None:
        return None
    if form == "dicom.DA":
        return f"{day.year:04d}{day.month or 1 if unit == 'month' else 1:02d}01"
    if form == "fhir.instant":
        return f"{day.year:04d}-{day.month or 1 if unit == 'month' else 1:02d}-01T00:00:00Z"
    return _written(Day(day.year, day.month if unit == "month" else None, None), "", compact)


def year_of(value: str, form: str) -> int | None:
    """The year that ``value`` names, where it is a structured date."""
    parsed = _parsed(value, form)
    return parsed[0].year if parsed else None


def _is_whole(value: str) -> bool:
    """Whether it is a day alone, or with minutes or seconds, with or without a zone: nearly all dates of a message."""
    digits = value[:-5] if value[-5:-4] in ("+", "-") else value
    return len(digits) in _WHOLE and digits.isdigit() and value.isascii() and value[-4:].isdigit()


@lru_cache(maxsize=8192)
def _moved_whole(text: str, days: int, floor: date | None) -> str | None:
    """``YYYYMMDD`` moved; what is true for every other date, without its precision."""
    try:
        end = date.fromordinal(date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal() + days)
    except (ValueError, OverflowError):
        return None
    if floor is not None and end < floor:
        end = eldest(floor)
    return f"{end.year:04d}{end.month:02d}{end.day:02d}"


def _parsed(value: str, form: str) -> tuple[Day, str, bool] | None:
    if form.startswith("text"):
        return None
    for pattern, compact in ((_COMPACT, True), (_HYPHENED, False)):
        match = pattern.fullmatch(value)
        if match:
            year, month, day, time = match[1], match[2], match[3], match[4] or ""
            zone = match[5] or "" if compact else ""
            return Day(int(year), int(month) if month else None, int(day) if day else None), time + zone, compact
    return None


def _written(day: Day, tail: str, compact: bool) -> str:
    separator = "" if compact else "-"
    text = f"{day.year:04d}"
    if day.month is not None:
        text += f"{separator}{day.month:02d}"
    if day.day is not None:
        text += f"{separator}{day.day:02d}"
    return text + tail


def _language(form: str) -> str:
    return form[5:] if form.startswith("text.") else ""
