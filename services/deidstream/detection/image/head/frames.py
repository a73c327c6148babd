"""The slices of a DICOM instance: where they lie, what is measured in them, and how changed pixels go back into its bytes.

Native pixels are read and written where they stand (PS3.5, 8.1.1), of 8 or 16 bits, one sample; of compressed ones somebody else
makes the same words (``ports.Samples``). A multi-frame instance says where each frame lies in its functional groups (PS3.3,
C.7.6.16).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from deidstream.core.errors import Malformed
from deidstream.detection.image.head.grid import Plane
from deidstream.formats.dicom import DicomDocument

__all__ = ["Frame", "Pixels", "frames_of", "pixels_of"]

Floats = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint16]

_NATIVE = frozenset(
    {
        "",
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
    }
)
_MOST_FRAMES = 10_000
_MOST_BYTES = 2**31


@dataclass(frozen=True, slots=True)
class Frame:
    """Number ``number`` (from 0) of an instance: its ``plane``, and what makes measured values of stored ones."""

    number: int
    plane: Plane
    slope: float
    intercept: float


@dataclass(frozen=True, slots=True)
class Pixels:
    """How pixels stand in the bytes of an instance, or, where they are ``compressed``, of the words that are made of it.

    ``start``: of the first. The rest is what PS3.5, 8.1.1 says of each.
    """

    start: int
    frames: int
    rows: int
    columns: int
    allocated: int
    stored: int
    high: int
    signed: bool
    big: bool
    compressed: bool = False

    @property
    def size(self) -> int:
        """Bytes of a frame."""
        return self.rows * self.columns * self.allocated // 8

    def words(self, body: bytes, number: int) -> npt.NDArray[np.uint16]:
        """The stored words of a frame as they are, (rows, columns)."""
        kind = np.dtype(np.uint8) if self.allocated == 8 else np.dtype(">u2" if self.big else "<u2")
        flat = np.frombuffer(body, kind, self.rows * self.columns, self.start + number * self.size)
        return flat.reshape(self.rows, self.columns).astype(np.uint16)

    def values(self, words: Words, frame: Frame) -> Floats:
        """What was measured."""
        shift = self.high + 1 - self.stored
        plain = (words >> shift).astype(np.int32) & ((1 << self.stored) - 1)
        if self.signed:
            plain = np.where(plain >= 1 << (self.stored - 1), plain - (1 << self.stored), plain)
        return (plain * frame.slope + frame.intercept).astype(np.float32)

    def changed(self, words: Words, places: npt.NDArray[np.bool_], values: Floats, frame: Frame) -> bytes:
        """A frame in which ``places`` have new measured ``values`` (in the order of the places); all other words stay.

        Bits outside of a sample that changes are cleared, or go on with its sign (an overlay may have stood there).
        """
        low, high = (
            (-(1 << (self.stored - 1)), (1 << (self.stored - 1)) - 1) if self.signed else (0, (1 << self.stored) - 1)
        )
        plain = np.clip(np.rint((values - frame.intercept) / frame.slope), low, high).astype(np.int32)
        out = words.copy()
        out[places] = (plain << (self.high + 1 - self.stored)).astype(np.uint16)
        kind = np.dtype(np.uint8) if self.allocated == 8 else np.dtype(">u2" if self.big else "<u2")
        return out.astype(np.uint16).astype(kind).tobytes()


def pixels_of(document: DicomDocument) -> Pixels:
    """How the pixels of ``document`` stand in its body, or in the words that are made of it. Raises Malformed: ``pixels-not-grey``,
    ``pixels-broken``.
    """
    value = document.value
    compressed = value("TransferSyntaxUID") not in _NATIVE
    element = document.element("PixelData")
    if element is None or element.undefined != compressed:
        raise Malformed("pixels-broken", "PixelData")
    whole = _numbers(document)
    samples, rows, columns = whole("SamplesPerPixel", 1), whole("Rows", 0), whole("Columns", 0)
    allocated, frames = whole("BitsAllocated", 0), _integer(value("NumberOfFrames"), 1)
    if samples != 1 or not value("PhotometricInterpretation").strip().startswith("MONOCHROME"):
        raise Malformed("pixels-not-grey", "PixelData")
    stored = whole("BitsStored", allocated)
    high = stored - 1 if compressed else whole("HighBit", stored - 1)
    sound = allocated in (8, 16) and 0 < stored <= high + 1 <= allocated and 0 < frames <= _MOST_FRAMES
    if not sound or not 2 <= rows <= 16_384 or not 2 <= columns <= 16_384:
        raise Malformed("pixels-broken", "PixelData")
    made = Pixels(
        0 if compressed else element.value,
        frames,
        rows,
        columns,
        allocated,
        stored,
        high,
        whole("PixelRepresentation", 0) == 1,
        document.opened.encoding.big and not compressed,
        compressed,
    )
    if made.size * frames > (_MOST_BYTES if compressed else min(element.end - element.value, _MOST_BYTES)):
        raise Malformed("pixels-broken", "PixelData")
    if made.big and allocated == 8 and element.vr == "OW":
        raise Malformed("pixels-broken", "PixelData")  # bytes that are swapped in pairs
    return made


def frames_of(document: DicomDocument, pixels: Pixels) -> list[Frame]:
    """Where each frame lies. Raises Malformed where nobody says: ``geometry-missing``, ``geometry-broken``."""
    return [
        Frame(number, _plane(find, pixels), *_scale(find))
        for number, find in enumerate(_finders(document, pixels.frames))
    ]


Find = Callable[[str, str], str]
"""The value of an attribute, by functional group and keyword."""


def _finders(document: DicomDocument, frames: int) -> Iterator[Find]:
    grouped = document.element("PerFrameFunctionalGroupsSequence") or document.element("SharedFunctionalGroupsSequence")
    if grouped is None:
        if frames > 1:
            raise Malformed("geometry-missing", "PerFrameFunctionalGroupsSequence")
        yield lambda _, keyword: document.value(keyword)
        return
    for number in range(1, frames + 1):
        yield _of_frame(document, number)


def _of_frame(document: DicomDocument, number: int) -> Find:
    def find(group: str, keyword: str) -> str:
        own = document.value(f"PerFrameFunctionalGroupsSequence[{number}].{group}[1].{keyword}")
        return own or document.value(f"SharedFunctionalGroupsSequence[1].{group}[1].{keyword}")

    return find


def _plane(find: Find, pixels: Pixels) -> Plane:
    origin = _reals(find("PlanePositionSequence", "ImagePositionPatient"), 3)
    turn = _reals(find("PlaneOrientationSequence", "ImageOrientationPatient"), 6)
    spacing = _reals(find("PixelMeasuresSequence", "PixelSpacing"), 2)
    return Plane(
        (origin[0], origin[1], origin[2]),
        (turn[0], turn[1], turn[2]),
        (turn[3], turn[4], turn[5]),
        spacing[0],
        spacing[1],
        pixels.rows,
        pixels.columns,
    )


def _scale(find: Find) -> tuple[float, float]:
    slope = find("PixelValueTransformationSequence", "RescaleSlope")
    intercept = find("PixelValueTransformationSequence", "RescaleIntercept")
    made = _reals(slope, 1)[0] if slope.strip() else 1.0, _reals(intercept, 1)[0] if intercept.strip() else 0.0
    if not made[0] or not np.isfinite(made).all():
        raise Malformed("geometry-broken", "RescaleSlope")
    return made


def _reals(text: str, count: int) -> list[float]:
    if not text.strip():
        raise Malformed("geometry-missing", "ImagePlane")
    try:
        made = [float(part) for part in text.split("\\")]
    except ValueError:
        raise Malformed("geometry-broken", "ImagePlane") from None
    if len(made) != count:
        raise Malformed("geometry-broken", "ImagePlane")
    return made


def _integer(text: str, otherwise: int) -> int:
    try:
        return int(text.strip() or otherwise)
    except ValueError:
        raise Malformed("pixels-broken", "NumberOfFrames") from None


def _numbers(document: DicomDocument) -> Callable[[str, int], int]:
    """Reads unsigned shorts (VR US, of which a document makes no text)."""

    def number(path: str, otherwise: int) -> int:
        element = document.element(path)
        raw = document.bare(element)[:2] if element else b""
        if len(raw) < 2:
            return otherwise
        return int.from_bytes(raw, "big") if document.opened.encoding.big else int.from_bytes(raw, "little")

    return number
