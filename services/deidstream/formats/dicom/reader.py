"""Bytes to data elements: every VR and length encoding of PS3.5, chapter 7, without reading a value."""

from __future__ import annotations

from dataclasses import dataclass
from mmap import mmap
from struct import Struct

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.element import LONG, PIXELS, VRS, Element, Item, dictionary, is_private

__all__ = ["Encoding", "bulk", "leading", "read"]

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST = 32
_MOST = 500_000
"""Elements of one data set: a large enhanced multi-frame instance has some 100,000."""
_CODES = {vr.encode(): vr for vr in VRS}
_SHORT = {vr.encode(): vr for vr in VRS - LONG}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How elements are written (PS3.5, Annex A)."""

    explicit: bool
    big: bool = False

    @property
    def order(self) -> str:
        """As ``struct`` writes it."""
        return ">" if self.big else "<"


def read(body: bytes, start: int, end: int, encoding: Encoding, prefix: str = "") -> list[Element]:
    """The elements at ``[start, end)``. Raises Malformed with the place and the rule:

    ``truncated``, ``unknown-vr``, ``sequence-broken``, ``nested-too-deep``, ``too-many-elements``, ``undefined-length``,
    ``element-twice``.
    """
    return _Reader(body, encoding).elements(start, end, prefix, 0)[0]


def bulk(body: bytes | mmap, start: int, encoding: Encoding) -> Element | None:
    """The element of pixel data in the data set that begins at ``start``; None where none stands behind all elements with lesser
    tags. Of the pixel data itself nothing is read, but for the heads of its fragments. Raises as ``read``.
    """
    before = leading(body, start, encoding, min(PIXELS) - 1)
    at = before[-1].end if before else start
    reader = _Reader(body, encoding)
    if at + 8 > len(body) or (tag := reader.tag(at)) not in PIXELS:
        return None
    return reader.element(tag, at, len(body))


def leading(body: bytes | mmap, start: int, encoding: Encoding, last: int) -> list[Element]:
    """The elements from ``start`` on whose tags are not greater than ``last``, and nothing behind them. Raises as ``read``."""
    reader, found, end = _Reader(body, encoding), [], len(body)
    while start + 8 <= end and (tag := reader.tag(start)) <= last:
        found.append(reader.element(tag, start, end))
        start = found[-1].end
    return found


class _Reader:
    def __init__(self, body: bytes | mmap, encoding: Encoding, counted: int = 0) -> None:
        self._body = body
        self._encoding = encoding
        order = encoding.order
        self._tag = Struct(order + "HH").unpack_from
        self._plain = Struct(order + "HH2sH").unpack_from
        self._short = Struct(order + "H").unpack_from
        self._length = Struct(order + "I").unpack_from
        self._count = counted

    def tag(self, position: int) -> int:
        group, number = self._tag(self._body, position)
        return int(group << 16 | number)

    def element(self, tag: int, start: int, end: int) -> Element:
        return self._element(tag, start, end, "", 0)

    def elements(
        self, position: int, end: int, prefix: str, depth: int, open_end: bool = False
    ) -> tuple[list[Element], int]:
        """The elements, and where they end: at ``end``, or with ``open_end`` where an item delimiter begins."""
        if depth > _DEEPEST:
            raise Malformed("nested-too-deep", prefix)
        found: list[Element] = []
        short = _SHORT if self._encoding.explicit else {}
        last = -1
        while position < end:
            if position + 8 > end:
                raise Malformed("truncated", prefix or "dataset")
            group, number, code, length = self._plain(self._body, position)
            tag = group << 16 | number
            if tag == _ITEM_END and open_end:
                return found, position
            if tag > last:
                last = tag
            elif any(one.tag == tag for one in found):
                # Of two, some receivers see the one, some the other (PS3.5, 7.1: a tag occurs once).
                raise Malformed("element-twice", prefix or "dataset")
            vr = short.get(code)
            if vr is not None and (stop := position + 8 + length) <= end:  # nearly all: a length of two bytes
                element = Element(prefix + dictionary(tag).step, tag, vr, position, position + 8, stop, position + 6, 2)
            else:
                element = self._element(tag, position, end, prefix, depth)
            found.append(element)
            position = element.end
            self._count += 1
            if self._count > _MOST:
                raise Malformed("too-many-elements", f"limit {_MOST}")
        if open_end:
            raise Malformed("truncated", prefix[:-1])
        return found, position

    def _element(self, tag: int, start: int, end: int, prefix: str, depth: int) -> Element:
        entry = dictionary(tag)
        path = prefix + entry.step
        # A tag that nobody knows may be content, read from the wrong place: no error names it.
        place = path if entry.known else prefix[:-1] or "dataset"
        written, length, length_at, value = self._head(start, end, entry.vr, place)
        size = value - length_at
        vr = entry.vr if written == "UN" and entry.known else written
        if length != _UNDEFINED:
            if value + length > end:
                raise Malformed("truncated", place)
            element = Element(path, tag, vr, start, value, value + length, length_at, size)
            if vr == "SQ":
                element.items = self._inner(written).items(value, value + length, path, depth)[0]
            return element
        if tag in PIXELS:
            stop = self._fragments(value, end, path)
            return Element(path, tag, vr, start, value, stop, length_at, size, undefined=True)
        if vr != "SQ" and written != "UN" and not (is_private(tag) and not self._encoding.explicit):
            raise Malformed("undefined-length", place)
        items, stop = self._inner(written).items(value, end, path, depth, open_end=True)
        return Element(path, tag, "SQ", start, value, stop, length_at, size, undefined=True, items=items)

    def _inner(self, written: str) -> _Reader:
        """What is written as UN holds its items in implicit VR, little endian (PS3.5, 6.2.2, note 2)."""
        if written != "UN" or not self._encoding.explicit:
            return self
        return _Reader(self._body, Encoding(explicit=False), self._count)

    def _head(self, start: int, end: int, vr: str, place: str) -> tuple[str, int, int, int]:
        """VR as written (implicit: as the dictionary says), length, where the length stands, where the value begins."""
        if not self._encoding.explicit:
            return vr, self._length(self._body, start + 4)[0], start + 4, start + 8
        code = _CODES.get(self._body[start + 4 : start + 6])
        if code is None:
            raise Malformed("unknown-vr", place)
        if code not in LONG:
            return code, self._short(self._body, start + 6)[0], start + 6, start + 8
        if start + 12 > end:
            raise Malformed("truncated", place)
        return code, self._length(self._body, start + 8)[0], start + 8, start + 12

    def items(self, position: int, end: int, path: str, depth: int, open_end: bool = False) -> tuple[list[Item], int]:
        """The items of a sequence, and where it ends."""
        found: list[Item] = []
        while position < end:
            if position + 8 > end:
                raise Malformed("truncated", path)
            tag, length = self._item_head(position)
            if tag == _SEQUENCE_END and open_end:
                return found, position + 8
            if tag != _ITEM:
                raise Malformed("sequence-broken", path)
            found.append(self._item(position, length, end, f"{path}[{len(found) + 1}].", depth))
            position = found[-1].end
        if open_end:
            raise Malformed("truncated", path)
        return found, position

    def _item_head(self, position: int) -> tuple[int, int]:
        group, number = self._tag(self._body, position)
        return group << 16 | number, self._length(self._body, position + 4)[0]

    def _item(self, start: int, length: int, end: int, prefix: str, depth: int) -> Item:
        if length == _UNDEFINED:
            elements, stop = self.elements(start + 8, end, prefix, depth + 1, open_end=True)
            return Item(start, start + 8, stop + 8, True, elements)
        if start + 8 + length > end:
            raise Malformed("truncated", prefix[:-1])
        elements, stop = self.elements(start + 8, start + 8 + length, prefix, depth + 1)
        return Item(start, start + 8, stop, False, elements)

    def _fragments(self, position: int, end: int, path: str) -> int:
        """Where encapsulated pixel data ends (PS3.5, A.4). Fragments are stepped over by their lengths."""
        while position + 8 <= end:
            tag, length = self._item_head(position)
            if tag == _SEQUENCE_END:
                return position + 8
            if tag != _ITEM or length == _UNDEFINED:
                raise Malformed("fragments-broken", path)
            position += 8 + length
        raise Malformed("truncated", path)
