"""What a destination gets, in which order, how often."""

from __future__ import annotations

import random

import pytest
from deidstream.core.case import Container
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.stages.delivery.config import DeliverySettings
from deidstream.stages.delivery.rejoin import join
from deidstream.stages.delivery.sending import APPLICATION_ERROR
from deidstream.stream.parcel import Parcel
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stages.delivery.conftest import World, gap, parcel, release


def statuses(results: list[object]) -> list[tuple[str, str]]:
    return [(one.status, one.code) for one in results]  # type: ignore[attr-defined]


def test_releases_go_out_once_however_often_they_arrive(world: World) -> None:
    parcels = [parcel(release(number)) for number in (1, 2, 3)]
    assert statuses(world.worker().handle([*parcels, parcels[0]])) == [("delivered", "AA")] * 3
    assert statuses(world.worker().handle(parcels)) == [("delivered", "before")] * 3
    assert world.receiver.ids == ["R1", "R2", "R3"]


def test_only_releases_of_the_projects_of_a_destination_go_there(world: World) -> None:
    world.worker(projects=["p"]).handle([parcel(release(1, project="other")), parcel(release(2))])
    assert world.receiver.ids == ["R2"]
    world.worker(projects=["other"]).handle([parcel(release(1, project="other"))])
    assert world.receiver.ids == ["R2", "R1"]


def test_what_is_not_taken_now_is_sent_until_it_is(world: World) -> None:
    world.receiver.answers["R1"] = [Unavailable("timeout", "out")] * 7
    results = world.worker().handle([parcel(release(1)), parcel(release(2))])
    assert sorted(world.receiver.ids) == ["R1", "R2"]
    assert {(one.parcel.id, one.attempts) for one in results} == {("R1", 8), ("R2", 1)}


def test_what_is_refused_does_not_stop_the_others_and_a_replay_is_tried_again(world: World) -> None:
    world.receiver.answers["R1"] = [Malformed("answered-AR", "MSA-1")]
    results = world.worker().handle([parcel(release(1)), parcel(release(2))])
    assert statuses(results) == [("refused", "answered-AR"), ("delivered", "AA")]
    assert statuses(world.worker().handle([parcel(release(1))])) == [("delivered", "AA")]


def test_a_receiver_that_keeps_answering_with_an_error_has_refused(world: World) -> None:
    world.receiver.answers["R1"] = [Unavailable(APPLICATION_ERROR, "MSA-1")] * 99
    assert statuses(world.worker(error_attempts=3).handle([parcel(release(1))])) == [("refused", APPLICATION_ERROR)]


def test_a_worker_that_must_stop_says_so_and_its_successor_sends_only_the_rest(world: World) -> None:
    world.receiver.answers["R2"] = [Unavailable("timeout", "out")]
    world.patience = 0
    with pytest.raises(Unavailable):
        world.worker().handle([parcel(release(1)), parcel(release(2))])
    world.patience = 100
    world.worker().handle([parcel(release(1)), parcel(release(2))])
    assert world.receiver.ids == ["R1", "R2"]


@given(st.integers(0, 2**32), st.integers(1, 5))
@settings(max_examples=50)
def test_an_ordered_destination_gets_every_lane_in_order_once_whatever_the_arrival(seed: int, batch: int) -> None:
    world, chance = World(), random.Random(seed)
    arrivals = []
    for lane in range(3):
        for number in range(1, 8):
            name = lane * 100 + number
            if chance.random() < 0.2:
                arrivals.append(gap(number, key=f"s{lane}"))
            else:
                arrivals.append(parcel(release(name, key=f"s{lane}", sequence=number)))
    expected = {one.id for one in arrivals if one.release}
    chance.shuffle(arrivals)
    arrivals += chance.sample(arrivals, 5)
    worker = world.worker(ordered=True)
    for start in range(0, len(arrivals), batch):
        if chance.random() < 0.3:
            worker = world.worker(ordered=True)
        worker.handle(arrivals[start : start + batch])
    assert sorted(world.receiver.ids) == sorted(expected)
    for lane in range(3):
        sequences = [one.sequence for one in world.receiver.got if one.key == f"s{lane}"]
        assert sequences == sorted(sequences)
    assert world.shelf.list("delivery.out") == []


def test_what_waits_too_long_goes_and_the_gap_is_recorded(world: World) -> None:
    worker = world.worker(ordered=True, order_seconds=60)
    worker.handle([parcel(release(1)), parcel(release(4)), parcel(release(5))])
    assert world.receiver.ids == ["R1"]
    assert worker.tick(world.clock.now()) == []
    world.clock.time += 61
    results = worker.tick(world.clock.now())
    assert [(one.status, one.code, one.place) for one in results] == [
        ("gap", "order-timeout", "2-3"),
        ("delivered", "AA", ""),
        ("delivered", "AA", ""),
    ]
    assert world.receiver.ids == ["R1", "R4", "R5"]
    worker.handle([parcel(release(3)), parcel(release(6))])
    assert world.receiver.ids == ["R1", "R4", "R5", "R3", "R6"]
    assert world.shelf.list("delivery.out") == []


