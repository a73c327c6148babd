"""Compressed frames without what is not pixels: comments, and what programs write for one another, overwritten with zeros.

Every byte stays where it is, so that neither lengths nor offsets change and decoded pixels are the same, bit for bit. Frames
without any are not touched. Native pixels are none of its business, and nothing is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from mmap import mmap
from struct import pack, unpack_from
from typing import TypeAlias

from deidstream.core.document import Splice, apply_splices
from deidstream.core.errors import Malformed
from deidstream.formats.dicom.document import DicomDocument, split
from deidstream.formats.dicom.element import PIXELS, Element
from deidstream.formats.dicom.pixels.streams import PADDING, is_stream, unsaid

__all__ = ["Anew", "silenced", "silences"]

Anew: TypeAlias = list[tuple[int, bytes]]
"""Bytes, and where they go, in order."""
_ITEM = b"\xfe\xff\x00\xe0"
_PREFIX = "1.2.840.10008.1.2.4."
_STREAMS = frozenset(f"{_PREFIX}{number}" for number in (*range(50, 71), 80, 81, 90, 91, 92, 93, 201, 202, 203))
"""Transfer syntaxes whose frames are JPEG, JPEG-LS or JPEG 2000 (PS3.5, A.4)."""


def silenced(document: DicomDocument) -> DicomDocument:
    """``document`` with what is not pixels gone from all of its encapsulated pixel data; itself where there is none.

    Raises Malformed: ``frame-broken``, ``frames-unclear``, ``fragments-broken``.
    """
    said = next((document.bare(one) for one in document.opened.meta if one.tag == 0x00020010), b"")
    syntax = said.rstrip(b"\0 ").decode("ascii", "replace")
    found = []
    for element in document.walk():
        if element.tag in PIXELS and _is_encapsulated(document, element, syntax):
            anew = silences(document.body, element.value, element.end, syntax)
            if anew:
                value = apply_splices(
                    document.bare(element),
                    [Splice(at - element.value, at - element.value + len(new), new) for at, new in anew],
                )
                found.append(Splice(element.value, element.end, value))
    return split(apply_splices(document.source, document.completed(found))) if found else document


def _is_encapsulated(document: DicomDocument, element: Element, syntax: str) -> bool:
    """Whether frames stand in it: also where it has a length, which is against the rules (PS3.5, A.4) and read all the same.

    Of a compressed instance the pixel data itself has to be; pictures inside of sequences may be native.
    """
    if element.undefined or syntax not in _STREAMS or element.value == element.end:
        return element.undefined
    return "." not in element.path or document.bare(element).startswith(_ITEM)


def silences(body: bytes | mmap, start: int, end: int, syntax: str) -> Anew:
    """What to write into ``body``, whose encapsulated pixel data is ``[start, end)``. One frame at a time is read."""
    items = list(_items(body, start, end))
    if not items:
        raise Malformed("fragments-broken", "PixelData")
    table, *rest = items
    frames = list(_frames(body, rest)) if syntax in _STREAMS else [[one] for one in rest]
    found = _table(body, table, [frame[0][0] for frame in frames], [one[0] for one in rest])
    if syntax in _STREAMS:
        for frame in frames:
            found += _frame(body, frame)
    return found


def _items(body: bytes | mmap, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= end and body[at : at + 4] == _ITEM:
        (length,) = unpack_from("<I", body, at + 4)
        yield at + 8, at + 8 + length
        at += 8 + length


def _frames(body: bytes | mmap, items: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    """A frame begins with each fragment in which a stream does: no header has to say how many there are."""
    first = [number for number, (start, end) in enumerate(items) if is_stream(body[start : min(end, start + 12)])]
    if items and first[:1] != [0]:
        raise Malformed("frame-broken", "PixelData")
    for start, end in pairwise([*first, len(items)]):
        yield list(items[start:end])


def _table(body: bytes | mmap, table: tuple[int, int], frames: Sequence[int], items: Sequence[int]) -> Anew:
    """The Basic Offset Table, where it says something else than where items are. It has one offset a frame, or none."""
    start, end = table
    offsets = list(unpack_from(f"<{(end - start) // 4}I", body, start))
    origin = end + 8
    places = {item - origin for item in items}
    if (end - start) % 4 == 0 and offsets == sorted(set(offsets)) and places.issuperset(offsets):
        return []
    if end - start != 4 * len(frames) or frames[-1] - origin >= 2**32:
        raise Malformed("frames-unclear", "PixelData")
    return [(start, pack(f"<{len(frames)}I", *(frame - origin for frame in frames)))]


def _frame(body: bytes | mmap, fragments: Sequence[tuple[int, int]]) -> Anew:
    """Zeros for what ``unsaid`` names, and for what stands behind the image, in each of the fragments that it lies in."""
    whole = b"".join(body[start:end] for start, end in fragments)
    found, last = unsaid(whole)
    if whole[last:].strip(PADDING):
        found.append((last, len(whole)))
    anew: Anew = []
    at = 0
    for start, end in fragments if found else ():
        for one, stop in sorted(found):
            low, high = max(one, at), min(stop, at + end - start)
            if low < high:
                anew.append((start + low - at, bytes(high - low)))
        at += end - start
    return anew
