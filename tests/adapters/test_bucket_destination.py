"""Releases as objects."""

from __future__ import annotations

from dataclasses import replace

from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.adapters.bucket_destination import BucketDestination
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Receipt

from tests.adapters.test_folder_destination import NOTICE, SUPERSEDING, release


def objects(store: MemoryArtifacts) -> dict[str, bytes]:
    return {one.key: store.get(one.key) for one in store.list()}


def test_objects_are_named_as_files_are() -> None:
    store = MemoryArtifacts()
    some = [release(), replace(release("R2"), name="ward/a.hl7"), release("R3", "fhir"), release("../up")]
    assert BucketDestination(store).send(some) == [Receipt("stored")] * 4
    assert sorted(objects(store)) == ["R1.hl7", "R3.json", "___up.hl7", "ward/a.hl7"]


def test_a_release_sent_again_replaces_itself() -> None:
    store = MemoryArtifacts()
    destination = BucketDestination(store)
    destination.send([release(content=b"old"), release(content=b"newer")])
    destination.send([release(content=b"new")])
    assert objects(store) == {"R1.hl7": b"new"}


def test_a_release_takes_away_the_object_of_the_one_that_it_supersedes_and_says_so() -> None:
    store = MemoryArtifacts()
    destination = BucketDestination(store)
    destination.send([release(content=b"with the name"), release("R0")])
    for _ in range(2):
        assert destination.send([release(content=b"without", **SUPERSEDING)]) == [Receipt("stored")]
        assert objects(store) == {"R0.hl7": b"content", "R2.hl7": b"without", "recalled/R1.json": NOTICE}


def test_a_recall_that_fails_is_tried_again() -> None:
    class Keeping(MemoryArtifacts):
        def delete(self, key: str) -> None:
            raise Unavailable("s3-unavailable", "s3")

    (result,) = BucketDestination(Keeping()).send([release(**SUPERSEDING)])
    assert isinstance(result, Unavailable)


def test_each_has_its_own_result() -> None:
    class Some(MemoryArtifacts):
        def put(self, key: str, data: bytes) -> None:
            if key.startswith("R2"):
                raise Unavailable("s3-unavailable", "s3")
            if key.startswith("R3"):
                raise Misconfigured("s3-credentials", "s3")
            super().put(key, data)

    first, second, third = BucketDestination(Some()).send([release(), release("R2"), release("R3")])
    assert (first, type(second), type(third)) == (Receipt("stored"), Unavailable, Misconfigured)
