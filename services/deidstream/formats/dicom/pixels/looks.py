"""How samples look: rescaled and windowed (PS3.3, C.11.1, C.11.2), by palette (C.7.6.3.1.5), or as colours (C.7.6.3.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.document import DicomDocument
from deidstream.formats.dicom.pixels.module import PixelModule, unsigned_values

if TYPE_CHECKING:
    import numpy.typing as npt

    from deidstream.formats.dicom.pixels.codecs import Samples

__all__ = ["Palette", "hidden", "looks", "palette"]

_TAILS = (0.5, 99.5)
"""Percentiles between which a frame without a window is shown: one hot pixel must not darken all."""
_COLOURS = ("Red", "Green", "Blue")
_ALIKE = 4.0


@dataclass(frozen=True, slots=True)
class Palette:
    """``table``: (entries, 3), 8 bits; ``first``: the sample that is its first entry."""

    first: int
    table: npt.NDArray[np.uint8] = field(repr=False)

    def shown(self, samples: Samples) -> npt.NDArray[np.uint8]:
        """(rows, columns, 3)."""
        return np.asarray(self.table[np.clip(samples.astype(np.int64) - self.first, 0, len(self.table) - 1)])

    def darkest(self, samples: Samples) -> int:
        """The sample whose colour is darkest."""
        limit = 2 ** (8 * samples.dtype.itemsize) - 1 - self.first
        return self.first + int(self.table[: limit + 1].astype(int).sum(axis=1).argmin())


def palette(document: DicomDocument) -> Palette:
    """Raises Malformed where there is none, or it is segmented."""
    columns: list[npt.NDArray[np.uint8]] = []
    first = 0
    for colour in _COLOURS:
        descriptor = document.element(f"{colour}PaletteColorLookupTableDescriptor")
        entries = document.element(f"{colour}PaletteColorLookupTableData")
        if descriptor is None or entries is None:
            raise Malformed("pixel-format-unsupported", f"{colour}PaletteColorLookupTableData")
        count, first, bits = unsigned_values(document, descriptor)[:3]
        count, raw = count or 2**16, document.bare(entries)
        if len(raw) >= 2 * count:
            values = np.array(unsigned_values(document, entries)[:count])
            columns.append((values >> 8 if bits == 16 or values.max() > 255 else values).astype(np.uint8))
        elif len(raw) >= count:
            columns.append(np.frombuffer(raw, np.uint8)[:count])
        else:
            raise Malformed("pixel-module-broken", f"{colour}PaletteColorLookupTableData")
    return Palette(first, np.stack(columns, axis=1))


def looks(samples: Samples, module: PixelModule, colours: Palette | None) -> list[npt.NDArray[np.uint8]]:
    """One or two pictures, (rows, columns, 3) RGB: what people see, and where a window may hide something, all that there is."""
    samples = _values(samples, module)
    if colours is not None:
        return [colours.shown(samples)]
    if module.samples > 1:
        return [_coloured(samples, module)]
    values = samples.astype(np.float32) * module.slope + module.intercept
    whole = _between(values, float(values.min()), float(values.max()))
    shown = _shown(values, module, whole)
    made = [shown] if np.abs(shown.astype(np.int16) - whole).mean() < _ALIKE else [shown, whole]
    return [_gray(255 - one if module.photometric == "MONOCHROME1" else one) for one in made]


def hidden(samples: Samples, module: PixelModule) -> list[npt.NDArray[np.uint8]]:
    """What stands in bits outside of the samples, one picture a bit, (rows, columns, 3): overlays that nobody draws any more did
    (PS3.5, 8.1.2). Bits that go on with the sign of a sample are none."""
    if module.samples > 1 or module.stored == module.bits:
        return []
    high = module.high if module.high >= module.stored - 1 else module.stored - 1
    words = samples.astype(np.int64)
    above = ((1 << module.bits) - 1) >> (high + 1) << (high + 1)
    rest = words & (above | (1 << high + 1 - module.stored) - 1)
    if module.signed:
        rest ^= np.where(words >> high & 1, above, 0)
    planes = [rest >> bit & 1 for bit in range(module.bits)] if rest.any() else []
    return [_gray((one * 255).astype(np.uint8)) for one in planes if one.any()]


def _values(samples: Samples, module: PixelModule) -> Samples:
    """Without the bits outside of the samples, and with the sign of each (PS3.5, 8.1.1)."""
    if module.samples > 1 or module.stored == module.bits:
        return samples
    high = max(module.high, module.stored - 1)
    words: npt.NDArray[np.signedinteger] = samples.astype(np.int64 if module.bits > 16 else np.int32)
    words = words >> (high + 1 - module.stored) & (1 << module.stored) - 1
    return words - (words >> module.stored - 1 << module.stored) if module.signed else words


def _shown(values: npt.NDArray[np.float32], module: PixelModule, whole: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if module.window is not None:
        center, width = module.window
        return _between(values, center - width / 2, center + width / 2)
    if module.bits <= 8:
        return whole
    low, high = np.percentile(values, _TAILS)
    return _between(values, float(low), float(high))


def _between(values: npt.NDArray[np.float32], low: float, high: float) -> npt.NDArray[np.uint8]:
    scale = 255.0 / (high - low) if high > low else 0.0
    return np.asarray(np.clip((values - low) * scale, 0, 255), np.uint8)


def _gray(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.repeat(values[:, :, None], 3, axis=2)


def _coloured(samples: Samples, module: PixelModule) -> npt.NDArray[np.uint8]:
    if module.bits > 8:
        samples = samples >> max(0, module.stored - 8)  # type: ignore[operator]
    eight = np.ascontiguousarray(samples.astype(np.uint8))
    if module.photometric in ("YBR_FULL", "YBR_FULL_422") or module.syntax.startswith("1.2.840.10008.1.2.4.5"):
        import cv2

        return np.asarray(cv2.cvtColor(eight[:, :, [0, 2, 1]], cv2.COLOR_YCrCb2RGB), np.uint8)
    return eight
