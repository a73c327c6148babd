"""Which private elements of an instance are safe, by the creators of their blocks (PS3.5, 7.8.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.detection.fields.dicom.safe_private import SAFE
from deidstream.formats.dicom import DicomDocument, Element
from deidstream.formats.dicom.element import is_private

__all__ = ["safe_elements"]

_DECIMALS = re.compile(rb"[0-9+.eE \\-]*\0?")
_LETTERS = re.compile(rb"[0-9A-Za-z^,. -]{4,}\0?")
"""Of binary numbers one in a few hundred is made of such bytes by chance, and goes."""


def safe_elements(document: DicomDocument) -> frozenset[str]:
    """Paths of safe elements, and of the creators of their blocks."""
    return frozenset(_of_level(document, document.elements))


def _of_level(document: DicomDocument, elements: Sequence[Element]) -> Iterator[str]:
    creators: dict[tuple[int, int], Element] = {}
    for element in elements:
        if not is_private(element.tag):
            for item in element.items or ():
                yield from _of_level(document, item.elements)
            continue
        group, number = element.tag >> 16, element.tag & 0xFFFF
        if 0x10 <= number <= 0xFF:
            creators[group, number] = element
        elif element.items is None and element.vr != "UN":
            block = creators.get((group, number >> 8))
            name = document.bare(block).decode("ascii", "replace").strip(" \0") if block else ""
            vr = SAFE.get((group, name), {}).get(number & 0xFF)
            if block is not None and vr == element.vr and _is_number(document.bare(element), element.vr):
                yield element.path
                yield block.path


def _is_number(value: bytes, vr: str) -> bool:
    """Whether it is what its VR says: a text that is written as a number is none the safer for it."""
    if vr in ("DS", "IS"):
        return _DECIMALS.fullmatch(value) is not None
    return _LETTERS.fullmatch(value) is None
