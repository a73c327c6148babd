"""The released model, on a portrait and on what is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deidstream.adapters.pictures.models import open_faces
from deidstream.detection.image.faces import Faces
from PIL import Image

from tests.formats.dicom.pictures import speckle

_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def faces() -> Faces:
    return open_faces(_ROOT / "models", threads=2)


def test_a_face_is_found_with_all_of_its_head_wherever_it_is(faces: Faces) -> None:
    portrait = np.asarray(Image.open(_ROOT / "tests" / "data" / "pictures" / "portrait.jpg"))
    large = np.full((480, 640, 3), 90, np.uint8)
    large[200:392, 300:492] = portrait
    for picture, x, y in ((portrait, 0, 0), (large, 300, 200)):
        (mark,) = faces.find(picture, "image", 1)
        box = mark.box
        # eyes, nose and mouth lie between these columns and rows of the portrait
        assert box.x <= x + 65 < x + 125 <= box.x + box.width
        assert box.y <= y + 50 < y + 115 <= box.y + box.height
        assert box.width < 150


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_face_is_found_whichever_way_the_picture_lies(faces: Faces, quarters: int) -> None:
    portrait = np.asarray(Image.open(_ROOT / "tests" / "data" / "pictures" / "portrait.jpg"))
    large = np.full((480, 640, 3), 90, np.uint8)
    large[200:392, 300:492] = portrait
    wanted = np.zeros(large.shape[:2], bool)
    wanted[250:315, 365:425] = True  # eyes, nose and mouth
    (mark,) = faces.find(np.rot90(large, quarters), "image", 1)
    x, y, width, height = mark.box[2:]
    covered = np.zeros(np.rot90(wanted, quarters).shape, bool)
    covered[y : y + height, x : x + width] = True
    assert covered[np.rot90(wanted, quarters)].all()
    assert width < 150 > height
    ((_, *inside),) = [(one.kind, *one.box) for one in faces.find(np.rot90(large, quarters), "image", 1, [_half(x, y)])]
    assert np.abs(np.subtract(inside[2:], mark.box[2:])).max() < 20


@pytest.mark.parametrize("quarters", range(4))
def test_a_small_face_in_the_dark_is_found_whichever_way_the_picture_lies(faces: Faces, quarters: int) -> None:
    """The model finds large faces that lie on their side as they are; this one it does not."""
    portrait = Image.open(_ROOT / "tests" / "data" / "pictures" / "portrait.jpg").resize((60, 60), Image.Resampling.BOX)
    large = np.full((640, 900, 3), 36, np.uint8)
    large[20:80, 150:210] = np.asarray(portrait) * 0.4
    assert len(list(faces.find(np.rot90(large, quarters), "image", 1))) == 1


def _half(x: int, y: int) -> tuple[int, int, int, int]:
    """Around what begins at x and y."""
    return max(0, x - 60), max(0, y - 60), x + 210, y + 210


def test_tissue_is_no_face(faces: Faces) -> None:
    assert list(faces.find(np.repeat(speckle()[:, :, None], 3, axis=2), "image", 1)) == []
