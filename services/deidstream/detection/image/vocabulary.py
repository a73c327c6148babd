"""What may stand in pixels because it names nobody: measurements, settings, sides, scale marks.

Everything else is an identifier until something says otherwise: a name alone on a screen has no context that gives it away.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from unicodedata import normalize

from deidstream.detection.text.allow import terms
from deidstream.detection.text.fold import fold_word

__all__ = ["is_harmless", "is_moment"]

_UNITS = (
    r"(?:%|°|mm|cm|m|um|µm|μm|nm|ml|l|cc|dl|g|kg|mg|mcg|cm[23]|mm[23]|m2|[cm]?m/s2?|mmhg|ms|msec|sec|s|min|hz|khz|mhz|fps|db|bpm"
    r"|kv|kvp|ma|mas|mgy|mgycm|gy|hu|v|mv|uv|t|deg|px|w|d|x)"
)
_VALUE = rf"[~<>≤≥=±+-]{{0,2}}\d{{1,4}}(?:[.,]\d{{1,4}})?{_UNITS}?"
_NUMBER = re.compile(rf"(?:{_VALUE})(?:[x×*](?:{_VALUE})){{0,2}}", re.IGNORECASE)
_SETTING = re.compile(r"(?:\d?[a-z]{1,4}\d{1,3}|\d{1,2}[a-z]{1,3}\d?)", re.IGNORECASE)
"""Of letters and few digits: transducers, sequences, presets."""
_AGE = re.compile(r"\d{1,3}(?:[ymwd]|yrs?|yo|mo)", re.IGNORECASE)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:[ap]m)?", re.IGNORECASE)
_DATED = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[-/]\d{4}|\d{3,}-\d{3,}")
_SEPARATORS = re.compile(r"[:=/,;()\[\]{}|_*#•·\-–—&+'\"<>~^?!\\.]+")
_MOST_DIGITS = 6
_GLYPH = re.compile(r"\W+")


def is_harmless(token: str) -> bool:
    """Whether ``token``, a run of characters without blanks, identifies nobody by what it is made of."""
    token = normalize("NFKC", token).strip("-–—−_~.,;:*|'\"·•°")
    if not token or _GLYPH.fullmatch(token) or (_NUMBER.fullmatch(token) and not _AGE.fullmatch(token)):
        return True
    if sum(map(str.isdigit, token)) > _MOST_DIGITS or _DATED.search(token) or _CLOCK.search(token):
        return False
    if token.casefold() in _vocabulary():
        return True
    atoms = [atom for atom in _SEPARATORS.split(token) if atom]
    return bool(atoms) and all(map(_is_harmless_atom, atoms))


def is_moment(token: str) -> bool:
    """Whether it is a time of day."""
    return _CLOCK.fullmatch(token) is not None


def _is_harmless_atom(atom: str) -> bool:
    if _AGE.fullmatch(atom):
        return atom.casefold() in _vocabulary()
    if _NUMBER.fullmatch(atom) or _SETTING.fullmatch(atom) or atom.casefold() in _vocabulary():
        return True
    # No eponyms: Parkinson is a patient here, where no sentence says otherwise.
    return len(atom) > 1 and atom.isalpha() and fold_word(atom).lower() in terms()


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    text = (files(__package__) / "vocabulary.txt").read_text("utf-8")
    return frozenset(word.casefold() for line in text.splitlines() if not line.startswith("#") for word in line.split())
