"""What a message costs each process on Kafka, and what follows for more replicas, partitions and sources than this machine holds.

    python -m tests.bench.scale [--corpus FOLDER_OF_SHARED_DATA]

Measured: CPU seconds a message of every process and of the broker, and the rate, with one and with two processes after identify.
Simulated: from the cost alone, where each process has a core; checked against what was measured. Figures last, in one line.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench.corpus import Corpus, load, numbered
from tests.bench.figure import Figure, summary, table
from tests.bench.kafka.positions import KafkaPositions
from tests.bench.kafka.whole import on_kafka
from tests.bench.model import Costs, Shape, drawn, predict
from tests.bench.parts import steady
from tests.bench.pipeline import Pipeline, chain_of
from tests.bench.sender import mllp_job
from tests.harness.deployment import SHARED, Running, cpu_seconds
from tests.harness.kafka import Broker, broker

_MESSAGES = 3_000
_WARM_UP = 300
_CONNECTIONS = 16
_SHARED = Path(__file__).parents[3] / "shared" / "data"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.scale", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path(os.environ.get("CORPUS", _SHARED)))
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the deployments are stopped
    corpus = load(given.corpus)
    cores = os.cpu_count() or 1
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="deidstream-bench-") as place, broker(Path(place) / "kafka") as kafka:
        alone, rate = _measured(kafka, Path(place) / "one", corpus, 1)
        shared, both = _measured(kafka, Path(place) / "two", corpus, 2)
    figures += [Figure(f"cost_{name}", 1e3 * cost, "CPU s/1,000") for name, cost in alone.parts().items()]
    figures += _checked("1", rate, predict(alone, Shape(replicas=1), cores).rate)
    figures += _checked("2", both, predict(alone, Shape(replicas=2), cores).rate)
    figures.append(Figure("contention", shared.whole / alone.whole, "x", note="CPU a message, two processes : one"))
    print(drawn(alone))
    print(table(figures))
    print(summary(figures))
    return 0


def _checked(name: str, rate: float, predicted: float) -> list[Figure]:
    return [
        Figure(f"rate_{name}", rate, "messages/s", note=f"{name} after identify"),
        Figure(f"predicted_{name}", predicted / rate, "x", note=f"model : measured, {predicted:.0f}/s"),
    ]


def _measured(kafka: Broker, folder: Path, corpus: Corpus, replicas: int) -> tuple[Costs, float]:
    """CPU a message of each part, and releases a second."""
    processes = {"chains": SHARED["chains"], "replicas": {"text": replicas}}
    with on_kafka(kafka.servers, f"scale{replicas}", folder, **processes) as (running, cluster):
        pipeline = Pipeline(running, KafkaPositions(cluster, "folder"))
        pipeline.run(mllp_job(pipeline.mllp, list(numbered(corpus.hl7, _WARM_UP)), 4), "warming up")
        before = _used(running, kafka)
        messages = list(numbered(corpus.hl7, _MESSAGES, 1_000_000))
        load = pipeline.run(mllp_job(pipeline.mllp, messages, _CONNECTIONS), f"{replicas} after identify")
        used = {name: seconds - before.get(name, 0.0) for name, seconds in _used(running, kafka).items()}
    each = {name: seconds / _MESSAGES for name, seconds in used.items()}
    after = sum(cost for name, cost in each.items() if name.startswith("fields"))
    return Costs(each["ingest"], each["identify"], after, each["delivery"], each["broker"]), steady(load)[0]


def _used(running: Running, kafka: Broker) -> dict[str, float]:
    """CPU seconds so far of each chain, and of the broker."""
    found = {chain_of(child): cpu_seconds([child]) for child in running.children()}
    brokers = [node.process.pid for node in kafka.nodes if node.process is not None]
    return found | {"broker": cpu_seconds(brokers)}


if __name__ == "__main__":
    sys.exit(main())
