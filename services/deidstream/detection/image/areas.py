"""Where in a picture it is worth looking: parts in which something stands out, or has changed since the frame before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deidstream.core.region import Region

if TYPE_CHECKING:
    import numpy.typing as npt

    from deidstream.detection.image.lines import Pixels

__all__ = ["Area", "busy", "changed", "strokes", "tiles"]

Area = tuple[int, int, int, int]
"""Left, top, right, low: columns ``[left, right)``, rows ``[top, low)``."""
_CELL = 32
_CONTRAST = 16
"""Steps of 255 between neighbours: what differs less from what it stands on cannot be read twice as large either."""
_INK = 64
"""The same on paper, where noise and folds differ by less: print, and what is written upon it."""
_MOVED = 12
"""Steps of 255 by which compression alone may change a pixel."""
_STROKE = 25
"""Pixels: letters have thinner strokes."""
_SHARE = 0.8
"""Of a picture: where parts are together as large, it is looked at whole."""


def busy(picture: Pixels, known: Sequence[Region], paper: bool = False) -> list[Area]:
    """The parts of ``picture`` in which something stands out, but for the boxes that are ``known``. ``paper``: it is a page."""
    gray = picture.max(axis=2)
    edges = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > (_INK if paper else _CONTRAST)
    for box in known:
        edges[box.y : box.y + box.height, box.x : box.x + box.width] = False
    return _parts(edges)


def strokes(picture: Pixels) -> Pixels:
    """What of ``picture`` is thin and brighter or darker than what it stands on: letters without the shapes behind them.

    Morphological top hats of both kinds. A detector that takes a whole organ for one letter finds the letters upon it here.
    """
    gray, kernel = picture.max(axis=2), np.ones((_STROKE, _STROKE), np.uint8)
    bright = cv2.morphologyEx(gray, cv2.MORPH_TOPHAT, kernel)
    dark = cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, kernel)
    thin = cv2.max(bright, dark)
    scaled = thin.astype(np.float32) * (255.0 / max(1, int(thin.max())))
    return np.repeat(scaled.astype(np.uint8)[:, :, None], 3, axis=2)


def changed(picture: Pixels, before: Pixels) -> list[Area]:
    """The parts of ``picture`` that are not as ``before``."""
    return _parts(cv2.absdiff(picture, before).max(axis=2) > _MOVED)


def tiles(area: Area, side: int, overlap: int) -> Iterator[Area]:
    """``area`` in pieces of at most about ``side``, each of which has ``overlap`` in common with the next."""
    left, top, right, low = area
    for y, height in _starts(low - top, side, overlap):
        for x, width in _starts(right - left, side, overlap):
            yield left + x, top + y, left + x + width, top + y + height


def _starts(length: int, side: int, overlap: int) -> Iterator[tuple[int, int]]:
    count = max(1, ceil((length - overlap) / (side - overlap)))
    own = ceil((length + (count - 1) * overlap) / count)
    for number in range(count):
        start = min(number * (own - overlap), max(0, length - own))
        yield start, min(own, length)


def _parts(mask: npt.NDArray[np.bool_]) -> list[Area]:
    """Rectangles around the cells in which ``mask`` is set, and their neighbours."""
    rows, columns = mask.shape
    cells = np.zeros((ceil(rows / _CELL), ceil(columns / _CELL)), np.uint8)
    at = np.argwhere(mask)
    cells[at[:, 0] // _CELL, at[:, 1] // _CELL] = 1
    count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(cells, np.ones((3, 3), np.uint8)), connectivity=8)
    found = [
        (x * _CELL, y * _CELL, min(columns, (x + width) * _CELL), min(rows, (y + height) * _CELL))
        for x, y, width, height, _ in stats[1:count].tolist()
    ]
    if sum((right - left) * (low - top) for left, top, right, low in found) > _SHARE * rows * columns:
        return [(0, 0, columns, rows)]
    return found
