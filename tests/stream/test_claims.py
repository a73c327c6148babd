"""Large content on its way through a chain with an artifact store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger
from deidstream.core.case import Case
from deidstream.core.errors import Unavailable, Unsafe
from deidstream.ports import Artifact
from deidstream.stream import quarantine
from deidstream.stream.claims import Claims
from deidstream.stream.holds import let_go
from deidstream.stream.intake import GroupCommit, IntakeOptions
from deidstream.stream.releases import open_parcel
from deidstream.stream.stages import RAW, RELEASES, inbox
from deidstream.wire import LARGE, claimed, decode_case

from tests.stream.fixtures import Scripted, World, case

_PADDING = "\n" * (LARGE + 1)


class Failing(MemoryArtifacts):
    """Fails as often as told, each way; remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.away_for_puts = self.away_for_gets = 0
        self.puts: list[str] = []
        self.gets: list[str] = []

    def put(self, key: str, data: bytes) -> None:
        if self.away_for_puts:
            self.away_for_puts -= 1
            raise Unavailable("s3-unavailable", "s3")
        self.puts.append(key)
        super().put(key, data)

    def get(self, key: str) -> bytes:
        if self.away_for_gets:
            self.away_for_gets -= 1
            raise Unavailable("s3-unavailable", "s3")
        self.gets.append(key)
        return super().get(key)

    def list(self, prefix: str = "") -> Iterator[Artifact]:
        return super().list(prefix)


@pytest.fixture
def store() -> Failing:
    return Failing()


@pytest.fixture
def world(tmp_path: Path, store: Failing) -> World:
    return World(tmp_path, claims=Claims(store))


def large(name: str, word: str = "plain") -> Case:
    return case(name, word + _PADDING)


def test_a_large_case_goes_through_and_its_release_lies_in_the_store(world: World, store: Failing) -> None:
    world.send(large("c1"), case("c2"))
    world.run(Scripted("identify"), Scripted("writer"))
    assert {one.id: len(one.content) for one in world.released()} == {"r-c1": LARGE + 6, "r-c2": 5}
    assert sorted(key.rpartition("-")[0] for key in store.puts) == ["cases/c1/source", "releases/c1/release"]
    assert all(len(record.value) < 2000 for record in world.records(RELEASES))


def test_between_processes_the_source_is_carried_as_a_reference(world: World, store: Failing) -> None:
    world.send(large("c1"))
    world.run(Scripted("identify"))
    (record,) = world.records(inbox("writer"))
    assert claimed(record.value) == set(store.puts)
    world.run(Scripted("writer"))
    assert len(store.puts) == 2
    assert [one.content.strip() for one in world.released()] == [b"plain"]


def test_while_the_store_is_away_nothing_is_committed_and_then_all_of_it(world: World, store: Failing) -> None:
    world.send(*(large(f"c{n}") for n in range(5)))
    store.away_for_gets, store.away_for_puts = 3, 12
    world.run(Scripted("identify"), Scripted("writer"))
    released = [one.id for one in world.released()]
    assert sorted(released) == [f"r-c{n}" for n in range(5)]
    assert quarantine.list_open(world.bus) == []


def test_what_a_record_names_is_there_before_the_record(world: World, store: Failing) -> None:
    world.send(large("c1"), large("c2", "hold@identify"))
    named: list[bool] = []

    def watch() -> None:
        for record in [*world.records(inbox("writer")), *world.shelf.list()]:
            value = getattr(record, "value", None) or getattr(record, "payload", b"")
            named.extend(store._objects.get(key) is not None for key in claimed(value))

    store.away_for_puts = 4
    world.run(Scripted("identify"), until=lambda: watch() or len(named) >= 2)  # type: ignore[func-returns-value]
    assert all(named)


def test_an_artifact_that_is_gone_sends_its_case_to_quarantine_and_no_other(world: World, store: Failing) -> None:
    world.send(large("c1"), large("c2"), case("c3"))
    store.delete(next(key for key in store.puts if "/c1/" in key))
    world.run(Scripted("identify"), Scripted("writer"))
    (record,) = quarantine.list_open(world.bus)
    assert (record.case_id, record.code) == ("c1", "artifact-missing")
    assert record.place.startswith("cases/c1/source-")
    assert sorted(one.id for one in world.released()) == ["r-c2", "r-c3"]


def test_quarantined_cases_are_opened_replayed_and_corrected(world: World, store: Failing) -> None:
    world.send(large("c1", "malformed@identify"))
    world.run(Scripted("identify"))
    (record,) = quarantine.list_open(world.bus)
    assert len(record.payload) < 2000
    assert quarantine.open_case(record, world.keys, world.claims).source.startswith(b"malformed@")
    bus = world.bus.open("", [], "cli")
    quarantine.replay(bus, world.keys, [record], b"plain" + _PADDING.encode(), world.claims)
    world.run(Scripted("identify"), Scripted("writer"))
    assert [one.id for one in world.released()] == ["r-c1"]
    assert len([key for key in store.puts if key.startswith("cases/c1/source-")]) == 2


