"""Releases that take the place of earlier ones: what is sent, what is not any more, and that nobody else waits for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Lane
from deidstream.stages.delivery.rejoin import joined_id
from deidstream.stream.parcel import Parcel

from tests.stages.delivery.conftest import World, gap, parcel, release
from tests.stages.delivery.test_service import BATCH, member, members, statuses


def superseding(number: int, before: str = "", **changes: object) -> Release:
    """The release that takes the place of ``R<number>``."""
    return release(number, id=f"S{number}", supersedes=before or f"R{number}", **changes)


def test_what_was_delivered_is_recalled_in_the_ledger(world: World) -> None:
    worker = world.worker()
    worker.handle([parcel(release(1))])
    assert statuses(worker.handle([parcel(superseding(1))])) == [("delivered", "AA")]
    assert world.ledger.settled(["R1", "S1"]) == {"R1": "recalled", "S1": "delivered"}
    assert world.receiver.ids == ["R1", "S1"]


def test_what_is_recalled_is_never_sent_again(world: World) -> None:
    worker = world.worker()
    worker.handle([parcel(superseding(1))])
    assert statuses(worker.handle([parcel(release(1))])) == [("recalled", "superseded")]
    assert world.receiver.ids == ["S1"]


def test_of_two_that_arrive_together_only_the_later_is_sent(world: World) -> None:
    results = world.worker().handle([parcel(release(1)), parcel(superseding(1)), parcel(release(2))])
    assert statuses(results) == [("recalled", "superseded"), ("delivered", "AA"), ("delivered", "AA")]
    assert world.receiver.ids == ["S1", "R2"]


def test_one_takes_the_place_of_all_before_it_whichever_of_them_were_sent(world: World) -> None:
    worker = world.worker()
    worker.handle([parcel(release(1))])
    last = superseding(1, "S1,R1")
    worker.handle([parcel(superseding(1)), parcel(replace(last, id="T1"))])
    assert world.receiver.ids == ["R1", "T1"]
    assert world.ledger.settled(["R1", "S1", "T1"]) == {"R1": "recalled", "S1": "recalled", "T1": "delivered"}


def test_a_refused_one_recalls_nothing(world: World) -> None:
    worker = world.worker()
    worker.handle([parcel(release(1))])
    world.receiver.answers["S1"] = [Malformed("answered-AR", "MSA-1")]
    worker.handle([parcel(superseding(1))])
    assert world.ledger.settled(["R1", "S1"]) == {"R1": "delivered", "S1": "refused"}


class TestOrdered:
    def test_it_goes_at_once_and_moves_no_lane(self, world: World) -> None:
        worker = world.worker(ordered=True)
        worker.handle([parcel(release(number)) for number in (1, 2, 3)])
        worker.handle([parcel(superseding(2)), parcel(release(5))])
        worker.handle([parcel(release(4))])
        assert world.receiver.ids == ["R1", "R2", "R3", "S2", "R4", "R5"]
        assert world.ledger.positions([Lane("p/adt", "s1")]) == {Lane("p/adt", "s1"): 5}

    def test_what_still_waits_for_its_predecessor_is_not_sent_after_it(self, world: World) -> None:
        worker = world.worker(ordered=True)
        worker.handle([parcel(release(2)), parcel(release(3))])
        worker.handle([parcel(superseding(2))])
        assert world.receiver.ids == []
        worker.handle([parcel(release(1))])
        assert world.receiver.ids == ["R1", "S2", "R3"]
        assert world.shelf.list("delivery.out") == []
        assert world.ledger.settled(["R2"]) == {"R2": "recalled"}

    def test_it_takes_the_turn_of_one_that_has_not_come(self, world: World) -> None:
        worker = world.worker(ordered=True)
        worker.handle([parcel(superseding(1)), parcel(release(2)), gap(3), parcel(release(4))])
        worker.handle([parcel(release(1))])
        assert world.receiver.ids == ["S1", "R2", "R4"]


class TestRejoined:
    def test_a_member_takes_the_place_of_one_that_still_waits(self, world: World) -> None:
        worker, parts = world.worker(rejoin=True), members()
        better = member(2, b"MSH|^~\\&|better\r")
        worker.handle(parts[:4])
        worker.handle([parcel(_superseding(better))])
        worker.handle(parts[4:])
        (joined,) = world.receiver.got
        assert joined.content == b"".join([*BATCH[:2], better.content, *BATCH[3:]])
        assert joined.supersedes == ""

    def test_after_its_file_has_gone_a_member_goes_alone_and_names_the_file(self, world: World) -> None:
        worker = world.worker(rejoin=True)
        worker.handle(members())
        late = _superseding(member(2, b"MSH|^~\\&|better\r"))
        worker.handle([parcel(late)])
        alone = world.receiver.got[1]
        assert (alone.content, alone.supersedes) == (late.content, "R3")
        assert dict(alone.attributes)["batch"] == world.receiver.got[0].id == joined_id(late)


def _superseding(one: Release) -> Release:
    return superseding(
        one.ordinal + 1, content=one.content, sequence=0, container="c", ordinal=one.ordinal, size=one.size
    )


class TestFhir:
    """A server holds one state of a resource."""

    RESOURCE = (("resource", "DiagnosticReport/s1"),)

    def _of(self, one: Release) -> Parcel:
        return parcel(replace(one, attributes=self.RESOURCE))

    def test_an_older_state_does_not_take_the_place_of_a_newer_one(self, world: World) -> None:
        worker = world.worker(kind="fhir")
        worker.handle([self._of(release(1)), self._of(release(2))])
        assert statuses(worker.handle([self._of(superseding(1))])) == [("recalled", "superseded")]
        assert world.receiver.ids == ["R1", "R2"]
        assert world.ledger.settled(["R1", "S1"]) == {"R1": "recalled", "S1": "recalled"}

    def test_nor_when_both_come_together(self, world: World) -> None:
        worker = world.worker(kind="fhir")
        worker.handle([self._of(release(1))])
        worker.handle([self._of(release(2)), self._of(superseding(1)), self._of(superseding(2))])
        assert world.receiver.ids == ["R1", "S2"]

    @pytest.mark.parametrize("before", [[], [1]])
    def test_the_last_state_is_replaced(self, world: World, before: list[int]) -> None:
        worker = world.worker(kind="fhir")
        worker.handle([self._of(release(number)) for number in before])
        worker.handle([self._of(superseding(1))])
        assert world.receiver.ids[-1] == "S1"

    def test_of_several_states_of_one_case_the_last_stays(self, world: World) -> None:
        worker = world.worker(kind="fhir")
        worker.handle([self._of(release(1))])
        world.receiver.answers["S1"] = [Malformed("http-400", "fhir")]
        worker.handle([self._of(superseding(1))])
        worker.handle([self._of(replace(superseding(1, "S1,R1"), id="T1"))])
        assert world.receiver.ids == ["R1", "T1"]

    def test_one_that_could_not_be_sent_is_tried_again(self, world: World) -> None:
        worker = world.worker(kind="fhir")
        worker.handle([self._of(release(1))])
        world.receiver.answers["S1"] = [Unavailable("http-503", "fhir")]
        worker.handle([self._of(superseding(1))])
        assert world.receiver.ids == ["R1", "S1"]

    def test_elsewhere_every_superseding_release_is_sent(self, world: World) -> None:
        worker = world.worker()
        worker.handle([self._of(release(1)), self._of(release(2))])
        worker.handle([self._of(superseding(1))])
        assert world.receiver.ids == ["R1", "R2", "S1"]
