"""Deployments to strike at: on a Kafka cluster of their own, with whatever else they depend on."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import outages
from tests.full import postgres
from tests.full.postgres import Postgres
from tests.full.seaweed import ACCESS, SECRET, Seaweed, seaweed
from tests.harness.deployment import ISSUERS, SHARED, Running, deployment
from tests.harness.kafka import Broker, broker

__all__ = ["Needs", "Site", "site"]


_IDENTITY = {"issuer_aliases": ISSUERS, "search_after_seconds": 3}
"""What becomes known late is searched for while faults strike."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a deployment has besides: ``nodes`` of Kafka, an S3 store for large content, PostgreSQL, a small disk (megabytes)
    for all that is deidstream's, or for the broker.

    ``processes`` of each stage that is named; where none is, two share what comes after identify."""

    nodes: int = 1
    store: bool = False
    database: bool = False
    disk: int = 0
    broker_disk: int = 0
    processes: Mapping[str, int] = field(default_factory=lambda: SHARED["replicas"])


@dataclass(slots=True)
class Site:
    """A deployment that runs, and its servers. ``places``: folders in which nothing planted may lie."""

    running: Running
    kafka: Broker
    places: list[Path] = field(default_factory=list)
    store: Seaweed | None = None
    database: Postgres | None = None


@contextmanager
def site(needs: Needs) -> Iterator[Site]:
    """A deployment that is ready."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deidstream-chaos-")))
        folder = place / "deployment"
        for one, size in ((folder, needs.disk), (place / "kafka", needs.broker_disk)):
            if size:
                outages.small_disk(one, size)
                stack.callback(outages.gone, one)
        kafka = stack.enter_context(broker(place / "kafka", needs.nodes))
        processes: dict[str, Any] = SHARED | {"bus": f"kafka://{kafka.servers}", "replicas": dict(needs.processes)}
        places, store, database = [place / "kafka"], None, None
        if needs.store:
            (place / "store").mkdir()
            store = stack.enter_context(seaweed(place / "store"))
            processes |= _artifacts(store, place)
            places.append(place / "store")
        if needs.database:
            database = stack.enter_context(postgres.serving())
            processes["database"] = database.migrated()
            places.append(database.folder)
        running = stack.enter_context(deployment(folder, processes, identity=_IDENTITY))
        _topics(folder / "deidstream.yaml")
        running.start()
        running.wait_ready(120.0)
        yield Site(running, kafka, places, store, database)


def _artifacts(store: Seaweed, place: Path) -> dict[str, Any]:
    store.bucket("artifacts")
    (place / "credentials").write_text(f"{ACCESS}\n{SECRET}\n")
    (place / "credentials").chmod(0o600)
    return {"artifacts": store.url("artifacts"), "artifacts_access": {"credentials": str(place / "credentials")}}


def _topics(config: Path) -> None:
    command = [sys.executable, "-m", "deidstream.cli", "topics", "apply", "--config", str(config)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
