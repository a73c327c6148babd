"""Series put together on the shelf, over the stage as the runner drives it: handle, put, due, take."""

import io
from collections.abc import Callable, Iterator

import numpy as np
import pydicom
import pytest
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.shelved_series import STAGE, VERDICTS, ShelvedSeries
from deidstream.core.case import Case, Header
from deidstream.core.outcome import Forward, Hold, Outcome
from deidstream.detection.image.head.survey import Seen
from deidstream.detection.image.looking import Looking
from deidstream.ports import Held, Samples
from deidstream.stages.heads.config import HeadsSettings
from deidstream.stages.heads.service import Heads
from deidstream.stream.holds import take_due
from deidstream.wire import encode_case

from tests.harness.heads import instances, phantom

_SLICES = instances(phantom().values)
_KEYS = MemoryKeyRing()


LOOKING = Looking(lambda: pytest.fail("nobody reads"), lambda: pytest.fail("nobody looks for faces in pictures"))


class Clock:
    def __init__(self) -> None:
        self.time = 1_000.0

    def now(self) -> float:
        return self.time


class Site:
    """What the runner does around the stage."""

    def __init__(
        self, look: Callable[[Seen], str] = lambda _: "", samples: Samples = LOOKING, **settings: object
    ) -> None:
        self.clock, self.shelf = Clock(), MemoryHold()
        series = ShelvedSeries(self.shelf, _KEYS)
        chosen = HeadsSettings.model_validate({"quiet_seconds": 60, **settings})
        self.stage = Heads(series, _KEYS, self.clock, chosen, look, lambda: samples)

    def arrive(self, *contents: bytes) -> list[Outcome]:
        """Handled in batches of 30; what is held is put on the shelf."""
        outcomes: list[Outcome] = []
        for start in range(0, len(contents), 30):
            cases = [_case(content) for content in contents[start : start + 30]]
            made = self.stage.handle(cases)
            self.shelf.put([self._held(one) for one in made if isinstance(one, Hold)])
            outcomes += made
        return outcomes

    def due(self) -> Iterator[Outcome]:
        """What is due now, until nothing is."""
        while True:
            found = take_due(self.shelf, _KEYS, STAGE, self.stage, self.clock.now())
            if not found.ids:
                return
            yield from found.outcomes
            self.shelf.take(STAGE, found.ids)

    def _held(self, one: Hold) -> Held:
        sealed = encode_case(one.case, _KEYS)
        return Held(one.case.id, one.stage, one.reason, one.deadline, sealed, one.group, 0, self.clock.now())


def _case(content: bytes) -> Case:
    name = f"{hash(content) & 0xFFFFFFFF:08x}"
    return Case(Header(name, "pacs", "dicom", 1.0, ("heads", "resolver", "writer"), "subject"), content)


def said(outcomes: list[Outcome]) -> list[str]:
    return [one.case.header.attribute("head") if isinstance(one, Forward) else type(one).__name__ for one in outcomes]


def with_count(count: int) -> list[bytes]:
    return instances(phantom().values, NumberOfSeriesRelatedInstances=count)


def with_series(content: bytes, **attributes: object) -> bytes:
    """The instance with other ``attributes``."""
    made = pydicom.dcmread(io.BytesIO(content))
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    out = io.BytesIO()
    made.save_as(out)
    return out.getvalue()


def test_a_series_that_says_its_size_is_looked_at_when_it_is_complete_in_any_order() -> None:
    site = Site()
    slices = with_count(len(_SLICES))
    order = np.random.default_rng(5).permutation(len(slices))
    assert {*said(site.arrive(*(slices[n] for n in order)))} == {"Hold"}
    outcomes = list(site.due())  # no time has passed
    assert said(outcomes) == ["removed"] * len(slices)
    assert {one.case.header.itinerary for one in outcomes if isinstance(one, Forward)} == {("resolver", "writer")}
    changed = sum(bool(one.case.findings) for one in outcomes if isinstance(one, Forward))
    assert changed > len(slices) // 3
    assert len({one.case.id for one in outcomes if isinstance(one, Forward)}) == len(slices)
    assert list(site.shelf.list(STAGE)) == []


def test_without_a_size_a_series_waits_until_it_is_quiet_and_a_late_slice_gets_its_part() -> None:
    site = Site()
    late = _SLICES[30]
    site.arrive(*_SLICES[:30], *_SLICES[31:50])
    site.clock.time += 40
    site.arrive(*_SLICES[50:])
    site.clock.time += 40  # eighty seconds after the first, forty after the last
    assert list(site.due()) == []
    site.clock.time += 21
    assert said(list(site.due())) == ["removed"] * (len(_SLICES) - 1)
    (outcome,) = site.arrive(late)
    assert said([outcome]) == ["removed"]
    assert isinstance(outcome, Forward)
    assert outcome.case.findings


