"""A PDF written anew: pictures of its pages with what was decided burned in, under an invisible layer of their text.

Only the child that reads pictures calls this: it can be killed.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from deidstream.core.page import Run, Sheet
from deidstream.formats.pdf import layer
from deidstream.formats.pdf.box import SCALE
from deidstream.formats.pdf.burning import burn, write
from deidstream.formats.pdf.layer import FONT
from deidstream.formats.pdf.reader import pictures_of

if TYPE_CHECKING:  # loaded where the first PDF is written
    import numpy as np
    import numpy.typing as npt
    import pikepdf

__all__ = ["written"]

_LOSSLESS = 1 << 20
"""Bytes: a page that takes more without loss is written with it."""
_SAMPLE = 16
"""Rows of which one says how a page can be compressed."""
_LESS = 0.01
"""Pixels: readers round up what a page measures."""


def written(source: bytes, sheets: Sequence[Sheet], pictures: Iterable[npt.NDArray[np.uint8]] | None = None) -> bytes:
    """The file. ``sheets``: one for each page of ``source``; ``pictures``: how they look, where that is known.

    Raises Malformed as ``reader.layers`` does.
    """
    import pikepdf

    out = pikepdf.new()
    font = layer.font(out)
    for page, sheet in zip(pictures_of(source) if pictures is None else pictures, sheets, strict=True):
        picture = page.copy()
        for box in sheet.covered:
            burn(picture, box)
        for run in sheet.runs:
            if run.is_new:
                write(picture, run.box, run.text)
        _add(out, font, picture, sheet.runs)
    stream = io.BytesIO()
    out.save(stream, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return stream.getvalue()


def _add(out: pikepdf.Pdf, font: pikepdf.Object, picture: npt.NDArray[np.uint8], runs: Sequence[Run]) -> None:
    """A page with ``picture`` on all of it, and the text of ``runs``."""
    from pikepdf import Dictionary

    height, width = ((side - _LESS) / SCALE for side in picture.shape[:2])
    page = out.add_blank_page(page_size=(width, height))
    page.Resources = Dictionary(XObject=Dictionary({"/Im1": _image(out, picture)}), Font=Dictionary({FONT: font}))
    drawn = f"q {width:.6f} 0 0 {height:.6f} 0 0 cm /Im1 Do Q\n".encode()
    page.Contents = out.make_stream(drawn + layer.content(runs, height))


def _image(out: pikepdf.Pdf, picture: npt.NDArray[np.uint8]) -> pikepdf.Object:
    """Without loss where that takes little (print, drawings), else as JPEG (photographs)."""
    from pikepdf import Name
    from PIL import Image

    grey = bool((picture[:, :, 0] == picture[:, :, 1]).all() and (picture[:, :, 1] == picture[:, :, 2]).all())
    pixels = picture[:, :, 0].copy() if grey else picture
    data, coding = b"", Name.FlateDecode
    sample = len(zlib.compress(pixels[::_SAMPLE].tobytes(), 1))
    if sample <= 2 * _LOSSLESS // _SAMPLE:  # else it is noise, and would be in vain
        data = zlib.compress(pixels.tobytes(), 6)
    if not data or len(data) > _LOSSLESS:
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG", quality=90)
        data, coding = stream.getvalue(), Name.DCTDecode
    image = out.make_stream(data)
    image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, coding
    image.Width, image.Height, image.BitsPerComponent = picture.shape[1], picture.shape[0], 8
    image.ColorSpace = Name.DeviceGray if grey else Name.DeviceRGB
    return image
