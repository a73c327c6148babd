"""Foreign producers and consumers of Kafka: plain clients that know nothing of deidstream."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

__all__ = ["Read", "make_topic", "read_all", "write"]


class Read(NamedTuple):
    """A record as its consumer sees it."""

    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: dict[str, bytes]


def make_topic(servers: str, kind: str, partitions: int = 3, **config: str) -> str:
    """A new topic; its name."""
    name = f"{kind}.{uuid.uuid4().hex[:10]}"
    settings = {key.replace("_", "."): value for key, value in config.items()}
    admin = AdminClient({"bootstrap.servers": servers})
    admin.create_topics([NewTopic(name, partitions, 1, config=settings)])[name].result(20)
    return name


def write(servers: str, topic: str, values: Iterable[tuple[int, bytes | None]]) -> None:
    """Each value to its partition, under keys and headers as foreign producers choose them; confirmed when it returns."""
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "enable.idempotence": True, "log_level": 0})
    for number, (partition, value) in enumerate(values):
        key = b"\xff\xfe" if number % 2 else None
        producer.produce(topic, value, key, partition, headers=[("x", b"\xff"), ("x", None), ("n", b"%d" % number)])
    assert producer.flush(30) == 0


def read_all(servers: str, topic: str) -> list[Read]:
    """All that is committed there now, each partition in order."""
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": uuid.uuid4().hex,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        left = set(consumer.list_topics(topic, 10).topics[topic].partitions)
        consumer.assign([TopicPartition(topic, number, 0) for number in left])
        found, until = [], time.monotonic() + 30
        while left and time.monotonic() < until:
            for message in consumer.consume(500, 0.2):
                error = message.error()
                if error is None:
                    headers = {name: value or b"" for name, value in message.headers() or []}
                    found.append(
                        Read(message.partition(), message.offset(), message.key(), message.value() or b"", headers)
                    )
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(message.partition())
                else:
                    raise KafkaException(error)
        assert not left
        return found
    finally:
        consumer.close()
