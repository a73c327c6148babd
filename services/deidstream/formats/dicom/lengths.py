"""The length fields that change with what they measure: of elements, items, sequences and groups (PS3.5, 7.1 to 7.5)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from struct import pack
from typing import Literal

from deidstream.core.document import Splice
from deidstream.core.errors import Unsafe
from deidstream.formats.dicom.element import Element, Item
from deidstream.formats.dicom.preamble import Opening

__all__ = ["lengths"]


def lengths(body: bytes, opened: Opening, elements: Sequence[Element], found: Sequence[Splice]) -> list[Splice]:
    """Splices of length fields for ``found``, which are sorted, apart, and each the value or the whole of an element."""
    work = _Lengths(body, found)
    work.level(opened.meta, "<")
    work.level(elements, opened.encoding.order)
    return work.out


class _Lengths:
    def __init__(self, body: bytes, found: Sequence[Splice]) -> None:
        self._body = body
        self._found = found
        self._starts = [one.start for one in found]
        self.out: list[Splice] = []

    def level(self, elements: Sequence[Element], order: str) -> int:
        """By how many bytes the elements of one level grow."""
        total = 0
        groups: dict[int, int] = {}
        for element in elements:
            grown = self._element(element, order)
            if grown:
                total += grown
                groups[element.tag >> 16] = groups.get(element.tag >> 16, 0) + grown
        for element in elements if groups else ():
            grown = groups.get(element.tag >> 16, 0)
            if element.tag & 0xFFFF == 0 and grown and element.end - element.value == 4 and self._stays(element):
                self._number(
                    element.value,
                    4,
                    int.from_bytes(self._body[element.value : element.end], _NAME[order]) + grown,
                    order,
                )
        return total

    def _stays(self, element: Element) -> bool:
        return not any(
            one.start <= element.start and one.end >= element.end for one in self._within(element.start, element.end)
        )

    def _within(self, start: int, end: int) -> Sequence[Splice]:
        first = bisect_left(self._starts, start)
        return self._found[first : bisect_left(self._starts, end, first)]

    def _filled(self, element: Element) -> Sequence[Splice]:
        """What is put into a value that was empty. (What starts there and has an end takes the next element out.)"""
        if element.value != element.end:
            return ()
        return [one for one in self._within(element.end, element.end + 1) if one.end == element.value]

    def _element(self, element: Element, order: str) -> int:
        own = self._within(element.start, element.end) or self._filled(element)
        if not own:
            return 0
        if own[0].start == element.start:
            return element.start - element.end + len(own[0].replacement)
        if own[0].start == element.value and own[0].end == element.end:
            grown = len(own[0].replacement) - (element.end - element.value)
            if element.items is None and element.undefined and own[0].replacement.endswith(_DELIMITER):
                return grown  # fragments have no length but an end (PS3.5, A.4)
            if element.undefined:  # its delimiter has gone with its items
                self._number(element.length_at, element.length_size, len(own[0].replacement), order)
                return grown
        elif element.items is not None:
            grown = sum(self._item(item, order) for item in element.items)
        else:
            raise Unsafe("edit-outside-value", element.path)
        if grown and not element.undefined:
            length = element.end - element.value + grown
            self._number(element.length_at, element.length_size, length, order)
        return grown

    def _item(self, item: Item, order: str) -> int:
        grown = self.level(item.elements, order)
        if grown and not item.undefined:
            self._number(item.start + 4, 4, item.end - item.value + grown, order)
        return grown

    def _number(self, position: int, size: int, value: int, order: str) -> None:
        if not 0 <= value < (0xFFFF if size == 2 else 0xFFFFFFFF):
            raise Unsafe("value-too-long", str(position))
        self.out.append(Splice(position, position + size, pack(order + ("H" if size == 2 else "I"), value)))


_DELIMITER = pack("<HHI", 0xFFFE, 0xE0DD, 0)
_NAME: dict[str, Literal["little", "big"]] = {"<": "little", ">": "big"}
