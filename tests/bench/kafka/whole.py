"""The whole pipeline with its real stages: on Kafka beside SQLite, and where the time goes at 50 messages a second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deidstream.adapters.kafka_client import Cluster
from deidstream.stream.stages import RELEASES, inbox

from tests.bench.corpus import Corpus, numbered
from tests.bench.figure import Figure
from tests.bench.kafka.positions import KafkaPositions, appended
from tests.bench.kafka.topics import apply
from tests.bench.parts import delivered, percentile, steady
from tests.bench.pipeline import Pipeline
from tests.bench.sender import mllp_job
from tests.harness.deployment import Running, deployment

__all__ = ["buses", "latency", "on_kafka"]

_CONNECTIONS = 16
_MESSAGES = 3_000
_ROUNDS = 2
_WARM_UP = 200
_RATE = 50.0
_SECONDS = 40
_WHAT = {
    "ack": "send to acknowledgement",
    "ingest": "send to its record at the broker",
    "middle": "identify to writer: that record to its release's record",
    "delivery": "release's record to the file",
}


@contextmanager
def on_kafka(servers: str, name: str, folder: Path, **processes: object) -> Iterator[tuple[Running, Cluster]]:
    """A deployment with topics of its own, not started."""
    cluster = Cluster(servers, name)
    with deployment(folder, {"bus": f"kafka://{servers}/{name}"} | processes) as running:
        apply(cluster, folder / "deidstream.yaml")
        yield running, cluster


def buses(servers: str, folder: Path, corpus: Corpus) -> list[Figure]:
    """The same messages through both, in turns."""
    rates: dict[str, list[float]] = {"sqlite": [], "kafka": []}
    with (
        deployment(folder / "sqlite") as embedded,
        on_kafka(servers, "buses", folder / "kafka") as (running, cluster),
    ):
        pipelines = {
            "sqlite": Pipeline(embedded),
            "kafka": Pipeline(running, KafkaPositions(cluster, "folder")),
        }
        for number in range(_ROUNDS + 1):
            for bus, pipeline in pipelines.items():
                count = _MESSAGES if number else _WARM_UP
                messages = list(numbered(corpus.hl7, count, 100_000 * number))
                load = pipeline.run(mllp_job(pipeline.mllp, messages, _CONNECTIONS), f"{bus}, round {number}")
                if number:
                    rates[bus].append(steady(load)[0])
    means = {bus: sum(found) / len(found) for bus, found in rates.items()}
    return [
        Figure("bus_ratio", means["kafka"] / means["sqlite"], "x", "at least", 0.6, "real stages, Kafka : SQLite"),
        Figure("bus_kafka", means["kafka"], "messages/s", note=_each(rates["kafka"])),
        Figure("bus_sqlite", means["sqlite"], "messages/s", note=_each(rates["sqlite"])),
    ]


def latency(servers: str, folder: Path, corpus: Corpus) -> list[Figure]:
    """The default chains at 50 messages a second: from send to the file in the destination's folder, and what each hop takes.

    Brokers stamp a record when they append it, so that a transaction's end counts to the hop that reads it.
    """
    with on_kafka(servers, "latency", folder) as (running, cluster):
        pipeline = Pipeline(running, KafkaPositions(cluster, "folder"))
        pipeline.run(mllp_job(pipeline.mllp, list(numbered(corpus.hl7, _WARM_UP)), 4), "warming up")
        first = 2_000_000
        messages = list(numbered(corpus.hl7, int(_RATE * _SECONDS), first))
        sent = pipeline.run(mllp_job(pipeline.mllp, messages, _CONNECTIONS, _RATE), "latency").sent
        files = delivered(running.released, first)
        there = {number: path.stat().st_ctime_ns for number, path in files.items()}
        accepted, released = appended(cluster, inbox("identify")), appended(cluster, RELEASES, "id")
    rows: dict[str, list[int]] = {name: [] for name in ("whole", *_WHAT)}
    for number, path in files.items():
        at, release = sent.at[number], released[path.stem]
        case = accepted[release.case]
        rows["whole"].append(there[number] - at)
        rows["ack"].append(sent.answered[number] - at)
        rows["ingest"].append(case.at - at)
        rows["middle"].append(release.at - case.at)
        rows["delivery"].append(there[number] - release.at)
    return _hops(rows, len(messages))


def _hops(rows: dict[str, list[int]], sent: int) -> list[Figure]:
    whole = sorted(rows["whole"])
    figures = [
        Figure("kafka_p50", percentile(whole, 0.5), "ms", "under", 150, "send to file, 50 messages a second"),
        Figure("kafka_p99", percentile(whole, 0.99), "ms", "under", 500),
        Figure("kafka_max", percentile(whole, 1), "ms"),
        Figure("kafka_not_delivered", sent - len(whole), "messages", "at most", 0),
    ]
    for name, note in _WHAT.items():
        ordered = sorted(rows[name])
        figures.append(Figure(f"hop_{name}_p50", percentile(ordered, 0.5), "ms", note=note))
        figures.append(Figure(f"hop_{name}_p99", percentile(ordered, 0.99), "ms"))
    return figures


def _each(rates: Sequence[float]) -> str:
    return "rounds " + ", ".join(f"{rate:.0f}" for rate in rates)
