"""Instances with pictures, made here: text burned in, in whatever form pixels have."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset
from pydicom.pixels import compress
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

from tests.formats.dicom.files import report, written

__all__ = ["drawn", "instance", "speckle"]

_US, _CT, _SC = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"


def speckle(rows: int = 240, columns: int = 320, seed: int = 1) -> np.ndarray:
    """A grey picture, (rows, columns), that looks a little like tissue."""
    random = np.random.default_rng(seed)
    coarse = random.integers(10, 60, (rows // 8 + 1, columns // 8 + 1)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((columns, rows), Image.Resampling.BICUBIC))


def drawn(picture: np.ndarray, lines: dict[tuple[int, int], str], size: int = 16, value: int = 255) -> np.ndarray:
    """``picture`` with each line at its (x, y)."""
    image = Image.fromarray(picture)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for place, text in lines.items():
        pen.text(place, text, fill=value if image.mode == "L" else (value, value, value), font=font)
    return np.asarray(image)


def instance(frames: np.ndarray, syntax: str = ExplicitVRLittleEndian, kind: str = "us", **attributes: object) -> bytes:
    """An instance with ``frames``, (frames, rows, columns[, 3]) or one without the first axis, of 8 or 16 bits."""
    made = _described(frames, kind, **attributes)
    if syntax == ExplicitVRBigEndian:
        made.PixelData = frames.astype(frames.dtype.newbyteorder(">")).tobytes()
        made["PixelData"].VR = "OW" if frames.dtype.itemsize == 2 else "OB"
        return written(made, syntax)
    if syntax in (ExplicitVRLittleEndian, "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"):
        return written(made, syntax)
    written(made)
    compress(made, syntax, encoding_plugin="pydicom" if syntax == RLELossless else "")
    return written(made, syntax)


def _described(frames: np.ndarray, kind: str, **attributes: object) -> Dataset:
    colour = frames.shape[-1] == 3
    shape = frames.shape[:-1] if colour else frames.shape
    classes = {"us": _US, "ct": _CT, "sc": _SC}
    made = report(SOPClassUID=classes[kind], Modality={"us": "US", "ct": "CT", "sc": "OT"}[kind])
    made.Rows, made.Columns = shape[-2:]
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        made.PlanarConfiguration = 0
    if len(shape) == 3:
        made.NumberOfFrames = shape[0]
    made.BitsAllocated = made.BitsStored = frames.dtype.itemsize * 8
    made.HighBit = made.BitsStored - 1
    made.PixelRepresentation = int(frames.dtype.kind == "i")
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    made.PixelData = np.ascontiguousarray(frames).tobytes()
    made["PixelData"].VR = "OW" if frames.dtype.itemsize == 2 else "OB"
    return made
