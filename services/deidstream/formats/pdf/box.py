"""Where something stands on the picture of a page."""

from __future__ import annotations

import ctypes
from typing import Any

from deidstream.core.page import Box

__all__ = ["SCALE", "Place"]

SCALE = 200 / 72
"""Pixels a point: 200 dots an inch."""
_FINE, _FAR = 64, 4096
"""pdfium gives whole numbers: it is asked in parts of a pixel, about a point that is far away."""


class Place:
    """From the points of a page to pixels of its picture, whatever way it is turned or cut: affine, so three points tell."""

    def __init__(self, page: Any) -> None:
        self._page = page
        width, height = page.get_size()
        self._size = (round(width * SCALE * _FINE), round(height * SCALE * _FINE))
        self._origin, right, up = self._at(0, 0), self._at(_FAR, 0), self._at(0, _FAR)
        self._right = tuple((there - here) / _FAR for there, here in zip(right, self._origin, strict=True))
        self._up = tuple((there - here) / _FAR for there, here in zip(up, self._origin, strict=True))

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """The pixels of what is between these, in points from the lower left corner."""
        across = [self._origin[0] + x * self._right[0] + y * self._up[0] for x in (left, right) for y in (bottom, top)]
        down = [self._origin[1] + x * self._right[1] + y * self._up[1] for x in (left, right) for y in (bottom, top)]
        return Box(round(min(across)), round(min(down)), round(max(across)), round(max(down)))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        import pypdfium2.raw as pdfium

        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(self._page, 0, 0, *self._size, 0, x, y, across, down)
        return across.value / _FINE, down.value / _FINE
