"""One instance of a series: its frames, and what it says about the series it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.errors import Malformed
from deidstream.detection.image.head.frames import Frame, Pixels, frames_of, pixels_of
from deidstream.formats.dicom import DicomDocument
from deidstream.formats.dicom.pixels.module import unsigned_values
from deidstream.ports import Samples

__all__ = ["Slices", "expected", "is_hounsfield", "is_placeless", "opened"]

_COUNTS = ("NumberOfSeriesRelatedInstances", "ImagesInAcquisition")
_RENDERED = frozenset(
    "VRT SSD VOLREN VOLUME_RENDER SURFACE_RENDER RENDERED SURFACE_SHADED 3D_RENDERING CURVED_MPR CPR".split()  # noqa: SIM905
)
"""What ImageType and VolumeBasedCalculationTechnique (PS3.3, C.8.16.2) say of views upon a volume, which lie nowhere in it."""


@dataclass(frozen=True, slots=True)
class Slices:
    """The frames of an instance that can be read."""

    document: DicomDocument = field(repr=False)
    pixels: Pixels
    frames: list[Frame] = field(repr=False)

    @classmethod
    def of(cls, document: DicomDocument) -> Slices:
        """Raises Malformed where pixels or geometry are not there or not understood, or are of a view upon a volume."""
        if _is_view(document):
            raise Malformed("picture-rendered", "ImageType")
        pixels = pixels_of(document)
        return cls(document, pixels, frames_of(document, pixels))

    def values(self, samples: Callable[[], Samples]) -> Iterator[tuple[Frame, npt.NDArray[np.float32]]]:
        """What was measured, frame by frame. Raises Malformed where ``samples`` cannot decode it."""
        body = samples().words(self.document.source) if self.pixels.compressed else self.document.body
        for frame in self.frames:
            yield frame, self.pixels.values(self.pixels.words(body, frame.number), frame)


def opened(case: Case) -> DicomDocument:
    """The instance in ``case``. Raises Malformed."""
    return cast(DicomDocument, case.document or formats.split(case.header.format, case.source, ""))


def is_hounsfield(document: DicomDocument) -> bool:
    """Whether its values are in Hounsfield units: a CT that says how stored values become them (PS3.3, C.8.2.1)."""
    scale = document.value("RescaleIntercept") or document.value(
        "SharedFunctionalGroupsSequence[1].PixelValueTransformationSequence[1].RescaleIntercept"
    )
    kind = document.value("RescaleType").strip().upper()
    return document.value("Modality").strip().upper() == "CT" and bool(scale.strip()) and kind in ("", "HU")


def is_placeless(document: DicomDocument) -> bool:
    """Whether it says nowhere where it lies in the patient."""
    return all(element.keyword != "ImagePositionPatient" for element in document.walk() if element.value != element.end)


def expected(document: DicomDocument) -> int:
    """How many instances the series has, 0 where nobody says. A multi-frame instance is a volume by itself, unless it is a
    part of one (a concatenation, PS3.3, C.7.6.16.2.2.4)."""
    total = document.element("InConcatenationTotalNumber")
    if total is not None or document.element("ConcatenationUID") is not None:
        return sum(unsigned_values(document, total)[:1]) if total is not None else 0
    if document.element("PerFrameFunctionalGroupsSequence") is not None:
        return 1
    for keyword in _COUNTS:
        text = document.value(keyword).strip()
        if text.isdecimal() and int(text) > 0:
            return int(text)
    return 0


def _is_view(document: DicomDocument) -> bool:
    for element in document.walk():
        if element.keyword in ("ImageType", "FrameType", "VolumeBasedCalculationTechnique"):
            if not _RENDERED.isdisjoint(document.value(element.path).upper().replace(" ", "").split("\\")):
                return True
        elif element.keyword == "VolumetricProperties" and document.value(element.path).strip() == "DISTORTED":
            return True
    return False
