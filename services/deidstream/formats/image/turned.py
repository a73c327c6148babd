"""How a picture is to be turned to stand upright (EXIF 2.32, 4.6.4, tag Orientation), for its pixels and for rectangles of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deidstream.core.region import Region

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["ORIENTATION", "UPRIGHT", "stored", "upright"]

ORIENTATION, UPRIGHT = 0x0112, 1
_TURNS = {
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}
"""By orientation: whether rows and columns change places, then whether columns, and rows, run the other way."""


def upright(picture: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """``picture``, (rows, columns, ...) as it is stored, as people see it."""
    swapped, columns, rows = _TURNS.get(orientation, (False,) * 3)
    turned = picture.swapaxes(0, 1) if swapped else picture
    return np.ascontiguousarray(turned[:: -1 if rows else 1, :: -1 if columns else 1])


def stored(region: Region, orientation: int, width: int, height: int) -> Region:
    """Where ``region`` of the upright picture lies in the stored one, which has ``width`` columns and ``height`` rows."""
    swapped, columns, rows = _TURNS.get(orientation, (False,) * 3)
    across, down = (height, width) if swapped else (width, height)
    _, _, x, y, wide, high = region
    right, low = min(x + wide, across), min(y + high, down)
    x, right = (across - right, across - x) if columns else (x, right)
    y, low = (down - low, down - y) if rows else (y, low)
    left, top, right, low = (y, x, low, right) if swapped else (x, y, right, low)
    return region._replace(x=left, y=top, width=right - left, height=low - top)
