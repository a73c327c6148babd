"""Which known words a word is one typing error away from: an insertion, a deletion, a substitution, a transposition.

One error leaves the first or the last letters of a word as they were, so candidates are looked up by these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

__all__ = ["MINIMUM_LENGTH", "near", "one_error"]

MINIMUM_LENGTH = 5
"""Shorter words have too many neighbours that are other words."""


def near(tokens: Iterable[bytes], known: Iterable[Collection[bytes]]) -> dict[bytes, list[bytes]]:
    """Those of ``tokens`` that are one error away from words of ``known``, and from which, in order."""
    sought = list(tokens)
    heads, tails = {token[:2] for token in sought}, {token[-3:] for token in sought}
    by_head: dict[bytes, list[bytes]] = {}
    by_tail: dict[bytes, list[bytes]] = {}
    for word in {word for words in known for word in words}:
        for head in {word[:2], word[:1] + word[2:3]} & heads:
            by_head.setdefault(head, []).append(word)
        if word[-3:] in tails:
            by_tail.setdefault(word[-3:], []).append(word)
    found: dict[bytes, list[bytes]] = {}
    if by_head or by_tail:
        for token in sought:
            length = len(token)
            words = {*by_head.get(token[:2], ()), *by_tail.get(token[-3:], ())}
            close = [word for word in words if -1 <= len(word) - length <= 1 and one_error(token, word)]
            if close:
                found[token] = sorted(close)  # sets of bytes have another order in every process
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
