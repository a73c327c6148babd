"""A secret permutation of the numbers below any N, without a fixed point, from FF1.

FF1 permutes powers of a radix; cycle walking (Black and Rogaway, 2002) cuts that down to N. A random permutation has one
fixed point on average, which would release an original. So the permutation used is E^-1(E(x) + 1 mod N): a single cycle
over all of N. Its first-return map on any subset of two or more is a single cycle too, so callers may walk on until
the result satisfies a condition that the start satisfies, and stay injective and free of fixed points.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from deidstream.core.surrogate.ff1 import FF1, BlockCipher
from deidstream.core.surrogate.prf import Prf

__all__ = ["Permutations"]

_TABLE_LIMIT = 1000
"""Below this FF1 is not defined to be strong (SP 800-38G asks for a million): the order of pseudo-random keys is."""


class Permutations:
    """One permutation for each domain size, all under one key and domain label."""

    def __init__(self, block: BlockCipher, prf: Prf, label: str) -> None:
        self._binary = FF1(block, 2, label.encode())
        self._decimal = FF1(block, 10, label.encode())
        self._table = lru_cache(maxsize=64)(self._shuffled)
        self._prf = prf
        self._label = label

    def walk(self, number: int, size: int) -> Iterator[int]:
        """All other numbers below ``size`` in secret order after ``number``; the first is its image. Empty for size < 2."""
        if size <= _TABLE_LIMIT:
            order, place = self._table(size)
            at = place[number]
            for step in range(1, size):
                yield order[(at + step) % size]
            return
        cipher, n = self._cipher(size)
        at = number
        while (at := cipher.encrypt(at, n)) >= size:
            pass
        for step in range(1, size):
            image = (at + step) % size
            while (image := cipher.decrypt(image, n)) >= size:
                pass
            yield image

    def _cipher(self, size: int) -> tuple[FF1, int]:
        digits = len(str(size - 1))
        bits = (size - 1).bit_length()
        return (self._decimal, digits) if 10**digits <= 1 << bits else (self._binary, bits)

    def _shuffled(self, size: int) -> tuple[tuple[int, ...], dict[int, int]]:
        keys = [self._prf.number("permutation", self._label, str(size), str(number)) for number in range(size)]
        order = tuple(sorted(range(size), key=keys.__getitem__))
        return order, {number: at for at, number in enumerate(order)}
