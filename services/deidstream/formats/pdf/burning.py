"""What is decided, burned into the picture of a page: a box in the colour around it, and what stands there now."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # loaded where the first PDF is written
    import numpy as np
    import numpy.typing as npt

    from deidstream.core.page import Box

__all__ = ["burn", "write"]

_LETTER = 0.8
"""Of the height of a line: the size of its letters."""
_SMALLEST = 6
"""Pixels: a text that does not fit its box is written smaller, down to this."""


def burn(picture: npt.NDArray[np.uint8], box: Box) -> None:
    """Fills ``box`` of ``picture`` (uint8 ``[height, width, 3]``) with the colour that is commonest along its border, in place."""
    import numpy as np

    height, width = picture.shape[:2]
    left, top = max(0, int(box.left)), max(0, int(box.top))
    right, bottom = min(width, int(box.right) + 1), min(height, int(box.bottom) + 1)
    if left >= right or top >= bottom:
        return
    outer = picture[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
    border = np.concatenate([outer[0], outer[-1], outer[:, 0], outer[:, -1]])
    colours, counts = np.unique(border, axis=0, return_counts=True)
    picture[top:bottom, left:right] = colours[counts.argmax()]


def write(picture: npt.NDArray[np.uint8], box: Box, text: str) -> None:
    """Writes ``text`` into ``box``, in place, as large as it fits; nothing where the font lacks a character of it."""
    import numpy as np
    from PIL import Image, ImageDraw

    left, top, width, height = int(box.left), int(box.top), int(box.right - box.left), int(box.bottom - box.top)
    if width < _SMALLEST or height < _SMALLEST or not _can_write(text):
        return
    size = max(_SMALLEST, round(height * _LETTER))
    while size > _SMALLEST and _font(size).getlength(text) > width:
        size -= 1
    if _font(size).getlength(text) > width:
        return
    ground = picture[max(0, top) : top + height, max(0, left) : left + width]
    if not ground.size:
        return
    ink = 0 if ground.mean() > 127 else 255
    canvas = Image.fromarray(ground)
    ImageDraw.Draw(canvas).text((0, height / 2), text, fill=(ink,) * 3, font=_font(size), anchor="lm")
    ground[:] = np.asarray(canvas)


@lru_cache(maxsize=128)
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _can_write(text: str) -> bool:
    """Whether the font, which has Latin letters, shows each character of ``text`` as something of its own."""
    unknown = _font(24).getmask("\ufffe")
    lacking = bytes(unknown)
    return all(character == " " or bytes(_font(24).getmask(character)) != lacking for character in text)