def test_a_held_case_waits_as_a_reference_and_goes_on(world: World, store: Failing) -> None:
    world.send(large("c1", "hold@identify"))
    world.run(Scripted("identify"))
    (item,) = world.shelf.list()
    assert claimed(item.payload) == set(store.puts)
    let_go(world.bus.open("", [], "cli"), world.shelf, [item])
    again = Scripted("identify")
    world.run(again)
    assert again.batches == [["c1"]]


def test_a_held_case_whose_artifact_is_gone_goes_to_quarantine_when_it_is_due(world: World, store: Failing) -> None:
    world.send(large("c1", "hold@identify"))
    world.run(Scripted("identify"))
    store.delete(store.puts[0])
    world.clock.at = 2001.0
    stage = Scripted("identify")
    stage.due = lambda cases: []  # type: ignore[attr-defined]
    world.run(stage, until=lambda: bool(quarantine.list_open(world.bus)))
    assert [one.code for one in quarantine.list_open(world.bus)] == ["artifact-missing"]


def test_a_parcel_is_opened_with_what_it_names(world: World, store: Failing) -> None:
    world.send(large("c1"))
    world.run(Scripted("identify"), Scripted("writer"))
    (record,) = world.records(RELEASES)
    parcel = open_parcel("release", record.value, world.keys, world.claims)
    assert parcel.release is not None
    assert len(parcel.release.content) == LARGE + 6
    assert len(parcel.sealed) < 2000
    store.delete(next(key for key in store.puts if key.startswith("releases/")))
    with pytest.raises(Unsafe, match="artifact-missing: releases/c1/release-"):
        open_parcel("release", record.value, world.keys, world.claims)


@pytest.mark.parametrize(("raw", "area"), [(False, "cases"), (True, "raw")])
def test_what_comes_in_is_in_the_store_before_it_is_acknowledged(
    world: World, store: Failing, raw: bool, area: str
) -> None:
    options = IntakeOptions(raw=raw, claims=world.claims, patience_seconds=5)
    bus = world.bus.open("ingest", (), "0")
    intake = GroupCommit(bus, MemoryAcceptanceLedger(), world.keys, world.clock, options)
    store.away_for_puts = 2
    intake.start()
    try:
        intake.submit([large("c1")]).result(10)
    finally:
        intake.close()
    (record,) = world.records(inbox("identify"))
    assert [key.split("/")[0] for key in claimed(record.value)] == [area]
    assert [claimed(one.value) for one in world.records(RAW)] == [claimed(record.value)] * raw
    assert decode_case(record.value, world.keys, fetch=world.claims.fetch).source.startswith(b"plain")


def test_a_store_that_stays_away_is_said_to_the_sender_who_may_send_again(world: World, store: Failing) -> None:
    options = IntakeOptions(claims=world.claims, patience_seconds=0.05)
    bus = world.bus.open("ingest", (), "0")
    intake = GroupCommit(bus, MemoryAcceptanceLedger(), world.keys, world.clock, options)
    intake.start()
    try:
        store.away_for_puts = 1000
        with pytest.raises(Unavailable, match="s3-unavailable"):
            intake.submit([large(f"c{n}") for n in range(3)]).result(10)
        assert world.records(inbox("identify")) == []
        store.away_for_puts = 0
        intake.submit([large(f"c{n}") for n in range(3)]).result(10)
    finally:
        intake.close()
    assert len(world.records(inbox("identify"))) == 3


def test_what_is_on_its_way_is_bounded_and_a_store_that_is_away_then_stops_the_batch(store: Failing) -> None:
    lodging = Claims(store).lodging()
    assert lodging.lodge is not None
    for n in range(6):
        lodging.lodge("c1", "source", bytes([n]) * (8 << 20))
    lodging.settle()
    assert len(set(store.puts)) == 6
    store.away_for_puts = 1000
    for n in range(4):
        lodging.lodge("c2", "source", bytes([n]) * (8 << 20))
    with pytest.raises(Unavailable):
        lodging.lodge("c2", "source", bytes(8 << 20))


def test_a_key_tells_nothing_but_ids_whatever_the_record_says(store: Failing) -> None:
    lodging = Claims(store).lodging()
    assert lodging.lodge is not None
    for name in ("../../etc/passwd", "Müller, Erika", "", "a/b"):
        area, step, kind = lodging.lodge(name, "source", name.encode()).split("/")
        assert (area, len(step), kind[:7]) == ("cases", 32, "source-")
    lodging.settle()


def test_puts_of_one_commit_go_several_at_a_time() -> None:
    together = threading.Barrier(3, timeout=10)

    class Slow(MemoryArtifacts):
        def put(self, key: str, data: bytes) -> None:
            together.wait()
            super().put(key, data)

    lodging = Claims(Slow()).lodging()
    assert lodging.lodge is not None
    for n in range(3):
        lodging.lodge("c1", "source", bytes([n]))
    lodging.settle()
