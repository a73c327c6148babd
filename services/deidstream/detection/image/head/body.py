"""What of a volume is the body, and what is outside of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Body", "body_of", "near"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_SKIN = -300.0
"""Hounsfield units, half way between air and skin."""
_THIN = 20.0
"""Millimetres from the body within which what is thin belongs to it: an ear."""
_CLOSED = 12.0
"""Millimetres: nostrils, mouth and auditory canals are narrower, and count as inside."""


@dataclass(frozen=True, slots=True)
class Body:
    """``tissue``: what is not air. ``filled``: the body with its cavities, and with all that is narrower than a mouth closed.

    ``threshold`` divides air and tissue, in the unit of the volume.
    """

    tissue: Mask = field(repr=False)
    filled: Mask = field(repr=False)
    threshold: float


def body_of(values: Floats, known: Mask, step: float, hounsfield: bool) -> Body | None:
    """The largest body in the volume; None where there is none. ``values``: one Grid's, ``step`` in millimetres."""
    from scipy import ndimage

    threshold = _SKIN if hounsfield else _threshold(values[known])
    tissue = (values > threshold) & known
    # What only touches the body (a table, a head rest, a band) falls off.
    core = ndimage.binary_erosion(tissue, iterations=1, border_value=1)
    labels, count = ndimage.label(core)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest = labels == int(sizes.argmax())
    if sizes.max() * step**3 < 50_000:  # 50 ml: no part of a head from which a face could be seen
        return None
    own = near(largest, _THIN / step) & tissue
    return Body(own, _filled(own, step), threshold)


def near(mask: Mask, points: float) -> Mask:
    """Everything within ``points`` grid steps of ``mask``."""
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(~mask) <= points) if mask.any() else mask.copy()


def _filled(tissue: Mask, step: float) -> Mask:
    """Closed and filled. The cut faces of the volume count as closed too where the body goes on behind them."""
    from scipy import ndimage

    radius = _CLOSED / 2 / step
    wide = int(np.ceil(radius)) + 1
    padded = np.pad(tissue, wide, mode="edge")
    closed = ndimage.distance_transform_edt(near(padded, radius)) > radius
    inner = closed[wide:-wide, wide:-wide, wide:-wide] | tissue
    out = np.empty_like(inner)
    for axis in range(3):  # a cavity that the edge of the volume cuts open is closed in the planes across it
        filled = np.stack([ndimage.binary_fill_holes(plane) for plane in np.moveaxis(inner, axis, 0)])
        out = np.moveaxis(filled, 0, axis) if axis == 0 else out | np.moveaxis(filled, 0, axis)
    return np.asarray(out, bool)


def _threshold(values: Floats) -> float:
    """Between noise and tissue where nobody knows the scale: a tenth of the way from dark to bright, above the noise."""
    low, high = np.percentile(values[:: max(1, len(values) // 200_000)], [2, 98])
    bright = low + 0.12 * (high - low)
    dark = values[values < bright]
    noise = float(np.median(dark) + 4 * 1.4826 * np.median(np.abs(dark - np.median(dark)))) if len(dark) else bright
    return float(min(max(bright, noise), low + 0.3 * (high - low)))
