"""Bar codes and QR codes, by ZXing: whatever one says, it was made to identify something."""

from __future__ import annotations

from collections.abc import Iterator

from deidstream.core.region import Region
from deidstream.detection.image.lines import Pixels
from deidstream.ports import Mark

__all__ = ["find"]

_QUIET = 4
_SHORTEST = 4
"""Characters: some kinds of bars without a check digit are seen in any pattern, and say next to nothing."""


def find(picture: Pixels, element: str, frame: int) -> Iterator[Mark]:
    """The codes in ``picture``. What cannot be decoded is none: in speckle there are many, and a scanner reads them no better."""
    import zxingcpp

    for code in zxingcpp.read_barcodes(picture):
        if len(code.text) < _SHORTEST:
            continue
        at = code.position
        corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        columns, rows = [corner.x for corner in corners], [corner.y for corner in corners]
        x, y = max(0, min(columns)), max(0, min(rows))
        box = Region(element, frame, x, y, max(1, max(columns) - x), max(1, max(rows) - y))
        yield Mark("code", box.grown(_QUIET), code.text)
