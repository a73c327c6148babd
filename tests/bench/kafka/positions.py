"""How far a pipeline on Kafka has come, seen by a reader of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from deidstream.adapters.kafka_client import Cluster
from deidstream.stream.stages import GROUP, QUARANTINE, RELEASES, inbox

__all__ = ["Appended", "KafkaPositions", "Reader", "appended"]

_MARKS = 3
"""The ends of transactions count as records that nobody reads: so many may follow the last one of a partition."""


class Reader:
    """Reads what is committed in one topic, from the beginning or from its end, in no group."""

    def __init__(self, cluster: Cluster, topic: str, *, whole: bool = True) -> None:
        settings = {"bootstrap.servers": cluster.servers, "group.id": uuid.uuid4().hex, "enable.auto.commit": False}
        self._consumer = Consumer(settings | {"isolation.level": "read_committed", "log_level": 0})
        name = cluster.named(topic)
        lanes = [
            TopicPartition(name, number) for number in self._consumer.list_topics(name, 15).topics[name].partitions
        ]
        for lane in lanes:
            lane.offset = 0 if whole else self._consumer.get_watermark_offsets(lane, timeout=15)[1]
        self._consumer.assign(lanes)

    def read(self, seconds: float = 0.0) -> Iterator[Message]:
        """What has come since, waiting for it so long."""
        while messages := self._consumer.consume(10_000, seconds):
            yield from (message for message in messages if message.error() is None)

    def close(self) -> None:
        """Lets go of the connection."""
        self._consumer.close()


class Appended(NamedTuple):
    """A record that is about ``case``: when the broker appended it (nanoseconds since the epoch), and where."""

    case: str
    at: int
    partition: int


def appended(cluster: Cluster, topic: str, by: str = "case") -> dict[str, Appended]:
    """All records of ``topic``, by the value of one of their headers."""
    reader, found = Reader(cluster, topic), {}
    for message in reader.read(2.0):
        headers = {name: (value or b"").decode() for name, value in message.headers() or []}
        at = message.timestamp()[1] * 1_000_000
        found[headers.get(by, "")] = Appended(headers["case"], at, message.partition() or 0)
    reader.close()
    return found


class KafkaPositions:
    """See ``Positions``. ``destination``: whose backlog of releases counts."""

    def __init__(self, cluster: Cluster, destination: str) -> None:
        self._cluster = cluster
        self._admin = AdminClient({"bootstrap.servers": cluster.servers, "log_level": 0})
        self._groups = {
            cluster.named(GROUP): cluster.named(inbox("identify")),
            cluster.named(f"delivery.{destination}"): cluster.named(RELEASES),
        }
        self._readers = {
            group: Consumer({"bootstrap.servers": cluster.servers, "group.id": group, "log_level": 0})
            for group in self._groups
        }
        self._counts = dict.fromkeys((RELEASES, QUARANTINE), 0)
        self._topics = {topic: Reader(cluster, topic) for topic in self._counts}

    def released(self) -> int:
        """See ``Positions``."""
        return self._count(RELEASES)

    def quarantined(self) -> int:
        """See ``Positions``."""
        return self._count(QUARANTINE)

    def backlog(self) -> int:
        """See ``Positions``; up to three records a partition may have been overlooked."""
        return sum(self._behind(group, topic) for group, topic in self._groups.items())

    def _behind(self, group: str, topic: str) -> int:
        reader = self._readers[group]
        lanes = [TopicPartition(topic, number) for number in reader.list_topics(topic, 15).topics[topic].partitions]
        ends = self._admin.list_offsets({lane: OffsetSpec.latest() for lane in lanes})
        high = {lane.partition: answer.result(15).offset for lane, answer in ends.items()}
        done = {lane.partition: max(0, lane.offset) for lane in reader.committed(lanes, timeout=15)}
        behind = [high[number] - done[number] for number in high]
        return sum(one for one in behind if one > _MARKS)

    def _count(self, topic: str) -> int:
        self._counts[topic] += sum(1 for _ in self._topics[topic].read())
        return self._counts[topic]
