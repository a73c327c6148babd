import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from deidstream.core.errors import Malformed
from deidstream.detection.image.head.grid import Plane
from deidstream.detection.image.head.survey import Seen, Survey
from deidstream.detection.image.head.verdict import KEPT, Cut, Verdict

from tests.harness.heads import STEP, Phantom, phantom

_AXES = np.eye(3)[::-1]


def never(_: Seen) -> str:
    return ""


def planes(shape: tuple[int, ...], axes: npt.NDArray[np.float64] = _AXES, shift: float = 0.0) -> list[Plane]:
    """Of a volume whose slices, rows and columns run along ``axes`` of the patient."""
    found = []
    for k in range(shape[0]):
        x, y, z = axes[0] * k * STEP + axes[1] * k * shift
        along, down = (tuple(map(float, axes[n])) for n in (2, 1))
        found.append(Plane((x, y, z), along, down, STEP, STEP, shape[1], shape[2]))  # type: ignore[arg-type]  # of three
    return found


def looked_at(values: npt.NDArray[np.float32], where: list[Plane], hounsfield: bool = True) -> Verdict:
    survey = Survey(hounsfield)
    for plane, one in zip(where, values, strict=True):
        survey.add(plane, one)
    return survey.verdict(never)


def labels(verdict: Verdict, where: list[Plane]) -> npt.NDArray[np.uint8]:
    found = []
    for plane in where:
        cut = verdict.cut_of(plane)
        assert cut is not None
        assert cut.code == ""
        found.append(cut.labels(plane))
    return np.stack(found)


def assert_faceless(made: npt.NDArray[np.uint8], one: Phantom) -> None:
    assert (made[one.face] != KEPT).mean() > 0.98
    assert (made[one.brain] != KEPT).mean() < 0.01
    assert (made == KEPT).mean() > 0.5  # the rest of the head is there


_CT = phantom()
_WHERE = planes(_CT.values.shape)


@pytest.fixture(scope="module")
def ct() -> Verdict:
    """Of a CT whose slices came in no order."""
    order = np.random.default_rng(3).permutation(len(_WHERE))
    return looked_at(_CT.values[order], [_WHERE[n] for n in order])


def test_the_face_goes_and_the_brain_stays_in_ct_whatever_the_order_of_slices(ct: Verdict) -> None:
    assert_faceless(labels(ct, _WHERE), _CT)


def test_the_face_goes_and_the_brain_stays_in_mr() -> None:
    one = phantom("MR")
    assert_faceless(labels(looked_at(one.values, _WHERE, False), _WHERE), one)


def test_slices_of_another_orientation() -> None:
    order = [2, 0, 1]  # sagittal
    one = phantom()
    turned = [np.ascontiguousarray(part.transpose(order)) for part in (one.values, one.brain, one.face)]
    where = planes(turned[0].shape, _AXES[order])
    assert_faceless(labels(looked_at(turned[0], where), where), Phantom(turned[0], turned[1], turned[2]))


def test_of_a_tilted_gantry_each_slice_begins_elsewhere() -> None:
    one = phantom()
    shift = 1.0
    room = [np.pad(part, ((0, 0), (25, 0), (0, 0)), mode="edge") for part in (one.values, one.brain, one.face)]
    moved = [np.stack([np.roll(one, -round(k * shift / STEP), 0) for k, one in enumerate(part)]) for part in room]
    where = planes(moved[0].shape, shift=shift)
    assert_faceless(labels(looked_at(moved[0], where), where), Phantom(moved[0], moved[1], moved[2]))


def test_missing_and_uneven_slices() -> None:
    one = phantom()
    kept = [n for n in range(len(one.values)) if n % 5 != 2 and n not in (30, 31)]
    where = planes(one.values.shape)
    verdict = looked_at(one.values[kept], [where[n] for n in kept])
    assert_faceless(labels(verdict, where), one)  # those that were missing get their part when they come late


def test_a_header_that_says_the_wrong_front_is_not_believed() -> None:
    backwards = _AXES.copy()
    backwards[1:] *= -1
    verdict = looked_at(_CT.values, planes(_CT.values.shape, backwards))
    assert [cut.code for cut in verdict.cuts] == ["head-turned"]


def test_where_no_head_is_found_nobody_says_that_there_is_none() -> None:
    at = np.indices((40, 50, 50))
    trunk = np.where(((at[1] - 25) ** 2 + (at[2] - 25) ** 2) < 400, 40, -1000).astype(np.float32)
    verdict = looked_at(trunk, planes(trunk.shape))
    assert [cut.code for cut in verdict.cuts] == ["head-unclear"]


def test_a_few_slices_are_no_volume() -> None:
    one = phantom()
    assert [cut.code for cut in looked_at(one.values[:3], planes(one.values.shape)[:3]).cuts] == ["head-unclear"]


def test_a_volume_in_which_a_face_is_still_seen_is_not_cut() -> None:
    one = phantom()
    survey = Survey(True)
    for plane, values in zip(planes(one.values.shape), one.values, strict=True):
        survey.add(plane, values)
    seen: list[Seen] = []
    verdict = survey.verdict(lambda scene: seen.append(scene) or "face-remains")
    assert [cut.code for cut in verdict.cuts] == ["face-remains"]
    assert len(seen) == 1


def test_a_slice_from_outside_of_the_volume_has_no_part(ct: Verdict) -> None:
    above = dataclasses.replace(_WHERE[-1], origin=(0.0, 0.0, _WHERE[-1].origin[2] + 10))
    across = dataclasses.replace(_WHERE[3], along=(0.0, 1.0, 0.0), down=(0.0, 0.0, 1.0))
    beside = dataclasses.replace(_WHERE[3], origin=(40.0, 0.0, _WHERE[3].origin[2]))
    assert [ct.cut_of(plane) for plane in (above, across, beside)] == [None, None, None]


def test_a_verdict_survives_storing(ct: Verdict) -> None:
    stored = Verdict.from_bytes(ct.to_bytes())
    assert (labels(stored, _WHERE) == labels(ct, _WHERE)).all()
    assert (stored.cuts[0].background == ct.cuts[0].background).all()
    with pytest.raises(Malformed):
        Verdict.from_bytes(ct.to_bytes()[: len(ct.to_bytes()) // 2])


def test_what_becomes_air_looks_like_the_air_of_the_volume(ct: Verdict) -> None:
    (cut,) = ct.cuts
    assert isinstance(cut, Cut)
    assert abs(float(np.median(cut.background)) + 1000) < 5
    assert 8 < float(np.std(cut.background)) < 16  # the noise of the phantom is 12
    assert -20 < float(np.median(cut.tissue)) < 80


@pytest.mark.parametrize(
    "change",
    [{"along": (1.0, 1.0, 0.0)}, {"between_rows": 0.0}, {"origin": (float("nan"), 0.0, 0.0)}, {"rows": 1}],
)
def test_broken_geometry_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        dataclasses.replace(planes((5, 20, 20))[0], **change)  # type: ignore[arg-type]  # one of them
