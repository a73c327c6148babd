"""Faults on a real Apache Kafka while a feed goes through: nothing lost, nothing doubled, the order kept, nothing readable.

    python -m tests.chaos.kafka [--kinds stages,broker,...] [--seeds 10] [--messages 2000]

Prints a row a trial and its figures last, in one line; exits 1 when any promise was broken.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path

from tests.chaos.faults import BrokerDeaths, BrokerPauses, Fault, RareDeaths, ReplicaDeaths, Restarts
from tests.chaos.trial import Result, report, trial
from tests.harness.deployment import SHARED, Running, deployment
from tests.harness.kafka import Broker, broker

__all__ = ["KINDS", "run"]

_RATE = 40.0

Faults = Callable[[Running, int, Broker], list[Fault]]

KINDS: dict[str, tuple[int, Faults]] = {
    "stages": (1, lambda running, seed, _: [RareDeaths(running, seed)]),
    "restarts": (1, lambda running, seed, _: [Restarts(running, seed)]),
    "broker": (1, lambda running, seed, kafka: [BrokerDeaths(running, seed, kafka)]),
    "pauses": (1, lambda running, seed, kafka: [BrokerPauses(running, seed, kafka)]),
    "one-of-three": (3, lambda running, seed, kafka: [BrokerDeaths(running, seed, kafka)]),
    "replicas": (1, lambda running, seed, _: [ReplicaDeaths(running, seed)]),
    "everything": (1, lambda running, seed, kafka: [RareDeaths(running, seed), BrokerDeaths(running, seed + 1, kafka)]),
}
"""How many brokers, and what strikes."""


def run(kind: str, seed: int, count: int, rate: float = _RATE) -> Result:
    """One trial, fed at ``rate`` messages a second."""
    nodes, faults = KINDS[kind]
    with _deployed(nodes) as (running, kafka, data):
        return trial(kind, seed, count, rate, running, faults(running, seed, kafka), data)


@contextmanager
def _deployed(nodes: int) -> Iterator[tuple[Running, Broker, Path]]:
    """On a cluster of its own, two processes sharing what comes after identify."""
    with tempfile.TemporaryDirectory(prefix="deidstream-chaos-") as place:
        folder, data = Path(place) / "deployment", Path(place) / "kafka"
        with broker(data, nodes) as kafka, deployment(folder, SHARED | {"bus": f"kafka://{kafka.servers}"}) as running:
            topics = [
                sys.executable,
                "-m",
                "deidstream.cli",
                "topics",
                "apply",
                "--config",
                str(folder / "deidstream.yaml"),
            ]
            subprocess.run(topics, check=True, stdout=subprocess.DEVNULL)
            running.start()
            running.wait_ready(120.0)
            yield running, kafka, data


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1)
    given = parser.parse_args()
    trials = product(given.kinds.split(","), range(given.first, given.first + given.seeds))
    return report("chaos", (partial(run, kind, seed, given.messages) for kind, seed in trials))


if __name__ == "__main__":
    sys.exit(main())
