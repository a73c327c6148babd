"""How a personal name is read off a text, word by word, from a place where one is expected."""

from __future__ import annotations

import re
from typing import NamedTuple

from deidstream.detection.text.allow import terms
from deidstream.detection.text.rules.gazetteer import family_names, given_names

__all__ = ["Name", "in_gazetteer", "name_form", "name_score", "read_name", "stops_name"]

_WORD = re.compile(
    rb"(?:[A-Z](?:-[A-Z])?\.(?:[ -]?[A-Z]\.)*|(?:(?:[A-Za-z]')?[A-Za-z]+(?:[-'][A-Za-z]+)*)(?![A-Za-z0-9@_\x80/]))"
)
_GAP = re.compile(rb"[ \t]+")
_NO_GAP = re.compile(rb"(?=[A-Z][a-z])")
_COMMA = re.compile(rb"[ \t]*,[ \t]*")
_CARET = re.compile(rb"\^")
_PARTICLES = frozenset(
    b"de del la las los y e i da das do dos di della dello dei degli du des le van von der den dem ter ten "
    b"te zu zur zum vom af av "
    b"al el ben bin ibn abu st st. mac d' san santa".split()
)
_STREETS = frozenset(
    (
        b"plaza calle paseo avenida avda avda. av av. ctra ctra. carretera rua rue via camino ronda travesia "
        b"urbanizacion straat apartado callejon glorieta carrer poligono"
    ).split()
)
_NO_NAMES = _STREETS | frozenset(
    (b"correos tfno tfnos tlf tlfno telf universitario universitat universite consorcio complejo departament").split()
)
"""What begins an address, an institution or another entry of a heading, and is no term: no name goes on over it."""
_CONJUNCTIONS = frozenset(b"y e i".split())
_TITLES = frozenset(
    b"dr dra drs sr sra srta mr mrs ms mme mlle prof herr frau don dona dhr mevr mevrouw sig dott".split()
)
_LONGEST = 6


class Name(NamedTuple):
    """Where the name stands, and of what words: how many, how many are known names, how many initials."""

    start: int
    end: int
    words: int
    known: int
    initials: int
    inverted: bool


def read_name(buffer: bytes, position: int, lower: bool = False, comma: bool = True) -> Name | None:
    """The name that begins at ``position``, up to six words; None where the next word cannot be one.

    ``lower``: words in lower case count too (``nombre: ana ruiz``). ``comma``: ``Doe, John`` and ``DOE^JOHN`` read as one.
    """
    start = end = -1
    count = known = initials = 0
    inverted = joined = False
    while count < _LONGEST:
        word = _WORD.match(buffer, position)
        if word is None:
            break
        text = word.group()
        key = text.lower()
        if key in _PARTICLES and (count or not text.isupper()):
            start = position if start < 0 else start
            gap = _GAP.match(buffer, word.end())
            if gap is None:
                break
            position, joined = gap.end(), key in _CONJUNCTIONS
            continue
        if (joined and text.endswith(b".")) or key in _TITLES:
            break
        joined = False
        if not _may_be_name(buffer, text, key, word.end(), count, lower):
            break
        start = position if start < 0 else start
        end = word.end()
        count += 1
        initials += text.endswith(b".") or len(text) == 1
        known += in_gazetteer(key)
        gap = _GAP.match(buffer, end) or (_NO_GAP.match(buffer, end) if text.endswith(b".") else None)
        if gap is None and comma and not inverted:
            gap = _given_follows(buffer, end)
            inverted = gap is not None
        if gap is None:
            break
        position = gap.end()
    return Name(start, end, count, known, initials, inverted) if count else None


def name_score(name: Name, sure: float) -> float:
    """``sure``, and more for each of its words that is a listed name."""
    return min(1.0, sure + 0.05 * name.known)


def name_form(name: Name) -> str:
    """As ``Finding.form`` has it."""
    if name.inverted:
        return "name.family_first"
    return "family" if name.words == 1 else "name"


def in_gazetteer(key: bytes) -> bool:
    """Whether a folded, lower-case word (or each side of its hyphen) is a listed given or family name."""
    if key in given_names() or key in family_names():
        return True
    return b"-" in key and all(piece in given_names() or piece in family_names() for piece in key.split(b"-"))


def stops_name(key: bytes) -> bool:
    """Whether a folded, lower-case word cannot be part of a name: a heading, a function word, a drug."""
    return key in terms() and key not in family_names() and key not in given_names()


def _may_be_name(buffer: bytes, text: bytes, key: bytes, end: int, count: int, lower: bool) -> bool:
    first = text[0]
    if not 65 <= first <= 90:
        return lower and len(key) > 1 and not stops_name(key)
    if text.endswith(b".") or len(text) == 1:
        return text.endswith(b".") or (
            _CAPITAL_NEXT.match(buffer, end) is not None if count == 0 else key in b"abcdefghjklmnoprstvw"
        )
    if stops_name(key) or (b"-" in key and any(stops_name(piece) for piece in key.split(b"-"))):
        return False
    if count and key in _NO_NAMES:
        return False
    if count > 1 and text.isupper() and len(text) > 1:
        return in_gazetteer(key) or not _capitals_follow(buffer, end)
    return len(text) < 25


_CAPITAL_NEXT = re.compile(rb"[ \t]+[A-Z][A-Za-z]{2}")
_CAPITALS = re.compile(rb"[ \t]+[A-Z]{2,}\b")


def _capitals_follow(buffer: bytes, end: int) -> bool:
    """In a line of capitals any word could be a name: then only listed names count."""
    return _CAPITALS.match(buffer, end) is not None


def _given_follows(buffer: bytes, end: int) -> re.Match[bytes] | None:
    """The comma or caret between family and given name."""
    caret = _CARET.match(buffer, end)
    if caret is not None:
        return caret
    gap = _COMMA.match(buffer, end)
    if gap is None:
        return None
    word = _WORD.match(buffer, gap.end())
    return gap if word is not None and word.group().lower() in given_names() and word.group()[:1].isupper() else None
