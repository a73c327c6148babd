from __future__ import annotations

import time
from pathlib import Path

import pytest
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.adapters.memory_archive import MemoryCaseArchive
from deidstream.core.errors import Malformed
from deidstream.ports import Kept, Output
from deidstream.stream.claims import Claims
from deidstream.stream.orphans import named, orphans
from deidstream.stream.stages import QUARANTINE
from deidstream.wire import LARGE, encode_case

from tests.stream.fixtures import Scripted, World, case

LATER = time.time() + 3600


@pytest.fixture
def store() -> MemoryArtifacts:
    return MemoryArtifacts()


@pytest.fixture
def world(tmp_path: Path, store: MemoryArtifacts) -> World:
    world = World(tmp_path, claims=Claims(store))
    words = ("hold@identify", "malformed@identify", "plain", "plain@")
    world.send(*(case(f"c{n}", word + "\n" * LARGE) for n, word in enumerate(words)))
    world.run(Scripted("identify"))
    world.send(case("c5", "plain" + "\n" * LARGE))
    return world


def test_nothing_that_waits_is_held_or_is_in_quarantine_is_an_orphan(world: World, store: MemoryArtifacts) -> None:
    assert {key.split("/")[1] for key in named(world.bus, world.shelf)} == {"c0", "c1", "c2", "c3", "c5"}
    assert orphans(store, world.bus, world.shelf, LATER) == []


def test_what_nobody_names_is_an_orphan_once_it_is_old(world: World, store: MemoryArtifacts) -> None:
    store.put("cases/c9/source-1", b"of a batch that was done again")
    store.put("releases/c9/release-1", b"too")
    found = orphans(store, world.bus, world.shelf, LATER)
    assert [one.key for one in found] == ["cases/c9/source-1", "releases/c9/release-1"]
    assert orphans(store, world.bus, world.shelf, time.time() - 3600) == []


def test_what_others_keep_in_the_bucket_is_not_ours_to_collect(world: World, store: MemoryArtifacts) -> None:
    store.put("backup/x", b"")
    store.put("casestudies/x", b"")
    assert orphans(store, world.bus, world.shelf, LATER) == []


def test_a_record_that_cannot_be_read_stops_the_collection(world: World, store: MemoryArtifacts) -> None:
    store.put("cases/c9/source-1", b"")
    world.publish([Output(QUARANTINE, "k", b"\xff\xff\xff")])
    with pytest.raises(Malformed, match="wire-unreadable"):
        orphans(store, world.bus, world.shelf, LATER)


def test_what_a_retained_case_names_is_no_orphan(world: World, store: MemoryArtifacts) -> None:
    claims, archive = Claims(store), MemoryCaseArchive()
    lodging = claims.lodging()
    payload = encode_case(case("c9", "word" * LARGE), world.keys, lodging.lodge)
    lodging.settle()
    assert {one.key.split("/")[1] for one in orphans(store, world.bus, world.shelf, LATER, archive)} == {"c9"}
    archive.put([Kept("c9", 1000.0, (), True, payload)], [], [])
    assert orphans(store, world.bus, world.shelf, LATER, archive) == []
