"""From bucket to bucket: a source and a destination on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from deidstream.adapters.s3_artifacts import S3Artifacts
from deidstream.adapters.s3_client import S3Address

from tests.full.java import wait_for
from tests.full.seaweed import ACCESS, SECRET, Seaweed, seaweed
from tests.harness.client import message
from tests.harness.deployment import deployment

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    with seaweed(tmp_path_factory.mktemp("seaweed")) as running:
        running.bucket("clinical")
        running.bucket("research")
        yield running


def store(server: Seaweed, bucket: str, prefix: str) -> S3Artifacts:
    return S3Artifacts(S3Address(server.url(bucket, prefix), ACCESS, SECRET))


def test_objects_are_taken_once_and_releases_put_once(server: Seaweed, tmp_path: Path) -> None:
    inbox, outbox = store(server, "clinical", "in"), store(server, "research", "out/2026")
    access = {"access": {"access_key": ACCESS, "secret_key": SECRET}}
    ingest = {"buckets": [{"name": "bucket", "url": server.url("clinical", "in"), "every_seconds": 0.2} | access]}
    there = {"name": "bucket", "kind": "bucket", "url": server.url("research", "out/2026"), "projects": ["research"]}
    for n in range(20):
        inbox.put(f"ward {n % 3}/Müller {n}.hl7", message(f"C{n}", f"{4000 + n}"))
    inbox.put("not ours.bin", bytes(range(256)))
    with deployment(tmp_path, ingest=ingest, delivery={"destinations": [there | access]}) as running:
        running.start()
        running.wait_ready()
        wait_for(lambda: len(list(outbox.list())) >= 20, "20 releases are in the bucket")
        inbox.put("late.hl7", message("C99", "5000"))
        wait_for(lambda: len(list(outbox.list())) >= 21, "what came later is released too")
        wait_for(lambda: all(one.key.startswith((".done/", ".bad/")) for one in inbox.list()), "all is moved")
        assert len(running.releases()) == 21
    taken = [one.key for one in inbox.list()]
    assert len([key for key in taken if key.startswith(".done/")]) == 21
    assert [key for key in taken if key.startswith(".bad/")] == [".bad/not ours.bin", ".bad/not ours.bin.reason"]
    released = {one.key: outbox.get(one.key) for one in outbox.list()}
    assert len(released) == 21
    assert not any(word in content for content in released.values() for word in (b"Winterbourne", b"C99"))
    assert not any("ller" in key for key in released)
    assert "ller" not in (tmp_path / "up.log").read_text()


@pytest.mark.parametrize("section", ["ingest", "delivery"])
def test_wrong_credentials_stop_the_process_with_a_hint(server: Seaweed, tmp_path: Path, section: str) -> None:
    wrong = {"name": "bucket", "url": server.url("clinical"), "access": {"access_key": ACCESS, "secret_key": "wrong"}}
    sections = {
        "ingest": {"buckets": [wrong]},
        "delivery": {"destinations": [wrong | {"kind": "bucket", "projects": ["research"]}]},
    }
    with deployment(tmp_path, **{section: sections[section]}) as running:
        running.start()
        assert running.supervisor is not None
        wait_for(lambda: b"s3-credentials" in (tmp_path / "up.log").read_bytes(), "it says what is wrong")
        said = (tmp_path / "up.log").read_text()
        assert "the secret key is not the one of this access key" in said
        assert '"wrong"' not in said
