"""What a message costs each process on Kafka, and what follows for more replicas, partitions and sources than this machine holds.

    python -m tests.bench.scale [--corpus FOLDER_OF_SHARED_DATA]

Measured: CPU seconds a message of every process and of the broker, and the rate, with one process a chain, with two after identify,
and with two of ingest.
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
_MORE = {"two_after_identify": Shape(replicas=2), "two_of_ingest": Shape(ingest=2)}
_PARTS = ("ingest", "identify", "fields", "delivery", "broker")
"""How the names of chains begin, in the order of ``Costs``."""
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
        alone, rate = _measured(kafka, Path(place) / "one", corpus, Shape())
        figures += [Figure(f"cost_{name}", 1e3 * cost, "CPU s/1,000") for name, cost in alone.parts().items()]
        figures += _checked("one_each", rate, predict(alone, Shape(), cores).rate)
        for name, shape in _MORE.items():
            shared, both = _measured(kafka, Path(place) / name, corpus, shape)
            figures += _checked(name, both, predict(alone, shape, cores).rate)
            note = "CPU a message, by one process each"
            figures.append(Figure(f"contention_{name}", shared.whole / alone.whole, "x", note=note))
    print(drawn(alone))
    print(table(figures))
    print(summary(figures))
    return 0


def _checked(name: str, rate: float, predicted: float) -> list[Figure]:
    return [
        Figure(f"rate_{name}", rate, "messages/s"),
        Figure(f"predicted_{name}", predicted / rate, "x", note=f"model : measured, {predicted:.0f}/s"),
    ]


def _measured(kafka: Broker, folder: Path, corpus: Corpus, shape: Shape) -> tuple[Costs, float]:
    """CPU a message of each part, and releases a second."""
    processes = {"chains": SHARED["chains"], "replicas": {"text": shape.replicas, "ingest": shape.ingest}}
    with on_kafka(kafka.servers, f"scale-{folder.name}", folder, **processes) as (running, cluster):
        pipeline = Pipeline(running, KafkaPositions(cluster, "folder"))
        pipeline.run(mllp_job(pipeline.mllp, list(numbered(corpus.hl7, _WARM_UP)), 4), "warming up")
        before = _used(running, kafka)
        messages = list(numbered(corpus.hl7, _MESSAGES, 1_000_000))
        load = pipeline.run(mllp_job(pipeline.mllp, messages, _CONNECTIONS), folder.name)
        used = {name: seconds - before.get(name, 0.0) for name, seconds in _used(running, kafka).items()}
    parts = {part: sum(used[name] for name in used if name.startswith(part)) / _MESSAGES for part in _PARTS}
    return Costs(*parts.values()), steady(load)[0]


def _used(running: Running, kafka: Broker) -> dict[str, float]:
    """CPU seconds so far of each chain, and of the broker."""
    found = {chain_of(child): cpu_seconds([child]) for child in running.children()}
    brokers = [node.process.pid for node in kafka.nodes if node.process is not None]
    return found | {"broker": cpu_seconds(brokers)}


if __name__ == "__main__":
    sys.exit(main())
