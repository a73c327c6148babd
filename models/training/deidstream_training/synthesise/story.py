"""What a document is about: its people and days, made when first asked for and the same from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

from deidstream_training.synthesise.days import Days
from deidstream_training.synthesise.division import Split, drawn
from deidstream_training.synthesise.people import Person, initials, person

__all__ = ["PEOPLE", "Story"]

PEOPLE = frozenset({"p", "d1", "d2", "d3", "d4", "n1", "n2", "r1", "r2", "x1", "x2"})
"""The patient, doctors, nurses, relatives, others."""


class Story:
    """One document's facts. Everything in it follows from the random numbers it is given."""

    def __init__(self, rng: Random, language: str, split: Split) -> None:
        self.language = language
        self.split = split
        self.days = Days.drawn(rng, split)
        self.day = self.days.today  # the day that is being written
        self.forms: dict[str, int] = {}  # the form of dates that the document uses most, by rule
        self._rng = rng
        self._people: dict[str, Person] = {}
        self._dates: dict[str, date] = {}

    def person(self, who: str) -> Person:
        """The person with that part in the story."""
        if who not in self._people:
            made = person(self._rng, self.language, self.split)
            if who.startswith("r") and "p" in self._people and self._rng.random() < 0.5:
                made = _of_family(made, self._people["p"], self.split)
            self._people[who] = made
        return self._people[who]

    def date(self, name: str) -> date:
        """A day of the story: dob, today, adm, dis, or died, past1 ..., next1 ..., which are some day before or after."""
        known = {
            "dob": self.days.birth,
            "today": self.days.today,
            "adm": self.days.admission,
            "dis": self.days.discharge,
        }
        if name in known:
            return known[name]
        if name not in self._dates:
            self._dates[name] = (
                self.days.after(self._rng) if name.startswith(("next", "died")) else self.days.before(self._rng)
            )
        return self._dates[name]

    def age(self) -> str:
        """The patient's age in years; of a child under three, another of the same part."""
        return str(self.days.age) if self.days.age >= 3 else self.other_age()

    def other_age(self) -> str:
        """Some person's age in years."""
        return drawn(lambda: str(self._rng.randint(3, 97)), self.split)


def _of_family(made: Person, relative: Person, split: Split) -> Person:
    """The person with the family name of the other."""
    if made.native_script != relative.native_script or (made.native_script == "zh" and len(relative.family) > 1):
        return made
    separator = "" if made.native_script == "zh" else " "
    first, last = (relative.family, made.given[0]) if made.native_script == "zh" else (made.given[0], relative.family)
    short = initials(made.given[0], relative.family, split)
    return replace(made, family=relative.family, full=first + separator + last, initials=short)
