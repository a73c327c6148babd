"""Tomographic pictures that say no place in the patient, and whose header has no head: the released model looks at each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from deidstream.adapters.pictures.models import open_faces
from deidstream.detection.image.looking import Looking
from PIL import Image

from tests.formats.dicom.pictures import speckle
from tests.harness.heads import instances, phantom
from tests.stages.heads.test_heads import Site, said, with_series

_ROOT = Path(__file__).parents[3]
_PORTRAIT = np.asarray(Image.open(_ROOT / "tests" / "data" / "pictures" / "portrait.jpg").convert("L")).astype(
    np.float32
)
_CHEST = {"BodyPartExamined": "CHEST", "ImagePositionPatient": None}
_SAYINGS = {
    "a secondary capture": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
    "a rendered view": {"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "VRT"]},
    "nobody recognisable": {"BodyPartExamined": None, "RecognizableVisualFeatures": "NO"},
}


@pytest.fixture(scope="module")
def looking() -> Looking:
    return Looking(lambda: pytest.fail("nobody reads"), partial(open_faces, _ROOT / "models", 2))


def became(looking: Looking, *contents: bytes) -> list[str]:
    site = Site(samples=looking)
    site.arrive(*contents)
    site.clock.time += 61
    return said(list(site.due()))


def picture(values: npt.NDArray[np.float32], **header: object) -> bytes:
    (made,) = instances(values[None] - 1024, **(_CHEST | header))
    return made


@pytest.mark.parametrize("quarters", range(4))
def test_a_face_is_seen_whatever_the_header_says_and_whichever_way_up_it_is(looking: Looking, quarters: int) -> None:
    assert became(looking, picture(np.rot90(_PORTRAIT, quarters))) == ["head-contradicts-header"]


@pytest.mark.parametrize("header", _SAYINGS.values(), ids=_SAYINGS)
def test_a_face_is_seen_in_every_kind_of_such_pictures(looking: Looking, header: dict[str, object]) -> None:
    assert became(looking, picture(_PORTRAIT, **header)) == ["head-contradicts-header"]


def test_a_face_is_seen_where_the_window_would_hide_it(looking: Looking) -> None:
    assert became(looking, picture(_PORTRAIT, WindowCenter=5_000, WindowWidth=10)) == ["head-contradicts-header"]


def test_where_no_face_is_seen_the_header_is_believed(looking: Looking) -> None:
    assert became(looking, picture(speckle().astype(np.float32))) == ["absent"]
    assert became(looking, *instances(phantom().values[30:31], **_CHEST)) == ["absent"]


def test_what_cannot_be_decoded_is_refused(looking: Looking) -> None:
    assert became(looking, picture(_PORTRAIT, BitsStored=17)) == ["pixel-module-broken"]


def test_what_belongs_to_a_series_with_a_head_is_refused_unlooked_at(looking: Looking) -> None:
    slices = instances(phantom().values)
    alone = with_series(slices[0], SOPInstanceUID="1.2.3", **_CHEST)
    assert became(looking, *slices[1:], alone).count("geometry-missing") == 1
