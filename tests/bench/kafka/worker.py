"""One hop, in a process of its own: reads an inbox, writes the next. Says ``ready`` once it has its share.

    python -m tests.bench.kafka.worker bare|empty HOST:PORT/PREFIX STAGE KEYS

``bare``: a transactional loop on confluent-kafka and nothing else. ``empty``: the loop of every stage around one that does nothing.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Consumer, Producer
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.kafka_bus import KafkaBusFactory
from deidstream.adapters.kafka_client import Cluster, Heard
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.core.case import Case
from deidstream.core.outcome import Forward, Outcome
from deidstream.stream.chain import ChainOptions, StageSpec, run_chain, stop_on_signals
from deidstream.stream.stages import inbox, purposes_of

__all__ = ["HOPS"]

HOPS = ("identify", "fields", "text")
_NEXT = {"identify": "fields", "fields": "text", "text": "resolver"}
_BATCH = 500


class Empty:
    """A stage that lets everything pass."""

    def __init__(self) -> None:
        self._told = False

    def tick(self, _: float) -> list[Outcome]:
        """The loop turns, so this process has its share of the inbox."""
        if not self._told:
            _ready()
        self._told = True
        return []

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """One Forward a case."""
        return [Forward(case.advance()) for case in cases]


def _empty(cluster: Cluster, stage: str, keys: Path, stop: threading.Event) -> None:
    ring = FileKeyRing(keys, purposes_of([stage]), create=False)
    with tempfile.TemporaryDirectory() as state:
        options = ChainOptions(stage, Path(state))
        run_chain([StageSpec(stage, Empty())], KafkaBusFactory(cluster), ring, MemoryHold(), options, stop=stop)


def _bare(cluster: Cluster, stage: str, stop: threading.Event) -> None:
    """The quickest that a batch can be handed on exactly once with this client."""
    heard, target = Heard(), cluster.named(inbox(_NEXT[stage]))
    consumer = Consumer(
        cluster.common(heard)
        | {
            "group.id": cluster.named(f"bare.{stage}"),
            "group.instance.id": stage,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
        }
    )
    transactional = {"transactional.id": cluster.named(f"bare.{stage}"), "transaction.timeout.ms": 20_000}
    producer = Producer(cluster.common(heard) | transactional | {"acks": "all", "linger.ms": 0})
    producer.init_transactions(15)
    consumer.subscribe([cluster.named(inbox(stage))])
    while not consumer.assignment():
        consumer.poll(0.1)
    _ready()
    while not stop.is_set():
        first = consumer.poll(0.2)
        if first is None:
            continue
        producer.begin_transaction()
        for message in [first, *consumer.consume(_BATCH - 1, 0)]:
            producer.produce(target, message.value(), message.key(), message.partition(), headers=message.headers())
        producer.flush(15)
        positions = consumer.position(consumer.assignment())
        producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), 15)
        producer.commit_transaction(15)
    consumer.close()


def _ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    """The command."""
    kind, address, stage, keys = sys.argv[1:]
    stop, cluster = stop_on_signals(), Cluster.at(address, {})
    if kind == "bare":
        _bare(cluster, stage, stop)
    else:
        _empty(cluster, stage, Path(keys), stop)


if __name__ == "__main__":
    main()
