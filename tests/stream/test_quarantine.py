from pathlib import Path

import pytest
from deidstream.core.errors import Misconfigured
from deidstream.stream import quarantine
from deidstream.stream.holds import let_go
from deidstream.stream.stages import inbox

from tests.stream.fixtures import Scripted, World, case


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.send(case("c1", "malformed@writer"), case("c2", "malformed@identify"), case("c3"))
    world.run(Scripted("identify"), Scripted("writer"))
    return world


def test_what_is_in_quarantine_is_listed_with_where_and_why(world: World) -> None:
    found = quarantine.list_open(world.bus)
    assert {(one.case_id, one.stage, one.topic, one.code, one.kind) for one in found} == {
        ("c1", "writer", inbox("writer"), "bad-segment", "hl7v2"),
        ("c2", "identify", inbox("identify"), "bad-segment", "hl7v2"),
    }


def test_a_replay_goes_to_the_stage_where_it_failed_and_closes_the_record(world: World) -> None:
    bus = world.bus.open("", [], "cli")
    quarantine.replay(bus, world.keys, quarantine.list_open(world.bus))
    assert quarantine.list_open(world.bus) == []

    class Mended(Scripted):
        def _special(self, one: object, word: str) -> object:
            one.source = b"plain"  # type: ignore[attr-defined]
            return self._outcome(one)  # type: ignore[arg-type]

    first = Mended("identify")
    world.run(first, Mended("writer"))
    assert sorted(one.case_id for one in world.released()) == ["c1", "c2", "c3"]
    assert first.batches == [["c2"]]


def test_a_case_that_fails_again_is_in_quarantine_again(world: World) -> None:
    bus = world.bus.open("", [], "cli")
    quarantine.replay(bus, world.keys, quarantine.list_open(world.bus))
    world.run(Scripted("identify"), Scripted("writer"))
    assert sorted(one.case_id for one in quarantine.list_open(world.bus)) == ["c1", "c2"]


def test_corrected_bytes_begin_again_at_identify(world: World) -> None:
    (record,) = [one for one in quarantine.list_open(world.bus) if one.case_id == "c1"]
    quarantine.replay(world.bus.open("", [], "cli"), world.keys, [record], b"plain")
    world.run(
        Scripted("identify"), Scripted("fields"), Scripted("writer"), until=lambda: world._done([inbox("identify")])
    )
    assert [one.case_id for one in quarantine.list_open(world.bus)] == ["c2"]
    again = quarantine.list_open(world.bus)
    assert all(one.case_id != "c1" for one in again)


def test_only_one_case_is_corrected_at_a_time(world: World) -> None:
    with pytest.raises(Misconfigured, match="replay-one"):
        quarantine.replay(world.bus.open("", [], "cli"), world.keys, quarantine.list_open(world.bus), b"plain")


def test_what_is_dropped_is_closed(world: World) -> None:
    quarantine.close(world.bus.open("", [], "cli"), quarantine.list_open(world.bus))
    assert quarantine.list_open(world.bus) == []


def test_a_held_case_that_a_person_lets_go_comes_back_to_its_stage(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.send(case("c1", "hold@identify"))
    world.run(Scripted("identify"))
    let_go(world.bus.open("", [], "cli"), world.shelf, world.shelf.list())
    assert list(world.shelf.list()) == []
    again = Scripted("identify")
    world.run(again)
    assert again.batches == [["c1"]]
