"""A receiver that commits itself late: what awaits its word is durable, bounded, and holds up nothing behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from deidstream.core.errors import Malformed, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Receipt
from deidstream.stages.delivery.service import Delivery
from deidstream.stream.parcel import Result
from deidstream.stream.releases import open_parcel

from tests.stages.delivery.conftest import KEYS, SETTINGS, World, gap, parcel, release


class Archive:
    """``refused``: what it does not take; ``kept`` and ``lost``: what it says later of what it took; of all else nothing, yet."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.contents: list[bytes] = []
        self.kept: set[str] = set()
        self.lost: set[str] = set()
        self.refused: set[str] = set()
        self._stored: set[str] = set()

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        self.sent += [one.id for one in releases]
        self.contents += [one.content for one in releases]
        self._stored |= {one.id for one in releases} - self.refused
        return [
            Malformed("status-0122", "dicom") if one.id in self.refused else Unavailable("not-committed-yet", "dicom")
            for one in releases
        ]

    def outcomes(self, release_ids: Sequence[str]) -> Mapping[str, Receipt | Exception]:
        found: dict[str, Receipt | Exception] = {}
        for one in release_ids:
            if one not in self._stored:
                found[one] = Unavailable("not-sent", "dicom")
            elif one in self.kept:
                found[one] = Receipt("status-0000")
            elif one in self.lost:
                self._stored.discard(one)
                found[one] = Unavailable("application-error", "commitment-0110")
        return found

    def forget(self) -> None:
        """As another process would, which opens it anew."""
        self._stored.clear()

    def close(self) -> None:
        pass


@pytest.fixture
def archive() -> Archive:
    return Archive()


def worker(world: World, archive: Archive, outstanding: int = 1000, **settings: object) -> Delivery:
    kind = {"kind": "dicom", "host": "h", "called_ae": "A", "commitment": {"outstanding": outstanding}}
    found = SETTINGS.validate_python({**kind, "name": "out", "projects": ["p"], **settings})
    opened = lambda kind, sealed: open_parcel(kind, sealed, KEYS)  # noqa: E731
    archive.forget()
    return Delivery(found, archive, world.ledger, world.shelf, opened, world.clock, world._wait)


def said(results: Sequence[Result]) -> list[tuple[str, str, str]]:
    return [(one.parcel.id, one.status, one.code) for one in results]


def test_what_awaits_commitment_lets_others_pass_and_is_delivered_when_it_is_committed(
    world: World, archive: Archive
) -> None:
    one = worker(world, archive)
    assert one.handle([parcel(release(1)), parcel(release(2))]) == []
    assert one.handle([parcel(release(3))]) == []
    assert archive.sent == ["R1", "R2", "R3"]
    assert one.tick(0.0) == []
    archive.kept = {"R3", "R1"}
    assert sorted(said(one.tick(0.0))) == [("R1", "delivered", "status-0000"), ("R3", "delivered", "status-0000")]
    assert [held.id for held in world.shelf.list()] == ["R2"]
    assert world.ledger.settled(["R1", "R2", "R3"]) == {"R1": "delivered", "R3": "delivered"}
    assert world.troubles == []


def test_what_is_on_its_way_is_not_sent_again_when_it_arrives_again(world: World, archive: Archive) -> None:
    one = worker(world, archive)
    one.handle([parcel(release(1))])
    assert one.handle([parcel(release(1))]) == []
    assert archive.sent == ["R1"]


def test_another_process_sends_again_what_nobody_has_told_it_of_a_few_at_a_time(world: World, archive: Archive) -> None:
    worker(world, archive).handle([parcel(release(number)) for number in (1, 2, 3)])
    after = worker(world, archive, batch=2)
    assert after.tick(0.0) == []
    assert archive.sent == ["R1", "R2", "R3", "R1", "R2"]
    assert archive.contents[3] == release(1).content
    after.tick(0.0)
    assert archive.sent[5:] == ["R3"]
    archive.kept = {"R1", "R2", "R3"}
    assert len(after.tick(0.0)) == 3
    assert world.shelf.list() == []


def test_what_the_receiver_has_not_got_is_sent_whole_again_and_refused_after_some_times(
    world: World, archive: Archive
) -> None:
    one = worker(world, archive, error_attempts=3)
    one.handle([parcel(release(1))])
    archive.lost = {"R1"}
    assert [one.tick(0.0), one.tick(0.0)] == [[], []]
    assert archive.sent == ["R1"] * 3
    assert archive.contents[-1] == release(1).content
    (refused,) = one.tick(0.0)
    assert (refused.status, refused.code, refused.place) == ("refused", "application-error", "commitment-0110")
    assert open_parcel("release", refused.parcel.sealed, KEYS).release == release(1)  # quarantine gets all of it
    assert world.shelf.list() == []
    assert archive.sent == ["R1"] * 3


