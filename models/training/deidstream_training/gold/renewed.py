"""Documents that somebody has annotated, with other values in them.

A corpus has few contexts, and a tagger that knows their values learns nothing more there. The form of a value stays; what only few
values have in it is drawn anew: of ``Hospital Comarcal de Jarrio`` the last word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.core.surrogate.person import SUFFIXES, TITLES
from deidstream.evaluation.annotated import Annotated, Gold

from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.locales import LOCALES
from deidstream_training.synthesise.people import invented
from deidstream_training.synthesise.tables import names, towns

__all__ = ["Renewal", "copies"]

_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_COMMON = 4
"""A word that so many different values have belongs to the form."""
_AROUND_NAMES = TITLES | SUFFIXES
_KEPT = 0.15
"""The share of values that stay as they are."""
_WORDED = frozenset([Category.STREET, Category.ORGANISATION])
_NUMBERED = _WORDED | {
    Category.CITY,
    Category.POSTAL_CODE,
    Category.PHONE,
    Category.FAX,
    Category.MEDICAL_RECORD,
    Category.HEALTH_PLAN,
    Category.LICENCE,
    Category.VISIT,
}
Draw = Callable[[Random], str]


def copies(documents: Sequence[Annotated], times: int) -> Iterator[Annotated]:
    """So many of each, with other values in each; none of documents of a language that nothing is synthesised in."""
    by_language = {one.language: [each for each in documents if each.language == one.language] for one in documents}
    for language, those in by_language.items():
        if times and language in LOCALES:
            renewal = Renewal(those, language)
            yield from (renewal.document(one, seed) for seed in range(1, times + 1) for one in those)


class Renewal:
    """For documents of one language. Raises KeyError where nothing is synthesised in it."""

    def __init__(self, documents: Sequence[Annotated], language: str) -> None:
        """``documents``: from their values the words are learned that belong to a form."""
        locale = LOCALES[language]
        tables = [names(origin, Split.TRAIN) for origin in locale.native]
        self._given = [name for table in tables for name in (*table.male, *table.female)]
        self._is_given = frozenset(name.casefold() for name in self._given)
        family = [name for table in tables for name in table.family]
        places = [town for country in locale.towns for town in towns(country, Split.TRAIN)] or family
        self._family: Draw = lambda rng: (
            rng.choice(family) if rng.random() < 0.6 else invented(rng, locale.invent, Split.TRAIN)
        )
        self.place: Draw = lambda rng: rng.choice(places) if rng.random() < 0.5 else self._family(rng)
        """A town, a family name, or what is neither."""
        self._common = _common(documents)

    def document(self, one: Annotated, seed: int) -> Annotated:
        """The same document with other values; what is one value stays one value."""
        change = _Change(Random(f"renew/{seed}/{one.id}"), self)
        parts: list[str] = []
        gold: list[Gold] = []
        at = length = 0
        for mark in sorted(one.gold, key=lambda each: each.span):
            if mark.span.start < at:  # within another, which has been written
                continue
            value = change.value(one.text[mark.span.start : mark.span.end], mark.category)
            before = one.text[at : mark.span.start]
            parts += before, value
            start = length + len(before)
            length = start + len(value)
            gold.append(mark._replace(span=Span(start, length)))
            at = mark.span.end
        text = "".join([*parts, one.text[at:]])
        return replace(one, id=f"{one.id}-{seed}", text=text, gold=tuple(gold), kept=(), known=())

    def word(self, rng: Random, word: str, category: Category) -> str:
        """Another word for one of a value; the same where it belongs to the form."""
        if word.islower() or word.casefold() in self._common.get(category, _AROUND_NAMES):
            return word
        if len(word) == 1:
            return rng.choice("ABCDEFGHIJKLMNOPRSTV")
        if category is not Category.NAME:
            new = self.place(rng)
        else:
            new = rng.choice(self._given) if word.casefold() in self._is_given else self._family(rng)
        return new.upper() if word.isupper() else new


@dataclass(slots=True)
class _Change:
    """Of one document: what stands for a value or a word of a name once, stands for it everywhere."""

    rng: Random
    renewal: Renewal
    _values: dict[tuple[str, Category], str] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def value(self, text: str, category: Category) -> str:
        if (text, category) not in self._values:
            kept = self.rng.random() < _KEPT
            self._values[text, category] = text if kept else self._renewed(text, category)
        return self._values[text, category]

    def _renewed(self, text: str, category: Category) -> str:
        if category in _NUMBERED:
            text = _DIGIT.sub(lambda digit: self.rng.choice("123456789" if digit[0] != "0" else "0123"), text)
        if category is Category.NAME:
            return _WORD.sub(self._name, text)
        if category is Category.CITY and _WORD.search(text):
            return self.renewal.place(self.rng)
        if category in _WORDED:
            return _WORD.sub(lambda word: self.renewal.word(self.rng, word[0], category), text)
        return text

    def _name(self, word: re.Match[str]) -> str:
        key = word[0].casefold()
        if key not in self._names:
            self._names[key] = self.renewal.word(self.rng, word[0], Category.NAME)
        return self._names[key]


def _common(documents: Sequence[Annotated]) -> dict[Category, frozenset[str]]:
    """The words of forms: by how many different values have them, not by how often a value is met."""
    found: dict[Category, frozenset[str]] = {}
    for category in _WORDED:
        marks = ((one, gold.span) for one in documents for gold in one.gold if gold.category is category)
        values = {one.text[span.start : span.end].casefold() for one, span in marks}
        counted = Counter(word for value in values for word in set(_WORD.findall(value)))
        found[category] = frozenset(word for word, count in counted.items() if count >= _COMMON)
    return found
