"""What is known about the subjects of a case, compiled: dictionaries from folded words and digits to what they may mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.core.subject import Known, Subject
from deidstream.detection.text.identity.near import NearIndex
from deidstream.detection.text.identity.ordinary import ordinary
from deidstream.detection.text.identity.shapes import NOTHING, Name, Phrase, Shape

__all__ = ["Lexicon", "NameTerm", "PhraseTerm", "Said", "compiled"]

Person = tuple[int, Role, str]


class Said(NamedTuple):
    """A known value and whose it is. ``rank``: of values that read the same, the lowest is meant."""

    subject: int
    known: Known
    rank: int

    @property
    def person(self) -> Person:
        """The names of one person; all names of the subject are one person's, whatever their groups."""
        known = self.known
        return self.subject, known.role, "" if known.role is Role.PATIENT else known.group


class NameTerm(NamedTuple):
    """A folded word as a word of a name."""

    said: Said
    name: Name
    place: int
    score: float
    familiar: bool


class PhraseTerm(NamedTuple):
    """A folded word as the anchor of a phrase."""

    said: Said
    phrase: Phrase


@dataclass(slots=True)
class Lexicon:
    """Compiled once for a state of knowledge, then only read."""

    names: dict[bytes, list[NameTerm]] = field(default_factory=dict)
    phrases: dict[bytes, list[PhraseTerm]] = field(default_factory=dict)
    digits: list[tuple[bytes, Said]] = field(default_factory=list)
    literals: list[tuple[bytes, Said]] = field(default_factory=list)
    days: dict[tuple[int, int, int], Said] = field(default_factory=dict)
    day_digits: dict[tuple[int, ...] | bytes, Said] = field(default_factory=dict)
    """Every way to write one of ``days`` in digits: as three numbers in any usual order, or as eight digits."""
    raw: list[tuple[str, Said]] = field(default_factory=list)
    initials: dict[Person, dict[bytes, tuple[Said, Name]]] = field(default_factory=dict)
    words: frozenset[bytes] = frozenset()
    near: NearIndex = field(default_factory=lambda: NearIndex(()))
    loose_words: frozenset[bytes] = frozenset()
    """Known words that are ordinary ones too, or too short: they count only in the company of names."""


def compiled(subjects: Iterable[Subject], shape: Callable[[Known], Shape]) -> Lexicon:
    """Everything that is known about ``subjects``, the first of whom rank first."""
    lexicon = Lexicon()
    for number, subject in enumerate(subjects):
        had: set[tuple[Category, str]] = set()
        for known in subject.known:
            if known.category is not Category.NAME:
                value = (known.category, known.value)
                if value in had:
                    continue
                had.add(value)
            found = shape(known)
            if found is not NOTHING:
                _add(lexicon, Said(number, known, number * 2 + (known.role is not Role.PATIENT)), found)
    lexicon.words = frozenset(lexicon.names) | frozenset(lexicon.phrases)
    common = ordinary()
    lexicon.loose_words = frozenset(word for word in lexicon.words if len(word) < 4 or word in common)
    familiar = {word for word, terms in lexicon.names.items() if all(term.familiar for term in terms)}
    lexicon.near = NearIndex(lexicon.words - lexicon.loose_words - familiar)
    for terms in lexicon.names.values():
        if len(terms) > 1:
            terms.sort(key=lambda term: (term.said.rank, -term.score))
    return lexicon


def _add(lexicon: Lexicon, said: Said, shape: Shape) -> None:
    for name in shape.names:
        for form, place, score, familiar in name.terms:
            lexicon.names.setdefault(form, []).append(NameTerm(said, name, place, score, familiar))
        for initial in name.initials:
            lexicon.initials.setdefault(said.person, {}).setdefault(initial, (said, name))
    for phrase in shape.phrases:
        for form in phrase.anchors:
            lexicon.phrases.setdefault(form, []).append(PhraseTerm(said, phrase))
    if shape.digits:
        lexicon.digits += [(digits, said) for digits in shape.digits]
    if shape.literals:
        lexicon.literals += [(literal, said) for literal in shape.literals]
    if shape.raw:
        lexicon.raw += [(text, said) for text in shape.raw]
    if shape.day is not None:
        lexicon.days.setdefault(shape.day, said)
        for way in _in_digits(*shape.day):
            lexicon.day_digits.setdefault(way, said)


def _in_digits(year: int, month: int, day: int) -> Iterator[tuple[int, ...] | bytes]:
    for years in (year, year % 100):
        yield from ((day, month, years), (month, day, years), (years, month, day))
    for text in (f"{year:04}{month:02}{day:02}", f"{day:02}{month:02}{year:04}", f"{month:02}{day:02}{year:04}"):
        yield text.encode()
