"""The bucket watch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deidstream.adapters.artifacts_memory import MemoryArtifacts
from deidstream.core.errors import Malformed, Unavailable
from deidstream.ports import Artifact
from deidstream.stages.ingest.bucket import BucketWatch
from deidstream.stages.ingest.config import BucketSource
from deidstream.stages.ingest.service import Admission

from tests.stages.ingest.conftest import RememberingIntake

HL7 = b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1||SECRET\r"


@pytest.fixture
def store() -> MemoryArtifacts:
    return MemoryArtifacts()


def watching(store: MemoryArtifacts, admission: Admission, intake: RememberingIntake, **more: object) -> BucketWatch:
    settings = BucketSource.model_validate({"name": "drop", "url": "s3://bucket/in", **more})
    return BucketWatch(settings, store, admission, intake)


@pytest.fixture
def watch(store: MemoryArtifacts, admission: Admission, intake: RememberingIntake) -> BucketWatch:
    return watching(store, admission, intake)


def keys(store: MemoryArtifacts) -> list[str]:
    return [one.key for one in store.list()]


def test_each_object_becomes_a_case_once_and_is_moved(
    watch: BucketWatch, store: MemoryArtifacts, intake: RememberingIntake
) -> None:
    store.put("ward/a.hl7", HL7)
    store.put("b.hl7", HL7 + HL7)
    assert (watch.look().taken, watch.look().taken) == (2, 0)
    assert [(one.location, one.header.format) for one in intake.cases] == [
        ("b.hl7", "hl7v2"),
        ("b.hl7", "hl7v2"),
        ("ward/a.hl7", "hl7v2"),
    ]
    assert keys(store) == [".done/b.hl7", ".done/ward/a.hl7"]
    assert store.get(".done/ward/a.hl7") == HL7


def test_what_is_hidden_or_not_finished_is_left_alone(
    watch: BucketWatch, store: MemoryArtifacts, intake: RememberingIntake
) -> None:
    left = ["folder/", ".hidden", "~a.hl7", "a.hl7.part", "x/b.TMP"]
    for key in left:
        store.put(key, HL7)
    watch.look()
    assert intake.cases == []
    assert sorted(keys(store)) == sorted(left)


def test_what_is_no_message_is_put_aside_with_a_reason_that_tells_nothing(
    watch: BucketWatch, store: MemoryArtifacts
) -> None:
    store.put("x.hl7", b"")
    look = watch.look()
    assert (look.taken, look.put_aside) == (0, 1)
    assert keys(store) == [".bad/x.hl7", ".bad/x.hl7.reason"]
    assert store.get(".bad/x.hl7.reason") == b"empty\nfile\n"


def test_what_is_too_large_is_not_even_fetched(
    store: MemoryArtifacts, admission: Admission, intake: RememberingIntake
) -> None:
    watch = watching(store, admission, intake, max_file_bytes=10)
    store.put("large.hl7", HL7)
    assert [watch.look().put_aside for _ in range(2)] == [1, 0]
    assert keys(store) == [".bad/large.hl7.reason", "large.hl7"]


@pytest.mark.parametrize("error", [Unavailable("intake-full", "ingest"), Unavailable("bus-locked", "bus")])
def test_what_cannot_be_made_durable_stays_and_is_taken_later(
    watch: BucketWatch, store: MemoryArtifacts, intake: RememberingIntake, error: Unavailable
) -> None:
    store.put("a.hl7", HL7)
    intake.error = error
    assert (watch.look().waiting, keys(store)) == (1, ["a.hl7"])
    intake.error = None
    assert (watch.look().taken, keys(store)) == (1, [".done/a.hl7"])


def test_killed_before_it_was_moved_it_is_the_same_case_again(
    watch: BucketWatch, store: MemoryArtifacts, intake: RememberingIntake
) -> None:
    for _ in range(2):
        store.put("a.hl7", HL7)
        watch.look()
    first, second = intake.cases
    assert first.id == second.id
    assert keys(store) == [".done/a.2.hl7", ".done/a.hl7"]


def test_a_bucket_that_is_away_stops_the_look(admission: Admission, intake: RememberingIntake) -> None:
    class Away(MemoryArtifacts):
        def list(self, prefix: str = "") -> Iterator[Artifact]:
            raise Unavailable("s3-unavailable", "s3")

    with pytest.raises(Unavailable):
        watching(Away(), admission, intake).look()


def test_one_object_that_is_refused_does_not_keep_the_others(
    watch: BucketWatch, store: MemoryArtifacts, intake: RememberingIntake
) -> None:
    store.put("a.bin", b"\x00\x01\x02\xff")
    store.put("b.hl7", HL7)
    look = watch.look()
    assert (look.taken, look.put_aside, len(intake.cases)) == (1, 1, 1)
    intake.refusal = Malformed("lone-surrogate", "case")
    store.put("c.hl7", HL7)
    assert watch.look().put_aside == 1
