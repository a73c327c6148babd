"""The monitor on a Kafka that asks who comes: it gets what it may read, and has no right on what the pipeline reads."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.kafka_topics import Topic, apply
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.cli.demo.ports import free_row
from deidstream.core.outcome import Audit
from deidstream.stream.audit import AuditChain
from deidstream.stream.kafka import Kafka
from deidstream.stream.stages import AUDIT
from pydantic import SecretStr

from tests.full.java import wait_for
from tests.harness.kafka import PASSWORDS, Secured

pytestmark = pytest.mark.full

_OWN = "deidstream.monitor"
Right = tuple[ResourceType, str, ResourcePatternType, AclOperation]
_RIGHTS = (
    (ResourceType.TOPIC, AUDIT, ResourcePatternType.LITERAL, AclOperation.READ),
    (ResourceType.GROUP, _OWN, ResourcePatternType.LITERAL, AclOperation.READ),
    (ResourceType.TOPIC, _OWN, ResourcePatternType.PREFIXED, AclOperation.ALL),
)
"""All that the monitor needs where it has no canaries."""


@dataclass
class Watched:
    admin: Cluster
    folder: Path
    port: int

    def configure(self, kafka: dict[str, str]) -> Path:
        path = self.folder / "deidstream.yaml"
        bus = f"kafka://{self.admin.servers}/{self.admin.prefix}"
        watch = {"window_seconds": 5, "drift_seconds": 5, "health": {"port": self.port}}
        deployment = {"state": str(self.folder / "state"), "bus": bus, "kafka": kafka}
        path.write_text(yaml.safe_dump({"deployment": deployment, "monitor": watch}))
        return path

    @contextmanager
    def monitor(self, kafka: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "deidstream.cli", "monitor", "run", "--config", str(self.configure(kafka))]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)

    def stopped(self) -> dict[str, str]:
        lines = [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]
        return next(line for line in lines if line["event"] == "chain.stopped")

    def rates(self) -> list[str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except OSError:
            return []
        return [line for line in text.splitlines() if line.startswith("deidstream_monitor_rate{")]


@pytest.fixture
def watched(secured: Secured, tmp_path: Path) -> Watched:
    security = Kafka(
        protocol="SASL_SSL", ca=secured.certificates.ca, user="admin", password=SecretStr(PASSWORDS["admin"])
    ).client()
    admin = Cluster(secured.scram, f"t{uuid.uuid4().hex[:8]}", security)
    assert apply(admin, [Topic(AUDIT, 2, None)]) == []
    return Watched(admin, tmp_path, free_row(1)[0])


def grant(admin: Cluster, user: str, rights: Sequence[Right] = _RIGHTS) -> None:
    bindings = [
        AclBinding(kind, admin.named(name), pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for kind, name, pattern, operation in rights
    ]
    client = AdminClient({"bootstrap.servers": admin.servers, **admin.security})
    for future in client.create_acls(bindings).values():
        future.result(15)


def scram(secured: Secured, password: str = PASSWORDS["stage"]) -> dict[str, str]:
    return {"protocol": "SASL_SSL", "ca": str(secured.certificates.ca), "user": "stage", "password": password}


def write(admin: Cluster, entries: Sequence[Audit]) -> None:
    factory = KafkaBusFactory(admin)
    bus = factory.open("writer", (), "writer")
    try:
        bus.commit(AuditChain("core", MemoryKeyRing(), factory).record(entries, time.time()))
    finally:
        bus.close()


def abort(admin: Cluster, entries: Sequence[Audit]) -> None:
    """A batch that never was: its records lie in the topic, and its transaction is taken back."""
    settings = {"bootstrap.servers": admin.servers, "transactional.id": admin.named("deidstream.aborted")}
    producer = Producer({**settings, **admin.security})
    producer.init_transactions(30)
    producer.begin_transaction()
    (output,) = AuditChain("other", MemoryKeyRing(), KafkaBusFactory(admin)).record(entries, time.time())
    producer.produce(admin.named(AUDIT), output.value, output.key.encode())
    producer.flush(15)
    producer.abort_transaction(15)


def test_with_the_rights_to_read_it_counts_what_was_committed_and_nothing_else(
    secured: Secured, watched: Watched
) -> None:
    grant(watched.admin, "stage")
    shown: set[str] = set()

    def often_seen() -> bool:
        """Both are written again and again, so that what was taken back would be shown with the rest."""
        abort(watched.admin, [Audit("release.refused", "c1", {"destination": "d"})])
        write(watched.admin, [Audit("case.accepted", "c2", {"source": "adt"})])
        shown.update(watched.rates())
        return sum('outcome="accepted"' in line and not line.endswith(" 0.0") for line in shown) > 1

    with watched.monitor(scram(secured)):
        wait_for(often_seen, "what was committed is counted", 120)
    assert not [line for line in shown if "refused" in line]


def test_a_wrong_password_is_told_and_ends_it(secured: Secured, watched: Watched) -> None:
    with watched.monitor(scram(secured, "not-the-password")) as process:
        assert process.wait(60) == 2
    assert watched.stopped()["code"] == "kafka-authentication"
    assert "not-the-password" not in (watched.folder / "log").read_text()


@pytest.mark.parametrize("lacking", range(len(_RIGHTS)), ids=["topic", "group", "own topics"])
def test_a_right_that_is_missing_is_told_and_ends_it(secured: Secured, watched: Watched, lacking: int) -> None:
    grant(watched.admin, "stage", [right for number, right in enumerate(_RIGHTS) if number != lacking])
    with watched.monitor(scram(secured)) as process:
        assert process.wait(120) in (2, 3)
    assert watched.stopped()["code"] == ("topic-missing", "kafka-not-allowed", "monitor-idle")[lacking]
