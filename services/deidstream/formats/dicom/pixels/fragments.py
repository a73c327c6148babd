"""Encapsulated pixel data (PS3.5, annex A.4): which fragments are which frame, and frames put in anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import pack, unpack_from

from deidstream.core.errors import Malformed

__all__ = ["Fragments", "encapsulated", "fragments"]

_ITEM = pack("<HH", 0xFFFE, 0xE000)
_END = pack("<HHI", 0xFFFE, 0xE0DD, 0)

Fragments = Sequence[Sequence[tuple[int, int]]]
"""For each frame the half-open byte ranges of its fragments in the value."""


def fragments(value: bytes, frames: int, extended: Sequence[int] = ()) -> Fragments:
    """The fragments of each frame of ``value``, a PixelData of undefined length. ``extended``: Extended Offset Table.

    Raises Malformed (``frames-unclear``) where nothing says which fragment belongs to which frame.
    """
    first, *rest = _items(value)
    offsets = list(extended) or list(unpack_from(f"<{(first[1] - first[0]) // 4}I", value, first[0]))
    if frames == 1:
        return [rest]
    if len(offsets) == frames:
        return _by_offset(rest, [offset + first[1] for offset in offsets])
    if len(rest) == frames:
        return [[one] for one in rest]
    raise Malformed("frames-unclear", "PixelData")


def encapsulated(value: bytes, found: Fragments, changed: Mapping[int, bytes]) -> bytes:
    """``value`` with the frames (from 0) in ``changed``, each as one fragment, and a Basic Offset Table; the others keep theirs."""
    offsets: list[int] = []
    out: list[bytes] = []
    at = 0
    for number, ranges in enumerate(found):
        pieces = [changed[number]] if number in changed else [value[start:end] for start, end in ranges]
        offsets.append(at)
        for piece in pieces:
            even = piece + b"\0" * (len(piece) % 2)
            out.append(_ITEM + pack("<I", len(even)) + even)
            at += 8 + len(even)
    table = pack(f"<{len(offsets)}I", *offsets) if at < 2**32 else b""
    return b"".join((_ITEM, pack("<I", len(table)), table, *out, _END))


def _items(value: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 0
    while value[at : at + 4] == _ITEM and at + 8 <= len(value):
        (length,) = unpack_from("<I", value, at + 4)
        if at + 8 + length > len(value):
            raise Malformed("truncated", "PixelData")
        found.append((at + 8, at + 8 + length))
        at += 8 + length
    if len(found) < 2:
        raise Malformed("fragments-broken", "PixelData")
    return found


def _by_offset(rest: Sequence[tuple[int, int]], starts: Sequence[int]) -> Fragments:
    """Offsets are those of items, eight bytes before their values."""
    frames: list[list[tuple[int, int]]] = []
    wanted = set(starts)
    for start, end in rest:
        if start - 8 in wanted:
            frames.append([])
        if not frames:
            raise Malformed("frames-unclear", "PixelData")
        frames[-1].append((start, end))
    if len(frames) != len(starts) or list(starts) != sorted(starts):
        raise Malformed("frames-unclear", "PixelData")
    return frames
