"""One known value as what to look for: its words, its digits, its dates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from deidstream.core import names
from deidstream.core.category import Category
from deidstream.core.subject import Known
from deidstream.detection.text.fold import OTHER_LETTER, fold_word
from deidstream.detection.text.identity.near import MINIMUM_LENGTH
from deidstream.detection.text.identity.ordinary import ordinary

__all__ = ["EXACT", "NOTHING", "TYPO", "VARIANT", "Name", "Phrase", "Shape", "Word", "shape"]

EXACT, VARIANT, TYPO = 0.99, 0.95, 0.85

_OTHER = bytes((OTHER_LETTER,))
_WORDS = re.compile(rb"[a-z\x80]+")
_TOKENS = re.compile(rb"[a-z\x80]+|[0-9]+")
_SPELT = re.compile(r"[^\W\d_]+")
_PARTICLES = frozenset(fold_word(particle).lower() for particle in names.PARTICLES)
_TITLES = frozenset(fold_word(title).lower() for title in names.TITLES | names.SUFFIXES)
_NUMBERS = frozenset(
    {
        Category.PHONE,
        Category.FAX,
        Category.NATIONAL_ID,
        Category.MEDICAL_RECORD,
        Category.HEALTH_PLAN,
        Category.ACCOUNT,
        Category.LICENCE,
        Category.VEHICLE,
        Category.OTHER_ID,
        Category.USERNAME,
        Category.POSTAL_CODE,
    }
)
_PHONES = frozenset({Category.PHONE, Category.FAX})
_PHRASES = frozenset({Category.STREET, Category.CITY, Category.PLACE, Category.REGION, Category.ORGANISATION})
_EXPANDED = re.compile("[aou]e|aa|ss", re.IGNORECASE)
_PUNCTUATION = re.compile(rb"[^a-z0-9]+")
_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)")
_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_STREET_WORDS = {
    b"st": b"street", b"str": b"strase", b"strasse": b"strase", b"ave": b"avenue", b"av": b"avenida", b"avda": b"avenida",
    b"rd": b"road", b"dr": b"drive", b"ln": b"lane", b"blvd": b"boulevard", b"bd": b"boulevard", b"ct": b"court",
    b"c": b"calle", b"pl": b"plaza", b"pza": b"plaza", b"ctra": b"carretera", b"r": b"rue", b"n": b"no", b"num": b"no",
}  # fmt: skip


_STREET_TYPES = frozenset(_STREET_WORDS.values()) | {
    b"via",
    b"weg",
    b"plein",
    b"camino",
    b"largo",
    b"piazza",
    b"corso",
    b"gase",
}
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_NAME, _USERNAME = Category.NAME, Category.USERNAME


class Word(NamedTuple):
    """A form that one word of a value may take."""

    form: bytes
    place: int
    """Which word of the value it is; -1: all of them, written as one."""
    score: float
    familiar: bool = False
    """A nickname."""


class Name(NamedTuple):
    """A piece of somebody's name. ``words`` has the particles too, in order."""

    form: str
    canonical: str
    words: tuple[bytes, ...]
    terms: tuple[Word, ...]
    initials: tuple[bytes, ...]


class Phrase(NamedTuple):
    """Words that count together: a street line, a town, a company."""

    words: tuple[bytes, ...]
    anchor: int
    """The word by which it is found."""
    anchors: tuple[bytes, ...]
    """The forms of that word."""