def test_a_gap_for_all_projects_is_a_gap_in_each(world: World) -> None:
    worker = world.worker(ordered=True, projects=["p", "q"])
    two = [parcel(release(number, project=project, id=f"{project}{number}")) for project in "pq" for number in (1, 3)]
    worker.handle(two)
    assert world.receiver.ids == ["p1", "q1"]
    worker.handle([gap(2)])
    assert world.receiver.ids == ["p1", "q1", "p3", "q3"]


def test_a_refused_predecessor_does_not_block_its_lane(world: World) -> None:
    world.receiver.answers["R1"] = [Malformed("answered-AR", "MSA-1")]
    world.worker(ordered=True).handle([parcel(release(2)), parcel(release(1))])
    assert world.receiver.ids == ["R2"]


def test_no_successor_is_sent_before_its_predecessor_is_through(world: World) -> None:
    world.receiver.answers["R1"] = [Unavailable("timeout", "out")] * 3
    world.worker(ordered=True).handle([parcel(release(1)), parcel(release(2)), parcel(release(3))])
    assert world.receiver.ids == ["R1", "R2", "R3"]


def member(ordinal: int, content: bytes, size: int = 5, format_: str = "hl7v2") -> Release:
    return release(ordinal + 1, sequence=0, content=content, container="c", ordinal=ordinal, size=size, format=format_)


BATCH = [b"FHS|^~\\&|A\rBHS|^~\\&|A\r", b"MSH|^~\\&|1\r", b"MSH|^~\\&|2\r", b"MSH|^~\\&|3\r", b"BTS|3|ok\rFTS|1\r"]


def members() -> list[Parcel]:
    return [parcel(member(ordinal, content)) for ordinal, content in enumerate(BATCH)]


def test_a_batch_file_goes_out_as_one_when_all_members_are_there(world: World) -> None:
    parts = members()
    random.Random(1).shuffle(parts)
    results = []
    for one in parts:
        results += world.worker(rejoin=True).handle([one])
    (joined,) = world.receiver.got
    assert joined.content == b"".join(BATCH)
    assert len(results) == 5, "each member has its own result"
    assert world.shelf.list("delivery.out") == []


def test_members_that_arrive_again_after_the_file_has_gone_are_not_sent_again(world: World) -> None:
    worker = world.worker(rejoin=True)
    worker.handle(members())
    worker.handle(members()[:2])
    assert len(world.receiver.got) == 1


def test_a_member_that_will_not_come_is_left_out_and_the_count_is_right(world: World) -> None:
    parts = members()
    world.worker(rejoin=True).handle([*parts[:2], gap(9, container=Container("c", 2, 5)), *parts[3:]])
    assert world.receiver.got[0].content == b"".join([*BATCH[:2], BATCH[3], b"BTS|2|ok\rFTS|1\r"])


def test_a_batch_file_goes_without_its_last_member_after_the_deadline(world: World) -> None:
    worker = world.worker(rejoin=True, rejoin_seconds=60)
    parts = members()
    worker.handle(parts[:3] + parts[4:])
    assert worker.tick(world.clock.now()) == []
    world.clock.time += 61
    assert len(worker.tick(world.clock.now())) == 4
    assert b"BTS|2|ok" in world.receiver.got[0].content
    worker.handle([parts[3]])
    assert [one.content for one in world.receiver.got[1:]] == [BATCH[3]], "a late member goes alone"


def test_bulk_lines_are_lines_again(world: World) -> None:
    lines = [b'{"a":1}', b'{"b":2}\n']
    parts = [parcel(member(ordinal, line, 2, "fhir")) for ordinal, line in enumerate(lines)]
    world.worker(rejoin=True).handle(parts)
    assert world.receiver.got[0].content == b'{"a":1}\n{"b":2}\n'


def test_a_refused_batch_file_is_refused_member_by_member(world: World) -> None:
    parts = members()
    joined = join([one.release for one in parts if one.release])
    world.receiver.answers[joined.id] = [Malformed("refused", "http-422")]
    results = world.worker(rejoin=True).handle(parts)
    assert [one.parcel.id for one in results if one.status == "refused"] == [one.id for one in parts]


def test_without_rejoin_members_go_one_by_one(world: World) -> None:
    world.worker().handle(members())
    assert len(world.receiver.got) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "folder", "name": "a", "path": "x"},
        {"kind": "folder", "name": "a", "path": "x", "ordered": True, "rejoin": True, "projects": ["p"]},
        {"kind": "fhir", "name": "a", "url": "ftp://x"},
        {"kind": "carrier-pigeon", "name": "a"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="."):
        DeliverySettings.model_validate({"destinations": [wrong]})
