"""Each look at a picture file is looked through for faces and read, as it stands for viewers."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from deidstream.adapters.pictures.models import open_faces, open_reader
from deidstream.detection.image.looking import Looking
from PIL import Image

from tests.formats.dicom.pictures import drawn

_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def looking() -> Looking:
    return Looking(partial(open_reader, _ROOT / "models", 2), partial(open_faces, _ROOT / "models", 2))


def _saved(picture: np.ndarray, orientation: int = 1) -> bytes:
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    Image.fromarray(picture).save(out, "PNG", exif=exif)
    return out.getvalue()


def _portrait() -> np.ndarray:
    large = np.full((480, 640, 3), 90, np.uint8)
    large[200:392, 300:492] = np.asarray(Image.open(_ROOT / "tests" / "data" / "pictures" / "portrait.jpg"))
    return large


@pytest.mark.parametrize(("orientation", "quarters"), [(6, 1), (3, 2), (1, 1), (1, 2)])
def test_a_face_is_marked_where_viewers_see_it_and_gone_when_painted(
    looking: Looking, orientation: int, quarters: int
) -> None:
    source = _saved(np.rot90(_portrait(), quarters), orientation)
    (mark,) = looking.look("image", source, True).marks
    assert mark.kind == "face"
    if orientation != 1:  # upright again: eyes, nose and mouth
        assert mark.box.x <= 365 < 425 <= mark.box.x + mark.box.width
        assert mark.box.y <= 250 < 315 <= mark.box.y + mark.box.height
    assert not looking.look("image", looking.painted("image", source, [mark.box]), True).marks


def test_what_transparency_hides_is_read_and_seen(looking: Looking) -> None:
    written = drawn(np.zeros((80, 400), np.uint8), {(10, 20): "QUILTRANE ADABEL"}, 32)
    hidden = np.dstack([np.full((80, 400, 3), 255, np.uint8), written])
    assert "QUILTRANE" in "".join(line.text for line in looking.look("image", _saved(hidden)).lines)
    grey = np.asarray(Image.fromarray(_portrait()).convert("L"))
    face = np.dstack([np.full((480, 640, 3), 255, np.uint8), grey])
    assert [mark.kind for mark in looking.look("image", _saved(face), True).marks] == ["face"]


def test_text_of_16_bits_is_read_beside_one_bright_sample(looking: Looking) -> None:
    samples = drawn(np.zeros((80, 400), np.uint8), {(10, 20): "QUILTRANE ADABEL"}, 32).astype(np.uint16) * 4
    samples[0, 0] = 65_535
    out = io.BytesIO()
    Image.fromarray(samples).save(out, "PNG")
    assert "QUILTRANE" in "".join(line.text for line in looking.look("image", out.getvalue()).lines)
