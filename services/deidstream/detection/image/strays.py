"""What stands on a scanned page and is no line of text that was read: signatures, stamps, drawings, what is written across."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from deidstream.core.page import Box
from deidstream.detection.image.lines import Pixels

__all__ = ["strays"]

_INK = 64
"""Of 255: how much darker than the paper."""
_RULE = 100
"""Pixels: straight lines as long are rules of a table or a form, and say nothing."""
_MARGIN, _NEAR = 6, 15
"""Pixels: what sticks out of a line that was read, and how close strokes of one drawing are."""
_LEAST_SIDE, _LEAST_INK = 20, 150
"""Pixels: less are specks, dots, single characters that the detector of lines does not see."""


def strays(picture: Pixels, scan: Box, read: Sequence[Box]) -> list[Box]:
    """Boxes around the ink within ``scan`` that is in none of the lines ``read``."""
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    paper = int(cv2.calcHist([grey], [0], None, [256], [0, 256]).argmax())  # NumPy would make 64 bits of each pixel
    ink = (grey < paper - _INK).astype(np.uint8)
    for size in ((_RULE, 1), (1, _RULE)):
        rules = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8))
        ink[cv2.dilate(rules, np.ones((5, 5), np.uint8)) > 0] = 0
    seen = np.zeros_like(ink)
    seen[max(0, scan.top) : scan.bottom, max(0, scan.left) : scan.right] = 1
    for box in read:
        seen[max(0, box.top - _MARGIN) : box.bottom + _MARGIN, max(0, box.left - _MARGIN) : box.right + _MARGIN] = 0
    left = ink * seen
    return _parts(left)


def _parts(ink: np.ndarray) -> list[Box]:
    count, parts, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(ink, np.ones((_NEAR, _NEAR), np.uint8)))
    amounts = np.bincount(parts[ink > 0], minlength=count)
    grown = _NEAR // 2
    boxes = [
        Box(x + grown, y + grown, x + width - grown, y + height - grown)
        for x, y, width, height, _ in stats[1:count].tolist()
    ]
    return [
        box
        for box, amount in zip(boxes, amounts[1:].tolist(), strict=True)
        if amount >= _LEAST_INK and min(box.right - box.left, box.bottom - box.top) >= _LEAST_SIDE
    ]
