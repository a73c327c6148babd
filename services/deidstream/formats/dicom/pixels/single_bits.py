"""Pixels of one bit (PS3.5, 8.1.1 and annex D): one after the other, the least significant bit of a byte first, and the first of a
frame is not the first of a byte but by chance."""

from __future__ import annotations

import numpy as np

__all__ = ["cut", "put"]


def cut(value: bytes | memoryview, number: int, pixels: int) -> bytes:
    """Frame ``number`` (from 0) of ``pixels`` each, as if it were the first: its bits from the least significant of a byte."""
    start, end = number * pixels, (number + 1) * pixels
    bits = _bits(value[start // 8 : -(-end // 8)])
    return np.packbits(bits[start % 8 : start % 8 + pixels], bitorder="little").tobytes()


def put(value: bytearray, number: int, pixels: int, frame: bytes) -> None:
    """``frame``, as ``cut`` gives it, in the place of frame ``number``; all bits before and behind it stay."""
    start, end = number * pixels, (number + 1) * pixels
    touched = slice(start // 8, -(-end // 8))
    bits = _bits(value[touched])
    bits[start % 8 : start % 8 + pixels] = _bits(frame)[:pixels]
    value[touched] = np.packbits(bits, bitorder="little").tobytes()


def _bits(value: bytes | bytearray | memoryview) -> np.typing.NDArray[np.uint8]:
    return np.unpackbits(np.frombuffer(value, np.uint8), bitorder="little")
