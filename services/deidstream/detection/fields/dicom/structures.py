"""Structures of radiotherapy (RT Structure Set, PS3.3, A.19): what is said of each, and its contours, slice by slice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isfinite

from deidstream.formats.dicom import DicomDocument

__all__ = ["APART", "Contour", "Structure", "structures"]

APART = 5.0
"""Millimetres between slices that are the same place of the body."""
_WORD = re.compile(r"[^\W\d_]+")
_CORNERS = 24
"""Points of a contour of which each must lie within another, if it shall."""


@dataclass(frozen=True)
class Contour:
    """One contour of ``points`` (x, y, z), in millimetres of the patient. One that is not axial lies nowhere."""

    points: Sequence[tuple[float, float, float]] = field(repr=False)

    @cached_property
    def place(self) -> float:
        """Where it lies along the patient; infinite where it is not axial."""
        return self.points[0][2] if self._extents[2] < APART else inf

    @property
    def width(self) -> float:
        """The larger of its extents; of all three where it is not axial."""
        return max(self._extents[:2] if isfinite(self.place) else self._extents)

    @property
    def depth(self) -> float:
        """The smaller of its extents in its slice, the middle one of all three where it is not axial."""
        return min(self._extents[:2]) if isfinite(self.place) else sorted(self._extents)[1]

    @property
    def middle(self) -> tuple[float, float]:
        """Between its extents in its slice."""
        xs, ys, _ = zip(*self.points, strict=True)
        return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2

    def surrounds(self, x: float, y: float) -> bool:
        """Whether a place in its slice lies within (by crossings of a ray)."""
        inside = False
        last_x, last_y, _ = self.points[-1]
        for next_x, next_y, _ in self.points:
            if (next_y > y) != (last_y > y) and x < (last_x - next_x) * (y - next_y) / (last_y - next_y) + next_x:
                inside = not inside
            last_x, last_y = next_x, next_y
        return inside

    def is_within(self, other: Contour) -> bool:
        """Whether it is narrower than ``other`` in the same slice, and no part of it is seen to lie outside."""
        some = self.points[:: -(-len(self.points) // _CORNERS)]
        return self.width < other.width and all(other.surrounds(x, y) for x, y, _ in some)

    @cached_property
    def _extents(self) -> tuple[float, float, float]:
        x, y, z = (max(axis) - min(axis) for axis in zip(*self.points, strict=True))
        return x, y, z


@dataclass(frozen=True, slots=True)
class Structure:
    """All that is said of it: ``words`` of its names, ``kinds`` (RT ROI Interpreted Type), in upper case; in which ``frame`` of
    reference it lies. ``contours``: None where points of them cannot be read."""

    words: frozenset[str]
    kinds: frozenset[str]
    frame: str = field(repr=False)
    contours: Sequence[Contour] | None = field(repr=False)


def structures(document: DicomDocument) -> Iterator[Structure]:
    """Those that have contours, with all that is said of them under their number."""
    words: dict[str, set[str]] = {}
    kinds: dict[str, set[str]] = {}
    frames: dict[str, str] = {}
    for path in _items(document, "StructureSetROISequence"):
        number = _number(document, f"{path}.ROINumber")
        words.setdefault(number, set()).update(_words(document.value(f"{path}.ROIName")))
        frames[number] = document.value(f"{path}.ReferencedFrameOfReferenceUID")
    for path in _items(document, "RTROIObservationsSequence"):
        number = _number(document, f"{path}.ReferencedROINumber")
        words.setdefault(number, set()).update(_words(document.value(f"{path}.ROIObservationLabel")))
        kinds.setdefault(number, set()).add(document.value(f"{path}.RTROIInterpretedType").strip().upper())
    for path in _items(document, "ROIContourSequence"):
        number = _number(document, f"{path}.ReferencedROINumber")
        said = frozenset(words.get(number, ())), frozenset(kinds.get(number, ())), frames.get(number, "")
        yield Structure(*said, _contours(document, path))


def _number(document: DicomDocument, path: str) -> str:
    return document.value(path).strip()


def _words(name: str) -> list[str]:
    return _WORD.findall(name.upper())


def _contours(document: DicomDocument, path: str) -> list[Contour] | None:
    """The contours of a structure; None where one cannot be read."""
    found: list[Contour] = []
    for one in _items(document, f"{path}.ContourSequence"):
        try:
            numbers = [float(number) for number in document.value(f"{one}.ContourData").split("\\") if number.strip()]
        except ValueError:
            return None
        if len(numbers) % 3 or not all(map(isfinite, numbers)):
            return None
        if numbers:
            found.append(Contour(list(zip(*[iter(numbers)] * 3, strict=True))))
    return found


def _items(document: DicomDocument, path: str) -> list[str]:
    element = document.element(path)
    return [f"{path}[{number}]" for number in range(1, len(element.items or ()) + 1)] if element is not None else []
