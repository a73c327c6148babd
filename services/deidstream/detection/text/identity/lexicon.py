"""What is known about the subjects of a case: what words and digits to look for, and what they may mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.core.subject import Known
from deidstream.detection.text.identity.near import near
from deidstream.detection.text.identity.ordinary import ordinary
from deidstream.detection.text.identity.shapes import NOTHING, Name, Phrase, Shape

__all__ = ["Lexicon", "NameTerm", "PhraseTerm", "Said", "Terms", "compiled", "is_loose", "together"]

Person = tuple[int, Role, str]
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_PATIENT, _NAME = Role.PATIENT, Category.NAME


class Said(NamedTuple):
    """A known value and whose it is. ``rank``: of values that read the same, the lowest is meant."""

    subject: int
    known: Known
    rank: int

    @property
    def person(self) -> Person:
        """The names of one person; all names of the subject are one person's, whatever their groups."""
        known = self.known
        return self.subject, known.role, "" if known.role is _PATIENT else known.group


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


class Terms(NamedTuple):
    """What some words may mean. ``initials``: of the persons among whose names these words are."""

    names: dict[bytes, list[NameTerm]]
    phrases: dict[bytes, list[PhraseTerm]]
    initials: dict[Person, dict[bytes, tuple[Said, Name]]]


@dataclass(slots=True)
class Lexicon:
    """Made once for a state of knowledge, then only read. What words mean is worked out for those that a text has (``terms``)."""

    worded: list[tuple[Said, Shape]] = field(default_factory=list)
    """All that is found by words, the most telling first."""
    words: frozenset[bytes] = frozenset()
    """Every form of every word of these."""
    digits: list[tuple[bytes, Said]] = field(default_factory=list)
    literals: list[tuple[bytes, Said]] = field(default_factory=list)
    days: dict[tuple[int, int, int], Said] = field(default_factory=dict)
    day_digits: dict[tuple[int, ...] | bytes, Said] = field(default_factory=dict)
    """Every way to write one of ``days`` in digits: as three numbers in any usual order, or as eight digits."""
    raw: list[tuple[str, Said]] = field(default_factory=list)

    def near(self, tokens: Iterable[bytes]) -> dict[bytes, list[bytes]]:
        """Those of ``tokens`` that are one typing error away from words that are long and rare enough, and from which."""
        return near(tokens, [shape.rare for _, shape in self.worded if shape.rare])

    def terms(self, words: AbstractSet[bytes]) -> Terms:
        """What ``words`` may mean, the subject's own first."""
        found = Terms({}, {}, {})
        persons: set[Person] = set()
        for said, shape in self.worded:
            if not shape.words.isdisjoint(words):
                _add(found, words, persons, said, shape)
        for said, shape in self.worded:
            if shape.names and said.person in persons:
                initials = found.initials.setdefault(said.person, {})
                for name in shape.names:
                    for initial in name.initials:
                        initials.setdefault(initial, (said, name))
        for terms in found.names.values():
            if len(terms) > 1:
                terms.sort(key=lambda term: (term.said.rank, -term.score))
        return found


def compiled(number: int, known: Iterable[Known], shape: Callable[[Known], Shape]) -> Lexicon:
    """What is known about subject ``number`` of a case; the first of them rank first."""
    lexicon = Lexicon()
    had: set[tuple[Category, str]] = set()
    for item in known:
        if item.category is not _NAME:
            value = (item.category, item.value)
            if value in had:
                continue
            had.add(value)
        found = shape(item)
        if found is not NOTHING:
            _take(lexicon, Said(number, item, number * 2 + (item.role is not _PATIENT)), found)
    lexicon.words = frozenset().union(*[found.words for _, found in lexicon.worded])
    return lexicon


def together(lexicons: Sequence[Lexicon]) -> Lexicon:
    """All that ``lexicons`` say."""
    if len(lexicons) == 1:
        return lexicons[0]
    made = Lexicon(words=frozenset().union(*[one.words for one in lexicons]))
    for one in lexicons:
        made.worded += one.worded
        made.digits += one.digits
        made.literals += one.literals
        made.raw += one.raw
        made.days = one.days | made.days  # of those that read the same, the first is meant
        made.day_digits = one.day_digits | made.day_digits
    return made


def is_loose(word: bytes) -> bool:
    """Whether a known word is an ordinary one too, or too short: it counts only in the company of names."""
    return len(word) < 4 or word in ordinary()


def _take(lexicon: Lexicon, said: Said, shape: Shape) -> None:
    if shape.names or shape.phrases:
        lexicon.worded.append((said, shape))
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


def _add(found: Terms, words: AbstractSet[bytes], persons: set[Person], said: Said, shape: Shape) -> None:
    for name in shape.names:
        for form, place, score, familiar in name.terms:
            if form in words:
                found.names.setdefault(form, []).append(NameTerm(said, name, place, score, familiar))
                persons.add(said.person)
    for phrase in shape.phrases:
        for form in phrase.anchors:
            if form in words:
                found.phrases.setdefault(form, []).append(PhraseTerm(said, phrase))


def _in_digits(year: int, month: int, day: int) -> Iterator[tuple[int, ...] | bytes]:
    for years in (year, year % 100):
        yield from ((day, month, years), (month, day, years), (years, month, day))
    for text in (f"{year:04}{month:02}{day:02}", f"{day:02}{month:02}{year:04}", f"{month:02}{day:02}{year:04}"):
        yield text.encode()
