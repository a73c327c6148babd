"""What the header says of its pixels (Image Pixel Module, PS3.3, C.7.6.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.document import DicomDocument
from deidstream.formats.dicom.element import Element

__all__ = ["PIXEL_DATA", "PixelModule", "module", "unsigned_values"]

PIXEL_DATA = "PixelData"
_ORDER: dict[bool, Literal["little", "big"]] = {False: "little", True: "big"}
_NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)\s*")
_COLOURS = {
    1: {"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"},
    3: {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"},
}
MOST_PIXELS = 2**28
"""Of one frame, all samples together."""
MOST_FRAMES = 20_000


@dataclass(frozen=True, slots=True)
class PixelModule:
    """``window``: center and width of the first one stated. ``palette``: element paths are read where it is needed."""

    rows: int
    columns: int
    samples: int
    bits: int
    """Allocated for a sample: 1 (not compressed), 8, 16 or 32."""
    stored: int
    signed: bool
    photometric: str
    planar: bool
    """Colour by plane rather than by pixel."""
    frames: int
    syntax: str
    big: bool
    words: bool
    """Whether a sample of 8 bits is a half of a 16-bit word (VR OW)."""
    slope: float = 1.0
    intercept: float = 0.0
    window: tuple[float, float] | None = None
    high: int = -1
    """The most significant bit of a sample; -1: the last of those that are stored."""

    @property
    def frame_bits(self) -> int:
        """Bits of a frame that is not compressed; of one bit a pixel, frames need not begin at a byte."""
        return self.rows * self.columns * self.samples * self.bits


def module(document: DicomDocument) -> PixelModule:
    """Raises Malformed: ``pixel-format-unsupported``, ``pixels-too-large``, ``pixel-module-broken``."""
    element = document.element(PIXEL_DATA)
    if element is None:
        raise Malformed("pixel-format-unsupported", "FloatPixelData")
    encoding = document.opened.encoding
    samples = _unsigned(document, "SamplesPerPixel", 1)
    found = PixelModule(
        rows=_unsigned(document, "Rows"),
        columns=_unsigned(document, "Columns"),
        samples=samples,
        bits=_unsigned(document, "BitsAllocated"),
        stored=_unsigned(document, "BitsStored", _unsigned(document, "BitsAllocated")),
        signed=bool(_unsigned(document, "PixelRepresentation", 0)),
        photometric=document.value("PhotometricInterpretation").strip().upper(),
        planar=samples > 1 and bool(_unsigned(document, "PlanarConfiguration", 0)),
        frames=int(_number(document, "NumberOfFrames") or 1),
        syntax=_syntax(document),
        big=encoding.big,
        words=element.vr == "OW",
        slope=_number(document, "RescaleSlope") or 1.0,
        intercept=_number(document, "RescaleIntercept") or 0.0,
        window=_window(document),
        high=_unsigned(document, "HighBit", -1),
    )
    _check(found)
    return found


def unsigned_values(document: DicomDocument, element: Element) -> list[int]:
    """The 16-bit numbers in ``element``."""
    raw, order = document.bare(element), _ORDER[document.opened.encoding.big]
    return [int.from_bytes(raw[at : at + 2], order) for at in range(0, len(raw) - 1, 2)]


def _check(found: PixelModule) -> None:
    if not (found.rows and found.columns) or found.frames < 1 or not 0 < found.stored <= found.bits:
        raise Malformed("pixel-module-broken", "PixelData")
    if found.photometric not in _COLOURS.get(found.samples, ()) or found.bits not in (1, 8, 16, 32):
        raise Malformed("pixel-format-unsupported", "PixelData")
    if found.bits == 1 and (found.samples > 1 or found.signed or found.photometric == "PALETTE COLOR"):
        raise Malformed("pixel-format-unsupported", "PixelData")
    if found.rows * found.columns * found.samples > MOST_PIXELS or found.frames > MOST_FRAMES:
        raise Malformed("pixels-too-large", "PixelData")


def _syntax(document: DicomDocument) -> str:
    for element in document.opened.meta:
        if element.tag == 0x00020010:
            return document.bare(element).rstrip(b"\0 ").decode("ascii", "replace")
    return ""


def _unsigned(document: DicomDocument, path: str, default: int = 0) -> int:
    element = document.element(path)
    values = unsigned_values(document, element) if element is not None else []
    return values[0] if values else default


def _number(document: DicomDocument, path: str) -> float | None:
    found = _NUMBER.match(document.value(path).partition("\\")[0])
    return float(found[1]) if found else None


def _window(document: DicomDocument) -> tuple[float, float] | None:
    center, width = _number(document, "WindowCenter"), _number(document, "WindowWidth")
    return (center, width) if center is not None and width is not None and width >= 1 else None
