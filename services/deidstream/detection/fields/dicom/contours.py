"""Contours of radiotherapy (RT Structure Set, PS3.3, A.19): the outline of a body, slice by slice, is the surface of a face too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deidstream.formats.dicom import DicomDocument

__all__ = ["may_outline_head"]

_STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
_NARROWEST, _WIDEST = 100.0, 280.0
"""Millimetres from which, and below which, an outline may be that of a head: less is a hole or a hand, more a trunk. Thighs and
children look the same: what is not ruled out may be one."""
_OUTER = frozenset(
    "BODY SKIN EXT EXTERNAL OUTLINE OUTER PATIENT SURFACE CONTOUR HEAD FACE SCALP "  # noqa: SIM905
    "HAUT KÖRPER AUSSEN AUSSENKONTUR KOPF GESICHT PEAU CORPS TÊTE VISAGE PIEL CUERPO CABEZA CARA PELLE CORPO TESTA".split()
)
"""Words of names of structures that end at the skin."""
_WORD = re.compile(r"[^\W\d_]+")


def may_outline_head(document: DicomDocument) -> bool:
    """Whether ``document`` has contours that follow the skin, by type or by name, and that are as wide as a head."""
    if document.value("SOPClassUID") != _STRUCTURES:
        return False
    outer = set(_outer(document))
    return any(
        _NARROWEST <= width < _WIDEST
        for path in _items(document, "ROIContourSequence")
        if document.value(f"{path}.ReferencedROINumber").strip() in outer
        for width in _widths(document, path)
    )


def _outer(document: DicomDocument) -> list[str]:
    """Numbers of the structures that end at the skin."""
    named = [
        document.value(f"{path}.ROINumber").strip()
        for path in _items(document, "StructureSetROISequence")
        if _is_outer(document.value(f"{path}.ROIName"))
    ]
    typed = [
        document.value(f"{path}.ReferencedROINumber").strip()
        for path in _items(document, "RTROIObservationsSequence")
        if document.value(f"{path}.RTROIInterpretedType").strip().upper() == "EXTERNAL"
        or _is_outer(document.value(f"{path}.ROIObservationLabel"))
    ]
    return named + typed


def _is_outer(name: str) -> bool:
    return not _OUTER.isdisjoint(_WORD.findall(name.upper()))


def _widths(document: DicomDocument, path: str) -> Iterator[float]:
    """Of the contours of a structure, in millimetres; that of a head where points cannot be read."""
    for one in _items(document, f"{path}.ContourSequence"):
        try:
            numbers = [float(number) for number in document.value(f"{one}.ContourData").split("\\") if number.strip()]
        except ValueError:
            yield _NARROWEST
            continue
        yield max((max(numbers[axis::3]) - min(numbers[axis::3]) for axis in range(min(3, len(numbers)))), default=0.0)


def _items(document: DicomDocument, path: str) -> list[str]:
    element = document.element(path)
    return [f"{path}[{number}]" for number in range(1, len(element.items or ()) + 1)] if element is not None else []
