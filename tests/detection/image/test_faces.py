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


def test_tissue_is_no_face(faces: Faces) -> None:
    assert list(faces.find(np.repeat(speckle()[:, :, None], 3, axis=2), "image", 1)) == []
