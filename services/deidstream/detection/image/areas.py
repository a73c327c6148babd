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

__all__ = ["Area", "busy", "changed", "merged", "strokes", "tiles", "unread"]

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
_COARSE = 4
"""Pixels that are looked at as one where a face may be: noise of a scanner is even there."""
_TONE = 24
"""Steps of 255 from the paper."""
_LONG, _THICK, _NEAR = 25, 5, 5
"""Coarse pixels: a rule is as long and not as thick; what is as near is one thing."""
_FACE, _AROUND = 20, 64
"""Pixels: a smaller face is not found; what is looked at around a thing, beside half of its size."""


def busy(picture: Pixels, known: Sequence[Region], paper: bool = False) -> list[Area]:
    """The parts of ``picture`` in which something stands out, but for the boxes that are ``known``. ``paper``: it is a page."""
    gray = _brightest(picture)
    edges = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > (_INK if paper else _CONTRAST)
    for box in known:
        edges[box.y : box.y + box.height, box.x : box.x + box.width] = False
    return _parts(edges)


def unread(picture: Pixels, scan: Area, known: Sequence[Region]) -> list[Area]:
    """The parts of the page ``picture`` within ``scan`` in which there is more than paper, rules and the lines ``known``.

    Each with what is around it. A face is in one of them: it is darker than paper, and no line of text.
    """
    left, top = max(0, scan[0]), max(0, scan[1])
    gray = cv2.cvtColor(np.ascontiguousarray(picture[top : scan[3], left : scan[2]]), cv2.COLOR_RGB2GRAY)
    if min(gray.shape) < _COARSE:
        return []
    coarse = cv2.resize(gray, None, fx=1 / _COARSE, fy=1 / _COARSE, interpolation=cv2.INTER_AREA)
    paper = int(np.bincount(coarse.ravel(), minlength=256).argmax())
    ink = (cv2.absdiff(coarse, np.full_like(coarse, paper)) > _TONE).astype(np.uint8)
    ink[_rules(ink) > 0] = 0
    for box in known:
        x, y = box.x - left, box.y - top
        rows = slice(max(0, y // _COARSE - 1), max(0, ceil((y + box.height) / _COARSE) + 1))
        ink[rows, max(0, x // _COARSE - 1) : max(0, ceil((x + box.width) / _COARSE) + 1)] = 0
    return merged([_surrounded(thing, left, top, picture.shape) for thing in _things(ink)])


def strokes(picture: Pixels) -> Pixels:
    """What of ``picture`` is thin and brighter or darker than what it stands on: letters without the shapes behind them.

    Morphological top hats of both kinds. A detector that takes a whole organ for one letter finds the letters upon it here.
    """
    gray, kernel = _brightest(picture), np.ones((_STROKE, _STROKE), np.uint8)
    bright = cv2.morphologyEx(gray, cv2.MORPH_TOPHAT, kernel)
    dark = cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, kernel)
    thin = cv2.max(bright, dark)
    scaled = thin.astype(np.float32) * (255.0 / max(1, int(thin.max())))
    return np.repeat(scaled.astype(np.uint8)[:, :, None], 3, axis=2)


def changed(picture: Pixels, before: Pixels) -> list[Area]:
    """The parts of ``picture`` that are not as ``before``."""
    return _parts(_brightest(np.asarray(cv2.absdiff(picture, before), np.uint8)) > _MOVED)


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


def _brightest(picture: Pixels) -> npt.NDArray[np.uint8]:
    """The largest sample of each pixel: NumPy takes ten times as long along the last axis."""
    red, green, blue = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def _parts(mask: npt.NDArray[np.bool_]) -> list[Area]:
    """Rectangles around the cells in which ``mask`` is set, and their neighbours."""
    rows, columns = mask.shape
    by_row = np.maximum.reduceat(mask.view(np.uint8), np.arange(0, rows, _CELL), axis=0)
    cells = np.maximum.reduceat(by_row, np.arange(0, columns, _CELL), axis=1)
    count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(cells, np.ones((3, 3), np.uint8)), connectivity=8)
    found = [
        (x * _CELL, y * _CELL, min(columns, (x + width) * _CELL), min(rows, (y + height) * _CELL))
        for x, y, width, height, _ in stats[1:count].tolist()
    ]
    if sum((right - left) * (low - top) for left, top, right, low in found) > _SHARE * rows * columns:
        return [(0, 0, columns, rows)]
    return found


def _rules(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Long straight lines, but for what is as thick as a picture."""
    long = [cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(size, np.uint8)) for size in ((1, _LONG), (_LONG, 1))]
    thick = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((_THICK, _THICK), np.uint8))
    return np.asarray(cv2.subtract(cv2.max(*long), thick), np.uint8)


def _things(ink: npt.NDArray[np.uint8]) -> Iterator[Area]:
    """Boxes, in coarse pixels, around what is near to one another and may be as large as a face."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(ink, np.ones((_NEAR, _NEAR), np.uint8)))
    for x, y, width, height, _ in stats[1:count].tolist():
        if (min(width, height) - _NEAR + 1) * _COARSE >= _FACE:
            yield x, y, x + width, y + height


def _surrounded(thing: Area, left: int, top: int, shape: Sequence[int]) -> Area:
    x, y, far, deep = (side * _COARSE for side in thing)
    across, down = (far - x) // 2 + _AROUND, (deep - y) // 2 + _AROUND
    return (
        max(0, left + x - across),
        max(0, top + y - down),
        min(shape[1], left + far + across),
        min(shape[0], top + deep + down),
    )


def merged(areas: Sequence[Area]) -> list[Area]:
    """Those that overlap as one."""
    out: list[Area] = []
    for area in areas:
        while near := next((one for one in out if _overlap(one, area)), None):
            out.remove(near)
            area = (min(near[0], area[0]), min(near[1], area[1]), max(near[2], area[2]), max(near[3], area[3]))
        out.append(area)
    return out


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
