"""Three hops of the same records: stages that do nothing, beside a bare transactional loop."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer
from deidstream.adapters.bus_limits import partition_of
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.kafka_client import Cluster
from deidstream.core.case import Case, Header
from deidstream.ports import KeyRing
from deidstream.stream.stages import inbox, purposes_of
from deidstream.wire import encode_case

from tests.bench.figure import Figure
from tests.bench.kafka.positions import Reader
from tests.bench.kafka.topics import apply
from tests.bench.kafka.worker import HOPS
from tests.chaos.feed import messages

__all__ = ["hops"]

_RECORDS = 20_000
_ROUNDS = 2
_PATIENCE = 180.0

Records = Sequence[tuple[str, bytes]]


def hops(servers: str, folder: Path) -> list[Figure]:
    """Both in turns, each on topics of its own; the rates are of all rounds together."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = FileKeyRing(folder / "keys", purposes_of(HOPS))
    records = list(_cases(keys))
    seconds = {"bare": 0.0, "empty": 0.0}
    for number in range(_ROUNDS):
        for kind in seconds:
            print(f"hops: {kind}, round {number + 1}", file=sys.stderr, flush=True)
            seconds[kind] += _timed(kind, Cluster(servers, f"{kind}{number}"), folder, records)
    rates = {kind: _ROUNDS * _RECORDS / taken for kind, taken in seconds.items()}
    size = sum(len(value) for _, value in records) / len(records)
    return [
        Figure("hops_ratio", rates["empty"] / rates["bare"], "x", "at least", 0.3, "empty stages : bare loop"),
        Figure("hops_empty", rates["empty"], "records/s", note=f"{len(HOPS)} hops, {size:.0f} bytes"),
        Figure("hops_bare", rates["bare"], "records/s"),
    ]


def _cases(keys: KeyRing) -> Iterator[tuple[str, bytes]]:
    """Cases as ingest seals them, with a key of one of 500 subjects."""
    itinerary = (*HOPS, "resolver")
    for number, source in enumerate(messages(_RECORDS, 1)):
        header = Header(f"{number:032x}", "bench", "hl7v2", time.time(), itinerary, f"subject-{number % 500}")
        yield header.key, encode_case(Case(header, source), keys)


def _timed(kind: str, cluster: Cluster, folder: Path, records: Records) -> float:
    """Seconds from the first record written to the last one read behind the last hop."""
    apply(cluster)
    reader = Reader(cluster, inbox("resolver"))
    with _workers(kind, cluster, folder):
        began, found = time.monotonic(), 0
        _write(cluster, records)
        while found < len(records):
            found += sum(1 for _ in reader.read(0.05))
            if time.monotonic() - began > _PATIENCE:
                raise SystemExit(f"{kind}: only {found} of {len(records)} records came through")
        took = time.monotonic() - began
    reader.close()
    if found != len(records):
        raise SystemExit(f"{kind}: {found - len(records)} records came through twice")
    return took


@contextmanager
def _workers(kind: str, cluster: Cluster, folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.kafka.worker", kind, f"{cluster.servers}/{cluster.prefix}"]
    log = (folder / "workers.log").open("ab")
    running = [
        subprocess.Popen([*command, stage, str(folder / "keys")], stdout=subprocess.PIPE, stderr=log) for stage in HOPS
    ]
    try:
        for one in running:
            assert one.stdout is not None
            if one.stdout.readline() != b"ready\n":
                raise SystemExit(f"a worker did not start:\n{Path(log.name).read_text()}")
        yield
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(30)
        log.close()


def _write(cluster: Cluster, records: Records) -> None:
    producer = Producer({"bootstrap.servers": cluster.servers, "acks": "all", "linger.ms": 5, "log_level": 0})
    topic = cluster.named(inbox(HOPS[0]))
    partitions = len(producer.list_topics(topic, 15).topics[topic].partitions)
    for key, value in records:
        producer.produce(topic, value, key.encode(), partition_of(key, partitions), headers=[("case", b"bench")])
        producer.poll(0)
    if producer.flush(60):
        raise SystemExit("the records could not be written")
