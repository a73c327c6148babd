"""Texts whose capitals say nothing, as a model reads them best.

Whole reports are written in capitals, and whole messages without any. What a model has learned of names hangs on their capitals:
there it reads each word with a capital first, which was measured to find more than either (models/training/README.md). Places
stay the same.
"""

from __future__ import annotations

import re

__all__ = ["recased"]

_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = 16
"""Of two cases; fewer are too few to say how a text is written."""
_CAPITALS = 0.8
"""A text with so many capitals among its letters has them everywhere."""


def recased(text: str) -> str:
    """``text``, of the same length: with a capital at the beginning of each word, where it has nothing but capitals, or none."""
    upper = sum(map(str.isupper, text))
    lower = sum(map(str.islower, text))
    if upper + lower < _LETTERS or 0 < upper < _CAPITALS * (upper + lower):
        return text
    return text.title() if text.isascii() else _WORD.sub(_capitalised, text)  # the same, sooner


def _capitalised(word: re.Match[str]) -> str:
    first, rest = word[0][0], word[0][1:]
    return _as_long(first, first.upper()) + "".join(_as_long(one, one.lower()) for one in rest)


def _as_long(character: str, other: str) -> str:
    """``other``, unless it takes more or less than one place: the upper case of ``ß`` has two."""
    return other if len(other) == 1 else character
