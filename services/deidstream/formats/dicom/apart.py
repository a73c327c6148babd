"""An instance without its pixel data: a few bytes stand for what nobody looks at, and what comes out gets it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from mmap import mmap
from struct import pack

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.element import Element
from deidstream.formats.dicom.preamble import Opening, opening
from deidstream.formats.dicom.reader import bulk

__all__ = ["Apart", "apart", "together"]

_META = 1 << 16
"""Bytes within which file meta information ends."""
_BEHIND = 1 << 20
"""Bytes behind the pixel data: padding, a digital signature."""
_OFFSETS = bytes.fromhex("feff00e000000000")
_END = bytes.fromhex("feffdde000000000")
"""An empty table of offsets, and the end of encapsulated frames (PS3.5, A.4)."""
_COMPRESSED = "1.2.840.10008.1.2.4."
"""With it begin the transfer syntaxes of JPEG, JPEG-LS, JPEG 2000 and video."""
_SCAN = bytes.fromhex("ffd8ffda0002")


@dataclass(frozen=True, slots=True)
class Apart:
    """``source``: the instance, with ``mark`` in the place of its pixel data, the bytes ``[start, end)`` of where it came from.

    ``syntax``: its transfer syntax, where the pixel data is encapsulated.
    """

    source: bytes = field(repr=False)
    mark: bytes = field(repr=False)
    start: int
    end: int
    syntax: str = ""


def apart(body: bytes | mmap, mark: bytes) -> Apart | None:
    """``body`` without its pixel data; no more of it is read than what stands before and behind. ``mark``: an even number of bytes
    that nobody can guess.

    None where that cannot be done: pixel data that is deflated, inside a sequence, not there, or compressed and yet of a length;
    what breaks the rules, which is for those to say who read all of it.
    """
    try:
        opened = opening(bytes(body[:_META]))
        element = None if opened.deflated else bulk(body, opened.start, opened.encoding)
    except Malformed:
        return None
    if element is None or element.value == element.end or len(body) - element.end > _BEHIND:
        return None
    if not element.undefined and _syntax(opened).startswith(_COMPRESSED):
        return None
    standing = _standing(mark) if element.undefined else mark
    head = bytearray(body[: element.value])
    if not element.undefined:
        _measure(head, element, len(standing), opened)
    source = bytes(head) + standing + body[element.end :]
    return Apart(source, standing, element.value, element.end, _syntax(opened) if element.undefined else "")


def together(released: bytes, taken: Apart) -> tuple[bytes, bytes] | None:
    """What stands before and behind the pixel data of a released instance. None where its mark does not stand there, untouched,
    any more: then it gets nothing back. Raises Malformed for what is no instance.
    """
    opened = opening(released)
    element = bulk(released, opened.start, opened.encoding)
    if element is None or released[element.value : element.end] != taken.mark:
        return None
    head = bytearray(released[: element.value])
    if not element.undefined:
        _measure(head, element, taken.end - taken.start, opened)
    return bytes(head), released[element.end :]


def _standing(mark: bytes) -> bytes:
    """``mark`` as the one fragment of an encapsulated frame: a scan of JPEG, which holds no byte that could be a marker."""
    frame = _SCAN + mark.hex().encode() + b"\xff\xd9"
    return _OFFSETS + pack("<HHI", 0xFFFE, 0xE000, len(frame)) + frame + _END


def _syntax(opened: Opening) -> str:
    found = next((opened.body[one.value : one.end] for one in opened.meta if one.tag == 0x00020010), b"")
    return found.rstrip(b"\0 ").decode("ascii", "replace")


def _measure(head: bytearray, element: Element, length: int, opened: Opening) -> None:
    size = "I" if element.length_size == 4 else "H"
    head[element.length_at : element.length_at + element.length_size] = pack(opened.encoding.order + size, length)
