"""Overlay planes (PS3.3, C.9.2): pictures of one bit a pixel over the frames, each in a group of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deidstream.core.document import Splice
from deidstream.core.region import Region
from deidstream.formats.dicom.document import DicomDocument
from deidstream.formats.dicom.element import Element
from deidstream.formats.dicom.pixels.module import MOST_PIXELS, unsigned_values

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Overlay", "cleared", "overlays"]

_GROUPS = range(0x6000, 0x6020, 2)
_LETTERS, _DISTINCT = re.compile(rb"[0-9A-Za-z^, ]{6,}"), 5
"""Bytes that are a word rather than pixels: so many that stand together and differ."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The bits of ``data`` one after the other, least significant first, row by row, frame by frame (PS3.5, 8.1.2)."""

    group: int
    data: Element
    rows: int
    columns: int
    frames: int
    swapped: bool
    """Whether its bytes stand in big-endian words."""

    @property
    def element(self) -> str:
        """As regions name it."""
        return self.data.path

    def look(self, document: DicomDocument, frame: int) -> npt.NDArray[np.uint8]:
        """Frame ``frame`` (from 1), what is drawn white on black, (rows, columns, 3)."""
        import numpy as np

        drawn = self._bits(document)[frame - 1] * np.uint8(255)
        return np.repeat(drawn[:, :, None], 3, axis=2)

    def without(self, document: DicomDocument, regions: Sequence[Region]) -> Splice:
        """Its data with nothing drawn in ``regions``; all other bits, those behind the last frame too, as they were."""
        import numpy as np

        whole = np.unpackbits(self._bytes(document), bitorder="little")
        bits = whole[: self.rows * self.columns * self.frames].reshape(self.frames, self.rows, self.columns)
        for one in regions:
            bits[one.frame - 1, one.y : one.y + one.height, one.x : one.x + one.width] = 0
        made = np.packbits(whole, bitorder="little")
        return Splice(self.data.value, self.data.end, (_swapped(made) if self.swapped else made).tobytes())

    def _bits(self, document: DicomDocument) -> npt.NDArray[np.uint8]:
        import numpy as np

        count = self.rows * self.columns * self.frames
        bits = np.unpackbits(self._bytes(document), count=count, bitorder="little")
        return bits.reshape(self.frames, self.rows, self.columns)

    def _bytes(self, document: DicomDocument) -> npt.NDArray[np.uint8]:
        import numpy as np

        raw = np.frombuffer(document.bare(self.data), np.uint8)
        return _swapped(raw) if self.swapped else raw


def overlays(document: DicomDocument) -> list[Overlay]:
    """Those of the data set itself of which all bits can be read; not those whose bits stood in the pixels (retired)."""
    found = (_overlay(document, group) for group in _GROUPS)
    return [one for one in found if one is not None]


def cleared(document: DicomDocument, regions: Sequence[Region]) -> list[Splice]:
    """Nothing is drawn in ``regions`` any more; those of overlays that are not there are of no concern."""
    found = ((one, [region for region in regions if region.element == one.element]) for one in overlays(document))
    return [one.without(document, own) for one, own in found if own]


def _overlay(document: DicomDocument, group: int) -> Overlay | None:
    data = document.element(f"OverlayData({group:04x},3000)")
    if data is None or data.undefined or data.items is not None:
        return None
    rows, columns = (_unsigned(document, group, number, name) for number, name in ((0x10, "Rows"), (0x11, "Columns")))
    allocated = _unsigned(document, group, 0x100, "BitsAllocated")
    counted = document.value(f"NumberOfFramesInOverlay({group:04x},0015)").strip() or "1"
    frames = int(counted) if counted.isdecimal() else 0
    pixels = rows * columns * frames
    length = data.end - data.value
    # Behind the bits nothing may stand but what makes their length even; and who writes letters draws nothing.
    if allocated != 1 or not 0 < pixels <= MOST_PIXELS or not 8 * length - 16 < pixels <= 8 * length:
        return None
    if any(len(set(run)) >= _DISTINCT for run in _LETTERS.findall(document.bare(data))):
        return None
    swapped = document.opened.encoding.big and data.vr == "OW"
    return Overlay(group, data, rows, columns, frames, swapped)


def _unsigned(document: DicomDocument, group: int, number: int, name: str) -> int:
    element = document.element(f"Overlay{name}({group:04x},{number:04x})")
    values = unsigned_values(document, element) if element is not None else []
    return values[0] if len(values) == 1 else 0


def _swapped(raw: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return raw[: len(raw) // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
