"""The subjects' own data in words as a reader of pixels reads them: O for 0, I for 1, a character too many or too few."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.core.subject import Known as Value
from deidstream.core.subject import Subject
from deidstream.detection.text.fold import fold_word

__all__ = ["Known"]

_ALIKE = str.maketrans("oqdiljsbzg", "0001115829")
"""Letters, and the digits that they are taken for."""
_WORD = re.compile(r"[^\W_]+")
_SHORTEST, _SHORTEST_NUMBER = 3, 4
_ONE_ERROR, _TWO_ERRORS = 5, 9
"""Characters from which a word that differs in one, or in two, is still the same."""


class Known:
    """What is known of ``subjects``, word by word."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self._words: dict[str, Value] = {}
        for subject in subjects:
            for value in subject.known:
                for word in _folded(value.value):
                    self._words.setdefault(word, value)

    def said(self, word: str, exactly: bool = False) -> Value | None:
        """What of somebody ``word`` may say; None: nothing. ``exactly``: no error of the reader is taken into account."""
        for folded in _folded(word) if self._words else ():
            exact = self._words.get(folded)
            if exact is not None:
                return exact
            near = (value for other, value in self._words.items() if not exactly and _is_near(folded, other))
            if (value := next(near, None)) is not None:
                return value
        return None


def _folded(text: str) -> Iterator[str]:
    for match in _WORD.finditer(fold_word(text).decode("ascii", "replace").lower()):
        if len(match[0]) >= (_SHORTEST_NUMBER if match[0].isdigit() else _SHORTEST):
            yield match[0].translate(_ALIKE)


def _is_near(word: str, other: str) -> bool:
    length = max(len(word), len(other))
    most = 2 if length >= _TWO_ERRORS else 1 if length >= _ONE_ERROR else 0
    return bool(most) and abs(len(word) - len(other)) <= most and _distance(word, other, most) <= most


def _distance(one: str, other: str, most: int) -> int:
    """Edits between two words; ``most`` + 1 where there are more."""
    row = list(range(len(other) + 1))
    for number, character in enumerate(one, 1):
        before, row[0] = row[0], number
        for at, against in enumerate(other, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (character != against))
        if min(row) > most:
            return most + 1
    return row[-1]