def test_no_more_wait_than_may_and_then_everything_waits(world: World, archive: Archive) -> None:
    one = worker(world, archive, outstanding=2)
    one.handle([parcel(release(1)), parcel(release(2))])
    world.patience = 3
    with pytest.raises(Unavailable, match="not-committed-yet"):
        one.handle([parcel(release(3))])
    assert archive.sent == ["R1", "R2"]
    assert {error.code for error in world.troubles} == {"not-committed-yet"}
    archive.kept = {"R1"}
    assert said(one.handle([parcel(release(3))])) == [("R1", "delivered", "status-0000")]
    assert archive.sent == ["R1", "R2", "R3"]


SECOND = release(2, supersedes="R1")


def test_what_is_superseded_is_recalled_when_what_supersedes_it_is_delivered_and_not_sent_again(
    world: World, archive: Archive
) -> None:
    one = worker(world, archive)
    one.handle([parcel(release(1))])
    assert one.handle([parcel(SECOND)]) == []
    assert one.tick(0.0) == []
    archive.kept = {"R2"}
    assert said(one.tick(0.0)) == [("R2", "delivered", "status-0000"), ("R1", "recalled", "superseded")]
    assert archive.sent == ["R1", "R2"]
    assert world.ledger.settled(["R1", "R2"]) == {"R1": "recalled", "R2": "delivered"}
    assert world.shelf.list() == []


def test_what_is_superseded_by_one_that_is_refused_waits_on_for_its_own_word(world: World, archive: Archive) -> None:
    one = worker(world, archive, error_attempts=1)
    one.handle([parcel(release(1))])
    one.handle([parcel(SECOND)])
    archive.lost = {"R2"}
    assert said(one.tick(0.0)) == [("R2", "refused", "application-error")]
    assert [held.id for held in world.shelf.list()] == ["R1"]
    archive.kept = {"R1"}
    assert said(one.tick(0.0)) == [("R1", "delivered", "status-0000")]
    assert archive.sent == ["R1", "R2"]
    assert world.ledger.settled(["R1", "R2"]) == {"R1": "delivered", "R2": "refused"}


def test_one_that_is_refused_at_once_recalls_nothing(world: World, archive: Archive) -> None:
    one = worker(world, archive)
    one.handle([parcel(release(1))])
    archive.refused = {"R2"}
    assert said(one.handle([parcel(SECOND)])) == [("R2", "refused", "status-0122")]
    assert [held.id for held in world.shelf.list()] == ["R1"]


def test_what_is_superseded_and_lost_is_recalled_and_not_sent_again(world: World, archive: Archive) -> None:
    one = worker(world, archive)
    one.handle([parcel(release(1))])
    one.handle([parcel(SECOND)])
    archive.lost = {"R1"}
    assert said(one.tick(0.0)) == [("R1", "recalled", "superseded")]
    assert one.tick(0.0) == []
    assert archive.sent == ["R1", "R2"]


@pytest.mark.parametrize("refused", [False, True])
def test_no_later_process_sends_again_what_is_superseded(world: World, archive: Archive, refused: bool) -> None:
    worker(world, archive).handle([parcel(release(1))])
    after = worker(world, archive)
    archive.refused = {"R2"} if refused else set()
    results = said(after.handle([parcel(SECOND)]))  # before it has sent the first again
    assert results == ([("R2", "refused", "status-0122"), ("R1", "recalled", "superseded")] if refused else [])
    last = worker(world, archive)
    assert said(last.tick(0.0)) == ([] if refused else [("R1", "recalled", "before")])
    assert archive.sent == (["R1", "R2"] if refused else ["R1", "R2", "R2"])
    assert [held.id for held in world.shelf.list()] == ([] if refused else ["R2"])


def test_a_destination_in_order_waits_as_before(world: World, archive: Archive) -> None:
    world.patience = 2
    with pytest.raises(Unavailable, match="not-committed-yet"):
        worker(world, archive, ordered=True).handle([parcel(release(1)), parcel(release(2))])
    assert set(archive.sent) == {"R1"}


def test_what_waited_for_its_turn_before_the_destination_lost_its_order_is_sent(world: World, archive: Archive) -> None:
    worker(world, archive, ordered=True).handle([parcel(release(2)), gap(4)])
    after = worker(world, archive)
    after.tick(0.0)
    assert archive.sent == ["R2"]
    archive.kept = {"R2"}
    assert said(after.tick(0.0)) == [("R2", "delivered", "status-0000")]
