"""How one name is written in many ways: order, initials, familiar forms, marks, umlauts, particles, titles."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from deidstream.core.surrogate.person import PARTICLES, SUFFIXES, TITLES

__all__ = ["PARTICLES", "SUFFIXES", "TITLES", "Piece", "nicknames", "pieces", "plain", "spellings", "words"]

_WORD = re.compile(r"[^\W\d_]+")
_COMMA = re.compile(r"[,;]")
_LETTERS = str.maketrans(
    {
        "ß": "s",
        "ø": "o",
        "æ": "a",
        "œ": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "t",
        "ı": "i",
        "ħ": "h",
        "ŋ": "n",
        "ŧ": "t",
    }
)
_EXPANSIONS = (
    ("ä", "ae"),
    ("ö", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("ø", "oe"),
    ("æ", "ae"),
    ("å", "aa"),
    ("œ", "oe"),
    ("þ", "th"),
)
_NICKNAME_FOLDER = Path(__file__).parent / "nicknames"


class Piece(NamedTuple):
    """A part of a whole name: ``kind`` is ``family`` or ``given``, ``text`` as it was written, particles with it."""

    kind: str
    text: str


def plain(word: str) -> str:
    """Lower case, one letter for each letter, without marks: ``MÜLLER`` is ``muller``."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).lower().translate(_LETTERS))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words(name: str) -> tuple[str, ...]:
    """The words of a name in plain form; hyphens, apostrophes, full stops and spaces separate."""
    return tuple(_WORD.findall(plain(unicodedata.normalize("NFC", name))))


def spellings(word: str) -> frozenset[str]:
    """The plain forms of one word, with umlauts written out and pulled together: ``muller`` and ``mueller`` for either."""
    lower = unicodedata.normalize("NFC", word).lower()
    expanded = contracted = lower
    for letter, letters in _EXPANSIONS:
        expanded = expanded.replace(letter, letters)
        contracted = contracted.replace(letters, letter)
    return frozenset(plain(form) for form in (lower, expanded, contracted))


def nicknames(given: str) -> frozenset[str]:
    """Familiar forms of a given name, and the names that it is a familiar form of, in plain form, in seven languages."""
    return _nicknames().get(plain(given), frozenset())


def pieces(name: str, family_first: bool = False) -> tuple[Piece, ...]:
    """A whole name taken apart: titles and suffixes go, the family name is the last word or what stands before a comma.

    Particles go with the family name. Of three and more words without a comma, which are given names is a guess; every word is
    part of some piece, so nothing is lost by it.
    """
    before, comma, after = name.partition(",")
    if comma and not _is_suffix(after):
        return _piece("family", _named(before)) + _piece("given", _named(after))
    found = _named(before if comma else name)
    if family_first and len(found) > 1:
        return _piece("family", found[:1]) + _piece("given", found[1:])
    first = len(found) - 1
    while first > 1 and found[first - 1].lower() in PARTICLES:
        first -= 1
    return _piece("given", found[:first]) + _piece("family", found[max(first, 0) :])


def _named(text: str) -> list[str]:
    """The words that are no titles and no suffixes."""
    found = text.split()
    while len(found) > 1 and found[0].strip(".").lower() in TITLES:
        del found[0]
    while len(found) > 1 and _is_suffix(found[-1]):
        del found[-1]
    return found


def _is_suffix(text: str) -> bool:
    found = text.replace(".", "").lower().split()
    return bool(found) and all(word.strip(",") in SUFFIXES for word in found)


def _piece(kind: str, found: list[str]) -> tuple[Piece, ...]:
    return (Piece(kind, " ".join(found)),) if found else ()


@lru_cache(maxsize=1)
def _nicknames() -> dict[str, frozenset[str]]:
    related: dict[str, set[str]] = {}
    for path in sorted(_NICKNAME_FOLDER.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            formal, *familiar = (plain(word) for word in line.split())
            for word in familiar:
                if len(word) > 2 and word != formal:
                    related.setdefault(formal, set()).add(word)
                    related.setdefault(word, set()).add(formal)
    return {word: frozenset(others) for word, others in related.items()}
