"""The days of a document: dates that belong together, and that only one part of the division ever shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deidstream_training.synthesise.division import Split, part_of

__all__ = ["Days", "key"]

_EARLIEST, _LATEST = date(1996, 1, 1).toordinal(), date(2032, 12, 31).toordinal()
_DAYS_A_YEAR = 365.25


def key(day: date) -> str:
    """What decides whose a day is: the same with two digits of the year, and in either order of day and month."""
    low, high = sorted((day.day, day.month))
    return f"{low} {high} {day.year % 100}"


@dataclass(frozen=True, slots=True)
class Days:
    """When things happened to the patient of one document."""

    birth: date
    today: date
    admission: date
    discharge: date
    split: Split

    @classmethod
    def drawn(cls, rng: Random, split: Split) -> Days:
        """New days, as they may be: born before admitted before discharged before the document was written."""
        today = _near(rng, date.fromordinal(rng.randint(_EARLIEST, _LATEST)), split)
        discharge = _near(rng, today - timedelta(days=rng.choice((0, 0, 1, 2, 5))), split)
        admission = _near(rng, discharge - timedelta(days=rng.choice((0, 1, 2, 3, 5, 8, 13, 30))), split)
        low, high = rng.choice(((0, 17), (18, 60), (18, 60), (45, 90), (45, 90), (60, 101), (60, 101)))
        years = rng.uniform(low, high)
        birth = _near(rng, admission - timedelta(days=int(years * _DAYS_A_YEAR) + 8), split)
        while years >= 3 and part_of(str(_years(birth, admission))) is not split:
            years = 3 + (years + 1) % 98
            birth = _near(rng, admission - timedelta(days=int(years * _DAYS_A_YEAR) + 8), split)
        return cls(birth, today, admission, discharge, split)

    @property
    def age(self) -> int:
        """The patient's age at admission in whole years."""
        return _years(self.birth, self.admission)

    def before(self, rng: Random) -> date:
        """Some day in the patient's life before the admission, most often a recent one."""
        span = max(2, (self.admission - self.birth).days)
        back = min(
            span, rng.choice((rng.randint(1, 14), rng.randint(1, 120), rng.randint(30, 900), rng.randint(300, 9000)))
        )
        return _near(rng, self.admission - timedelta(days=back), self.split)

    def after(self, rng: Random) -> date:
        """Some day within months of the document."""
        return _near(rng, self.today + timedelta(days=rng.randint(2, 190)), self.split)


def _near(rng: Random, day: date, split: Split) -> date:
    """The day itself or the next earlier one that belongs to the part."""
    while part_of(key(day)) is not split:
        day -= timedelta(days=1)
    return day


def _years(birth: date, day: date) -> int:
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
