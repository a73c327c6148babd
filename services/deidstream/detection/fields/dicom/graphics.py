"""What may stay of graphics under Clean Graphics (PS3.15, E.3.3): overlays that were looked at, annotations that draw no letters.

Texts of annotations are cleaned as every other text. Lines can be drawn in the shape of letters, and nobody reads lines: those that
measure stay (a point, a circle, an ellipse, a few corners), and of others the points go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.detection.fields.dicom.pictures import is_pictured
from deidstream.formats.dicom import DicomDocument, Element
from deidstream.formats.dicom.element import Item
from deidstream.formats.dicom.pixels.overlays import overlays

__all__ = ["CLEAN_GRAPHICS", "UNFORMATTED_TEXT", "drawn_freely", "overlay_elements"]

CLEAN_GRAPHICS = "clean-graphics"
UNFORMATTED_TEXT = 0x00700006
"""The text of an annotation."""
_NUMBERS = frozenset({0x0010, 0x0011, 0x0015, 0x0040, 0x0050, 0x0051, 0x0100, 0x0102})
"""Elements of a group of overlays that say how its bits are read, and no more."""
_TYPES = {0x0040: re.compile(rb"[GR][ \0]?"), 0x0015: re.compile(rb"[0-9 ]*\0?")}
_MEASURES = frozenset({"POINT", "CIRCLE", "ELLIPSE"})
_CORNERS, _MOST = 4, 16
"""Points of a line that measures, and how many such lines an instance may have."""


def overlay_elements(document: DicomDocument) -> frozenset[str]:
    """Paths of the overlays that whoever looks at the pixels looks at too, and of what says how they are read."""
    if not is_pictured(document):
        return frozenset()
    groups = {one.group: one.data.path for one in overlays(document)}
    return frozenset(
        element.path
        for element in document.elements
        if element.tag >> 16 in groups and (element.path == groups[element.tag >> 16] or _is_number(document, element))
    )


def drawn_freely(document: DicomDocument, annotation: Element) -> Iterator[Element]:
    """The points of the lines in ``annotation`` that may be letters."""
    measures = 0
    for element in _data_of(annotation.items or ()):
        kind = document.value(element.path.rpartition(".")[0] + ".GraphicType").strip().upper()
        few = element.vr == "FL" and (element.end - element.value) // 8 <= _CORNERS
        measures += kind not in _MEASURES and few
        if kind not in _MEASURES and not (few and measures <= _MOST):
            yield element


def _data_of(items: Sequence[Item]) -> Iterator[Element]:
    for item in items:
        for element in item.elements:
            if element.keyword == "GraphicData":
                yield element
            yield from _data_of(element.items or ())


def _is_number(document: DicomDocument, element: Element) -> bool:
    number = element.tag & 0xFFFF
    allowed = _TYPES.get(number)
    if number not in _NUMBERS or element.items is not None:
        return False
    if allowed is not None:
        return allowed.fullmatch(document.bare(element)) is not None
    return element.vr in ("US", "SS") and element.end - element.value <= 4
