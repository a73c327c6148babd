"""Bar codes and QR codes, by ZXing: whatever one says, it was made to identify something."""

from __future__ import annotations

from collections.abc import Iterator

from deidstream.core.region import Region
from deidstream.detection.image.lines import Pixels
from deidstream.ports import Mark

__all__ = ["find"]

_QUIET = 4


def find(picture: Pixels, element: str, frame: int) -> Iterator[Mark]:
    """The codes in ``picture``, also those that are recognised and cannot be decoded."""
    import zxingcpp

    for code in zxingcpp.read_barcodes(picture, return_errors=True):
        at = code.position
        corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        columns, rows = [corner.x for corner in corners], [corner.y for corner in corners]
        x, y = max(0, min(columns)), max(0, min(rows))
        box = Region(element, frame, x, y, max(1, max(columns) - x), max(1, max(rows) - y))
        yield Mark("code", box.grown(_QUIET), code.text)
