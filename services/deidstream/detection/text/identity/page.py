"""The texts of a case as one folded buffer, and what the finders ask of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.core.document import Part
from deidstream.detection.text.fold import Folded, fold
from deidstream.detection.text.languages import guess

__all__ = ["Mark", "Page"]

_WORD = re.compile(rb"[a-z\x80]{3,}")
_SHORT = re.compile(rb"[a-z\x80]+")
_BEFORE = re.compile(rb"([a-z\x80]+|[0-9]+)[ \t\r\n.,'`\"#/\-]{0,3}$")
_AFTER = re.compile(rb"[ \t\r\n.,'`\"#/\-]{0,3}([a-z\x80]+|[0-9]+)")
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz\x80")
_WINDOW = 40
_LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt")

Mark = tuple[int, int]
"""Half-open range of bytes of the buffer."""


class Page:
    """``lower`` is the buffer in lower case; positions in it are positions in ``folded.buffer``."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.folded: Folded = fold([part.text for part in parts])
        self.buffer = self.folded.buffer
        self.lower = self.buffer.lower()

    def tokens(self) -> set[bytes]:
        """The different words of three and more letters."""
        return set(_WORD.findall(self.lower))

    def short_tokens(self) -> set[bytes]:
        """The different words of any length."""
        return set(_SHORT.findall(self.lower))

    def occurrences(self, word: bytes) -> Iterator[Mark]:
        """Where ``word`` stands as a word."""
        lower, length, letters = self.lower, len(word), _LETTERS
        at = lower.find(word)
        while at >= 0:
            end = at + length
            if lower[at - 1] not in letters and lower[end] not in letters:
                yield at, end
            at = lower.find(word, end)

    def word_before(self, position: int) -> tuple[bytes, Mark] | None:
        """The word or number that ends just before ``position``, at most a few separators away."""
        start = max(0, position - _WINDOW)
        found = _BEFORE.search(self.lower[start:position])
        return (found[1], (start + found.start(1), start + found.end(1))) if found else None

    def word_after(self, position: int) -> tuple[bytes, Mark] | None:
        """The word or number that begins just after ``position``, at most a few separators away."""
        found = _AFTER.match(self.lower, position, position + _WINDOW)
        return (found[1], found.span(1)) if found else None

    def capitalised(self, position: int) -> bool:
        """Whether the letter at ``position`` is a capital."""
        return 0x41 <= self.buffer[position] <= 0x5A or self.lower[position] == 0x80

    def in_german(self, position: int) -> bool:
        """Whether the text around ``position`` is German, where every noun has a capital."""
        number = self.text_of(position)
        language = self.parts[number].language[:2]
        return (language or guess(self.buffer, self.folded.starts[number], _LANGUAGES)) == "de"

    def text_of(self, position: int) -> int:
        """Which part the byte at ``position`` belongs to."""
        return self.folded.text_at(position)