def test_a_late_slice_from_elsewhere_is_refused() -> None:
    site = Site()
    site.arrive(*_SLICES[:60])
    site.clock.time += 61
    list(site.due())
    assert said(site.arrive(_SLICES[-1])) == ["slice-outside-series"]


@pytest.mark.parametrize("code", ["face-remains", "head-turned", ""])
def test_a_volume_in_which_a_face_is_seen_is_not_released(code: str) -> None:
    site = Site(look=lambda _: code)
    site.arrive(*_SLICES)
    site.clock.time += 61
    assert {*said(list(site.due()))} == {code or "removed"}


@pytest.mark.parametrize(
    ("header", "code", "expected"),
    [
        ({"BodyPartExamined": "CHEST"}, "", "absent"),
        ({"RecognizableVisualFeatures": "NO"}, "", "absent"),
        ({"BodyPartExamined": "CHEST"}, "head-contradicts-header", "head-contradicts-header"),
    ],
)
def test_a_header_that_rules_out_a_head_is_believed_unless_a_face_is_seen(
    header: dict[str, object], code: str, expected: str
) -> None:
    seen: list[Seen] = []

    def look(one: Seen) -> str:
        seen.append(one)
        return code

    site = Site(look=look)
    site.arrive(*instances(phantom().values, **header))
    site.clock.time += 61
    outcomes = list(site.due())
    assert {*said(outcomes)} == {expected}
    assert not any(one.case.findings for one in outcomes if isinstance(one, Forward))
    assert [one.ruled_out for one in seen] == [True]
    assert seen[0].before is seen[0].values


def test_one_slice_whose_header_says_nothing_makes_a_series_one_that_may_show_a_head() -> None:
    site = Site()
    slices = instances(phantom().values, BodyPartExamined="CHEST")
    site.arrive(*slices[:-1], with_series(slices[-1], BodyPartExamined=""))
    site.clock.time += 61
    assert {*said(list(site.due()))} == {"removed"}


def test_a_site_may_believe_headers_without_looking() -> None:
    site = Site(look=lambda _: pytest.fail("nobody looks"), believe_headers=True)
    assert {*said(site.arrive(*instances(phantom().values[:3], BodyPartExamined="CHEST")))} == {"absent"}
    assert {*said(site.arrive(*instances(phantom().values[:3])))} == {"Hold"}


def test_a_series_beyond_the_limits_is_refused_and_nothing_of_it_is_lost() -> None:
    site = Site(most_slices=40)
    outcomes = said(site.arrive(*_SLICES))
    assert outcomes.count("Hold") == 30
    assert outcomes.count("series-too-large") == len(_SLICES) - 30
    small = Site(most_bytes=len(_SLICES[0]) * 10)
    small.arrive(*_SLICES[:20])
    small.clock.time += 61
    assert said(list(small.due())) == ["slice-outside-series"] * 20


def test_what_is_broken_or_says_no_place_is_refused() -> None:
    site = Site()
    (placeless,) = instances(phantom().values[:1], ImagePositionPatient=None)
    (broken,) = instances(phantom().values[:1], BitsStored=17)
    site.arrive(placeless, broken)
    site.clock.time += 61
    assert sorted(said(list(site.due()))) == ["geometry-missing", "pixels-broken"]


def test_nothing_of_a_series_shows_on_the_shelf() -> None:
    site = Site()
    site.arrive(*_SLICES[:1])
    (held,) = site.shelf.list(STAGE)
    assert b"Quiltrane" not in held.payload
    assert b"4711" not in held.payload
    assert len(held.group) == 32
    site.clock.time += 61
    list(site.due())
    site.stage.tick(site.clock.now())
    assert [one.group for one in site.shelf.list(VERDICTS)] == [held.group]
    site.stage.tick(site.clock.now() + 31 * 86_400)
    assert list(site.shelf.list()) == []


def test_somebody_may_say_that_a_series_is_complete() -> None:
    site = Site()
    site.arrive(*_SLICES[:4])
    (group,) = {one.group for one in site.shelf.list(STAGE)}
    assert list(site.due()) == []
    assert site.shelf.reschedule(STAGE, group, site.clock.now()) == 4
    assert said(list(site.due())) == ["head-unclear"] * 4


@pytest.mark.parametrize(
    "said",
    [
        {"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "VRT"]},
        {"VolumeBasedCalculationTechnique": "SURFACE_RENDER"},
        {"VolumetricProperties": "DISTORTED"},
    ],
)
def test_views_upon_a_volume_are_no_slices_of_one_wherever_they_say_they_lie(said: dict[str, object]) -> None:
    site = Site()
    site.arrive(*instances(phantom().values[:8], **said))
    site.clock.time += 61
    assert {one.case.header.attribute("head") for one in site.due() if isinstance(one, Forward)} == {"picture-rendered"}
