"""What stands in braces in a grammar and is no rule: people, days, numbers, places."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from deidstream.core.category import Category

from deidstream_training.synthesise.contacts import CONTACTS
from deidstream_training.synthesise.division import drawn, part_of
from deidstream_training.synthesise.identifiers import IDENTIFIERS, filled
from deidstream_training.synthesise.locales import LOCALES
from deidstream_training.synthesise.page import Page, Write
from deidstream_training.synthesise.people import invented
from deidstream_training.synthesise.story import PEOPLE
from deidstream_training.synthesise.tables import Names, names, towns

__all__ = ["StorySlots"]

_PATTERN = re.compile(r"[N_A]+")
_DAY = re.compile(r"dob|today|adm|dis|died|(?:past|next)\d")
_CONTACT = re.compile(rf"({'|'.join(CONTACTS)})(?:\.(\w+))?")
_SAME_FORM = 0.85
_FORMS = frozenset(["full", "last", "first", "nick", "fl", "lf", "caps", "cl", "lfc", "init", "short"])
_HAN = str.maketrans("0123456789", "〇一二三四五六七八九")


class StorySlots:
    """The slots of one language. `options` are the compiled alternatives by rule, filled in before a page is written."""

    def __init__(self, language: str, options: Mapping[str, list[Write]]) -> None:
        self._language = language
        self._options = options

    def writer(self, name: str) -> Write | None:
        """The writer of a slot; None where there is no such slot."""
        who, _, form = name.partition(".")
        if who in PEOPLE and (form or "full") in _FORMS:
            return lambda page: page.mark(page.story.person(who).form(form or "full"), Category.NAME)
        if _DAY.fullmatch(name):
            return self._day(name)
        if _PATTERN.fullmatch(name):
            return lambda page: page.add(filled(page.rng, name))
        if matched := _CONTACT.fullmatch(name):
            return self._contact(matched[1], matched[2] or "p")
        if name in IDENTIFIERS:
            return _identifier(name)
        return self._plain().get(name)

    def sex(self, person: str) -> Callable[[Page], str] | None:
        """Tells the sex of a person of the story."""
        return (lambda page: page.story.person(person).sex) if person in PEOPLE else None

    def _day(self, name: str) -> Write:
        category = {"dob": Category.BIRTH_DATE, "died": Category.DEATH_DATE}.get(name, Category.DATE)

        def write(page: Page) -> None:
            page.story.day = page.story.date(name)
            self._form(page, "date_form", category)

        return write

    def _partial(self, rule: str, key: Callable[[date], str]) -> Write:
        """The writer of a date that lacks a part; the part of the division is that of what is written."""

        def write(page: Page) -> None:
            story = page.story
            for index in range(400):
                story.day = (
                    story.days.before(page.rng) if index < 20 else date.fromordinal(page.rng.randint(727000, 742000))
                )
                if part_of(key(story.day)) is story.split:
                    break
            self._form(page, rule, Category.DATE)

        return write

    def _form(self, page: Page, rule: str, category: Category) -> None:
        """Writes the day at hand in the form that the document most often uses."""
        options = self._options[rule]
        index = page.story.forms.setdefault(rule, page.rng.randrange(len(options)))
        if page.rng.random() > _SAME_FORM:
            index = page.rng.randrange(len(options))
        start = page.length
        page.inside += 1
        options[index](page)
        page.inside -= 1
        page.close(start, category)

    def _contact(self, kind: str, who: str) -> Write:
        make, category = CONTACTS[kind]

        def write(page: Page) -> None:
            page.mark(make(page.rng, self._language, page.story.person(who), page.story.split), category)

        return write

    def _plain(self) -> dict[str, Write]:
        """What is written without a mark of its own: parts of dates, numbers, names within other values."""
        return {
            "D": lambda page: page.add(str(page.story.day.day)),
            "DD": lambda page: page.add(f"{page.story.day.day:02d}"),
            "M": lambda page: page.add(str(page.story.day.month)),
            "MM": lambda page: page.add(f"{page.story.day.month:02d}"),
            "MMM": lambda page: self._options["month_short"][page.story.day.month - 1](page),
            "MMMM": lambda page: self._options["month"][page.story.day.month - 1](page),
            "YY": lambda page: page.add(f"{page.story.day.year % 100:02d}"),
            "YYYY": lambda page: page.add(str(page.story.day.year)),
            "YYYY.han": lambda page: page.add(str(page.story.day.year).translate(_HAN)),
            "month_year": self._partial("month_year_form", lambda day: f"{day.month} {day.year % 100}"),
            "day_month": self._partial(
                "day_month_form", lambda day: f"{min(day.day, day.month)} {max(day.day, day.month)}"
            ),
            "year": self._partial("year_form", lambda day: str(day.year)),
            "time": lambda page: page.add(f"{page.rng.randint(0, 23):02d}:{page.rng.randint(0, 59):02d}"),
            "years": lambda page: page.add(page.story.age()),
            "years2": lambda page: page.add(page.story.other_age()),
            "ordinal": lambda page: page.add(f"{page.story.day.day}{_suffix(page.story.day.day)}"),
            "town": self._town,
            "family": lambda page: page.add(page.rng.choice(self._names(page).family)),
            "given": lambda page: page.add(page.rng.choice(self._names(page).male)),
            "given_f": lambda page: page.add(page.rng.choice(self._names(page).female)),
            "invented.low": lambda page: page.add(
                invented(page.rng, LOCALES[self._language].invent, page.story.split).lower()
            ),
            "invented": lambda page: page.add(invented(page.rng, LOCALES[self._language].invent, page.story.split)),
        }

    def _names(self, page: Page) -> Names:
        return names(page.rng.choice(LOCALES[self._language].native), page.story.split)

    def _town(self, page: Page) -> None:
        page.add(page.rng.choice(towns(page.rng.choice(LOCALES[self._language].towns), page.story.split)))


def _identifier(name: str) -> Write:
    make, category = IDENTIFIERS[name]

    def write(page: Page) -> None:
        days, sex, split = page.story.days, page.story.person("p").sex, page.story.split
        page.mark(drawn(lambda: make(page.rng, days, sex), split), category)

    return write


def _suffix(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
