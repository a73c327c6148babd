"""Picture files as people see them, and what is filled of the pixels as they are stored."""

from __future__ import annotations

import io

import numpy as np
import pytest
from deidstream.core.region import Region
from deidstream.formats.image import split
from deidstream.formats.image.picture import FilePicture
from PIL import Image, ImageOps


def saved(picture: Image.Image, kind: str, orientation: int = 1) -> bytes:
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    picture.save(out, kind, exif=exif, **({"quality": 100} if kind == "JPEG" else {}))
    return out.getvalue()


def opened(source: bytes) -> FilePicture:
    return FilePicture(split(source))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_a_picture_is_looked_at_and_filled_as_viewers_turn_it(kind: str, orientation: int) -> None:
    grey = np.full((48, 64, 3), 200, np.uint8)
    grey[8:16, 16:40] = 90
    source = saved(Image.fromarray(grey), kind, orientation)
    viewed = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(source))))
    (look,) = opened(source).looks(1)
    assert np.abs(look.astype(int) - viewed).max() <= 2
    rows, columns = np.where(viewed[:, :, 0] < 150)
    x, y = int(columns.min()), int(rows.min())
    region = Region("image", 1, x, y, int(columns.max()) + 1 - x, int(rows.max()) + 1 - y)
    filled = opened(source).painted([region])
    after = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(filled))))
    assert after.shape == viewed.shape
    assert after[rows, columns].max() < 40
    rest = np.ones(viewed.shape[:2], bool)
    rest[rows, columns] = False
    assert np.abs(after.astype(int) - viewed)[rest].max() <= (40 if kind == "JPEG" else 0)
