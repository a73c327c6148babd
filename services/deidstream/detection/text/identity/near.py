"""Which known words a word is one typing error away from: an insertion, a deletion, a substitution, a transposition.

One error leaves the first or the last letters of a word as they were, so candidates are looked up by these.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["MINIMUM_LENGTH", "NearIndex", "one_error"]

MINIMUM_LENGTH = 5
"""Shorter words have too many neighbours that are other words."""


class NearIndex:
    """Known words by their first two and their last three letters."""

    def __init__(self, words: Iterable[bytes]) -> None:
        self._heads: dict[bytes, list[bytes]] = {}
        self._tails: dict[bytes, list[bytes]] = {}
        for word in words:
            if len(word) >= MINIMUM_LENGTH:
                for head in {word[:2], word[:1] + word[2:3]}:
                    self._heads.setdefault(head, []).append(word)
                self._tails.setdefault(word[-3:], []).append(word)

    def find(self, tokens: Iterable[bytes]) -> dict[bytes, list[bytes]]:
        """Those of ``tokens`` that are one error away from known words, and from which."""
        if not self._heads:
            return {}
        heads, tails = self._heads, self._tails
        found: dict[bytes, list[bytes]] = {}
        for token in tokens:
            candidates = heads.get(token[:2])
            also = tails.get(token[-3:])
            if candidates or also:
                length = len(token)
                near = [
                    word
                    for word in {*(candidates or ()), *(also or ())}
                    if -1 <= len(word) - length <= 1 and one_error(token, word)
                ]
                if near:
                    found[token] = sorted(near)  # sets of bytes have another order in every process
        return found


def one_error(one: bytes, other: bytes) -> bool:
    """Whether exactly one edit, or the exchange of two neighbours, makes the two equal."""
    if len(one) > len(other):
        one, other = other, one
    length = len(one)
    at = 0
    while at < length and one[at] == other[at]:
        at += 1
    if length < len(other):
        return one[at:] == other[at + 1 :]
    if at == length:
        return False
    exchanged = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or exchanged