class Shape(NamedTuple):
    """What to look for, for one known value; most of it is empty."""

    names: tuple[Name, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    digits: tuple[bytes, ...] = ()
    """Digit sequences that say it, separators aside; the first is all of it."""
    literals: tuple[bytes, ...] = ()
    """Folded strings, in lower case, that say it as they stand."""
    day: tuple[int, int, int] | None = None
    """Year, month, day."""
    raw: tuple[str, ...] = ()
    """Strings in scripts without case."""
    words: frozenset[bytes] = frozenset()
    """Every form of a word by which one of ``names`` or ``phrases`` is found."""
    rare: tuple[bytes, ...] = ()
    """Those of ``words`` that are long and rare enough to be looked for with a typing error."""


NOTHING = Shape()
"""Where its like is not looked for."""


def shape(known: Known) -> Shape:
    """What to look for, for ``known``; ``NOTHING`` where there is nothing to look for."""
    category = known.category
    if category is _NAME:
        found = _name(known)
    elif category in _NUMBERS:
        found = _number(known)
    elif category in _PHRASES:
        found = _phrases(known)
    elif category in (Category.BIRTH_DATE, Category.DEATH_DATE):
        found = Shape(day=_day(known.value))
    elif category is Category.EMAIL:
        found = Shape(literals=(_folded(known.value),))
    else:
        return NOTHING
    return found if any(found) else NOTHING


def street_word(word: bytes) -> bytes:
    """The long form of a word of a street line."""
    return _STREET_WORDS.get(word, word)


def is_particle(word: bytes) -> bool:
    """Whether a word of a name or a line says nothing by itself (``de``, ``van``)."""
    return word in _PARTICLES


def _folded(text: str) -> bytes:
    return text.lower().encode() if text.isascii() and text.isprintable() else fold_word(text).lower()


def _is_other(text: str) -> bool:
    """Whether it has letters of a script without case."""
    return not text.isascii() and _OTHER in fold_word(text)


def _name(known: Known) -> Shape:
    if known.form in ("prefix", "suffix"):
        return NOTHING
    if known.form.startswith("name"):
        found = names.pieces(known.value, known.form == "name.family_first")
        split = [(piece.kind, piece.text) for piece in found]
    else:
        split = [(known.form, known.value)]
    made = [_named(form, text) for form, text in split]
    raw = (known.value, known.value.replace(" ", "")) if _is_other(known.value) else ()
    terms = [term for name in made for term in name.terms]
    return Shape(
        names=tuple(name for name in made if name.terms or name.initials),
        raw=tuple(text for text in dict.fromkeys(raw) if len(text) > 1),
        words=frozenset([term.form for term in terms]),
        rare=_rare([term.form for term in terms if not term.familiar]),
    )


def _named(form: str, text: str) -> Name:
    words = tuple(_WORDS.findall(_folded(text)))
    spelt = _SPELT.findall(text)
    given = form in ("given", "middle")
    terms: dict[bytes, Word] = {}
    for place, word in enumerate(words):
        if len(word) < 2 or word in _PARTICLES or word in _TITLES or _OTHER in word:
            continue
        terms.setdefault(word, Word(word, place, EXACT))
        for other in _spellings(spelt[place] if len(spelt) == len(words) else word.decode()):
            terms.setdefault(other, Word(other, place, VARIANT))
        for other in _familiar(word) if given else ():
            terms.setdefault(other, Word(other, place, VARIANT, familiar=True))
    whole = b"".join(words)
    if 1 < len(words) < 5 and terms and _OTHER not in whole:
        terms.setdefault(whole, Word(whole, -1, VARIANT))
    initials = dict.fromkeys(word[:1] for word in words if word not in _PARTICLES and word not in _TITLES)
    return Name(form, text, words, tuple(terms.values()), tuple(initials if given else [*initials][:1]))


def _spellings(word: str) -> Iterator[bytes]:
    if not word.isascii() or _EXPANDED.search(word):
        yield from (spelling.encode("ascii", "ignore") for spelling in names.spellings(word))


def _familiar(word: bytes) -> Iterator[bytes]:
    common = ordinary()
    for other in names.nicknames(word.decode("ascii", "ignore")):
        form = other.encode("ascii", "ignore")
        if form not in common or len(form) > 3:
            yield form


def _number(known: Known) -> Shape:
    folded = _folded(known.value)
    bare = folded if folded.isalnum() else _PUNCTUATION.sub(b"", folded)
    if known.category is _USERNAME or not bare.isdigit():
        groups = _TOKENS.findall(folded)
        forms = dict.fromkeys((folded, *(separator.join(groups) for separator in (b"", b"-", b" ", b"."))))
        telling = len(bare) >= 4 and (not bare.isalpha() or (known.category is _USERNAME and bare not in ordinary()))
        digits = _phone(b"".join(group for group in groups if group.isdigit())) if known.category in _PHONES else ()
        return Shape(literals=tuple(forms) if telling else (), digits=digits)
    if known.category in _PHONES:
        return Shape(digits=_phone(bare))
    short = bare.lstrip(b"0")
    forms_ = tuple(dict.fromkeys(form for form in (bare, short) if len(form) >= 5))
    return Shape(digits=forms_)


def _phone(bare: bytes) -> tuple[bytes, ...]:
    """With and without country and area code; national numbers have nine or ten digits, local ones seven."""
    national = bare.lstrip(b"0")
    forms = [bare, national, *(national[-keep:] for keep in (10, 9, 7) if len(national) >= keep + 1)]
    return tuple(dict.fromkeys(form for form in forms if len(form) >= 7))


def _phrases(known: Known) -> Shape:
    lines = known.value.replace("\n", ",").split(",") if known.form == "address" else [known.value]
    found = []
    for line in lines:
        words = tuple(_TOKENS.findall(_folded(line)))
        anchor = _anchor(words)
        if anchor >= 0:
            found.append(Phrase(words, anchor, tuple({words[anchor], *_line_forms(words[anchor])})))
    raw = (known.value,) if _is_other(known.value) and len(known.value) > 1 else ()
    anchors = [form for phrase in found for form in phrase.anchors]
    return Shape(phrases=tuple(found), raw=raw, words=frozenset(anchors), rare=_rare(anchors))


def _rare(words: Iterable[bytes]) -> tuple[bytes, ...]:
    common = ordinary()
    return tuple([word for word in words if len(word) >= MINIMUM_LENGTH and word not in common])


def _anchor(words: tuple[bytes, ...]) -> int:
    common = ordinary()
    ranked = [
        (word not in common, street_word(word) not in _STREET_TYPES, len(word), -place)
        for place, word in enumerate(words)
        if len(word) > 2 and word.isalpha() and word not in _PARTICLES
    ]
    return -max(ranked)[3] if ranked else -1


def _line_forms(word: bytes) -> Iterator[bytes]:
    for long in (b"strase", b"strasse", b"straat", b"street"):
        if word.endswith(long) and len(word) > len(long):
            yield from (word[: -len(long)] + ending for ending in (b"str", b"strase", b"strasse"))
    if word.endswith(b"str") and len(word) > 5:
        yield from (word[:-3] + ending for ending in (b"strase", b"strasse"))


def _day(value: str) -> tuple[int, int, int] | None:
    found = _COMPACT_DATE.match(value) or _ISO_DATE.match(value)
    if found is None:
        return None
    year, month, day = (int(number) for number in found.groups())
    return (year, month, day) if year > 0 and 1 <= month <= 12 and 1 <= day <= 31 else None
