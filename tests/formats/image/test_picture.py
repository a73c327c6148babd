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


def test_what_only_the_transparency_shows_is_shown() -> None:
    hidden = np.full((20, 30, 4), 255, np.uint8)
    hidden[:, :, 3] = 0
    hidden[5:10, 5:20, 3] = 255
    for picture in (Image.fromarray(hidden), Image.fromarray(hidden[:, :, 2:])):
        looks = opened(saved(picture, "PNG")).looks(1)
        assert any(int(look[7, 10, 0]) - int(look[1, 1, 0]) > 200 for look in looks), picture.mode
    (once,) = opened(saved(Image.new("RGBA", (20, 30), (9, 9, 9, 255)), "PNG")).looks(1)
    assert once.shape == (30, 20, 3)


def test_one_bright_sample_of_16_bits_darkens_nothing() -> None:
    samples = np.zeros((100, 100), np.uint16)
    samples[40:60, 20:80] = 4_000
    samples[0, 0] = 65_535
    looks = opened(saved(Image.fromarray(samples), "PNG")).looks(1)
    assert max(int(look[50, 50, 0]) - int(look[5, 5, 0]) for look in looks) > 200
    assert looks[0][0, 0, 0] == 255, "what is rare is shown too"
