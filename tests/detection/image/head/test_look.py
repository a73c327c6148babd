"""Where a face is looked for: a stand-in for the model knows one face, from in front and upright, and nothing else."""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from deidstream.detection.image.head.look import why_not
from deidstream.detection.image.head.render import Scene, rendered, views_around
from deidstream.detection.image.head.survey import Seen

from tests.harness.heads import STEP, phantom

_FRONT, _TOP = np.array([0.0, -1.0, 0.0]), np.array([1.0, 0.0, 0.0])
_SIDE = np.cross(_FRONT, _TOP)
_VALUES = phantom().values
_AIR = np.full_like(_VALUES, -1000)


class OneFace:
    """Heat 0.9 of what looks as the phantom does from in front, wherever the light comes from."""

    def __init__(self) -> None:
        scene = Scene(_VALUES, STEP, -300, 192)
        self._known = []
        for quarters, top in enumerate((_TOP, _SIDE, -_TOP, -_SIDE)):
            views = list(views_around(_FRONT, top, (-30, 0, 30), (-20, 0, 20)))
            self._known += [_small(np.rot90(one, quarters).copy()) for one in rendered(scene, views)]

    def infer(self, inputs: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[np.generic]]:
        seen = _small(inputs["input.1"][0, 0].astype(np.uint8))
        alike = min(float(np.abs(seen - one).mean()) for one in self._known)
        return {"537": np.array([0.9 if alike < 3 else 0.0], np.float32)}


def _small(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return cv2.resize(picture, (48, 48), interpolation=cv2.INTER_AREA).astype(np.float32)


@pytest.fixture(scope="module")
def model() -> OneFace:
    return OneFace()


def test_a_volume_without_its_face_is_released_and_one_with_it_is_not(model: OneFace) -> None:
    assert why_not(Seen(_VALUES, _AIR, STEP, -300, _FRONT, _TOP), model) == ""
    assert why_not(Seen(_VALUES, _VALUES, STEP, -300, _FRONT, _TOP), model) == "face-remains"


@pytest.mark.parametrize(
    ("front", "top"),
    [(-_FRONT, _TOP), (_SIDE, _TOP), (_TOP, -_FRONT), (_FRONT, -_TOP), (_FRONT, _SIDE)],
    ids=["backwards", "sideways", "lying", "upside down", "on its side"],
)
def test_a_header_that_has_the_face_elsewhere_is_not_believed_whatever_was_cut(
    model: OneFace, front: npt.NDArray[np.float64], top: npt.NDArray[np.float64]
) -> None:
    assert why_not(Seen(_VALUES, _AIR, STEP, -300, front, top), model) == "head-turned"


@pytest.mark.parametrize(
    ("front", "top"),
    [(_FRONT, _TOP), (-_FRONT, _TOP), (_TOP, -_FRONT), (_FRONT, _SIDE)],
    ids=["ahead", "back", "up", "side"],
)
def test_a_face_in_a_series_whose_header_has_none_is_seen_from_whatever_side(
    model: OneFace, front: npt.NDArray[np.float64], top: npt.NDArray[np.float64]
) -> None:
    seen = Seen(_VALUES, _VALUES, STEP, -300, front, top, ruled_out=True)
    assert why_not(seen, model) == "head-contradicts-header"


def test_a_series_whose_header_has_no_face_and_that_shows_none_is_released(model: OneFace) -> None:
    trunk = np.where(phantom().brain, _VALUES, np.float32(-1000))
    assert why_not(Seen(trunk, trunk, STEP, -300, _FRONT, _TOP, ruled_out=True), model) == ""
