"""A deployment on a real Kafka, PostgreSQL and S3 in which every stage is a process of its own, with a real collector."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.full.otelcol import Collector, collecting
from tests.full.seaweed import ACCESS, SECRET, Seaweed, seaweed
from tests.harness.deployment import Running, deployment
from tests.harness.kafka import Broker

STAGES = ("ingest", "identify", "fields", "text", "resolver", "writer", "delivery")


@dataclass(frozen=True)
class Observatory:
    """What runs, and where its signals go."""

    running: Running
    collector: Collector
    kafka: Broker
    store: Seaweed


@contextmanager
def observatory(folder: Path, kafka: Broker, database: str, **sections: Any) -> Iterator[Observatory]:
    """Ready. ``sections`` replace those of the configuration."""
    with seaweed(_made(folder / "seaweed")) as store, collecting(_made(folder / "collector")) as collector:
        store.bucket("artifacts")
        credentials = folder / "credentials"
        credentials.write_text(f"{ACCESS}\n{SECRET}\n")
        processes = {
            "bus": f"kafka://{kafka.servers}/{folder.name}",  # the broker is everybody's: other keys sealed what others sent
            "database": database,
            "artifacts": store.url("artifacts", "hospital"),
            "artifacts_access": {"credentials": str(credentials)},
            "chains": [[stage] for stage in STAGES],
            "otlp_endpoint": collector.url,
        }
        with deployment(_made(folder / "deployment"), processes, **sections) as running:
            _continue_traces(running.folder / "deidstream.yaml")
            command(running, "topics", "apply")
            running.start()
            running.wait_ready(120.0)
            yield Observatory(running, collector, kafka, store)


def command(running: Running, *arguments: str) -> str:
    """What ``deidstream ARGUMENTS`` prints on the deployment."""
    config = str(running.folder / "deidstream.yaml")
    done = subprocess.run(
        [sys.executable, "-m", "deidstream.cli", *arguments, "--config", config],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _continue_traces(config: Path) -> None:
    tree = yaml.safe_load(config.read_text())
    for listener in tree["ingest"].get("fhir", ()):
        listener["continue_traces"] = True
    config.write_text(yaml.safe_dump(tree))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
