"""Whole and partial days, and how they move."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

__all__ = ["Day", "eldest", "moved"]


class Day(NamedTuple):
    """A day of the Gregorian calendar as far as it is known: None is what is not said."""

    year: int | None
    month: int | None
    day: int | None


def moved(day: Day, days: int, floor: date | None = None, reference_year: int = 2023) -> Day | None:
    """``day`` after ``days`` days, at the same precision; None where there is no such day, or where it is moved to.

    A day without a year is taken in ``reference_year``, 29 February in the leap year before. Results before ``floor`` become
    the day that ``eldest`` says.
    """
    year = reference_year if day.year is None else day.year
    if day.year is None and (day.month, day.day) == (2, 29):
        year -= year % 4
    try:
        start = date(year, 7 if day.month is None else day.month, _middle(day) if day.day is None else day.day)
        end = date.fromordinal(start.toordinal() + days)
    except (ValueError, OverflowError):
        return None
    if floor is not None and day.year is not None and end < floor:
        end = eldest(floor)
    return Day(
        None if day.year is None else end.year,
        None if day.month is None else end.month,
        None if day.day is None else end.day,
    )


def eldest(floor: date) -> date:
    """What birth dates before ``floor`` become, in the year of the last of them: 1 January, which is before ``floor`` too."""
    return date(date.fromordinal(floor.toordinal() - 1).year, 1, 1)


def _middle(day: Day) -> int:
    return 2 if day.month is None else 15
