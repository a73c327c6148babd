"""Reading a topic from outside of any group: all of it, or the newest record of a key. Only what was committed is seen."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from deidstream.adapters.bus_limits import partition_of
from deidstream.adapters.kafka_client import Cluster, Heard, made, patiently, translated, watched
from deidstream.core.errors import Unavailable
from deidstream.ports import Record

__all__ = ["newest", "record_of", "scan"]

_STEP = 500
_QUIET_SECONDS = 30.0


def scan(cluster: Cluster, topic: str, after: Mapping[int, int], since: float = 0.0) -> list[Record]:
    """See ``ports.BusFactory``. What is older than ``since`` is not even fetched. Raises Unavailable."""
    with _reader(cluster, topic) as (consumer, heard):
        places = [
            TopicPartition(cluster.named(topic), number)
            for number in _partitions(consumer, heard, cluster.named(topic))
        ]
        first = _at(consumer, heard, places, since) if since else {}
        ends: dict[int, int] = {}
        for place in places:
            low, ends[place.partition] = _ends(consumer, heard, place)
            begin = first.get(place.partition, ends[place.partition] if since else 0)
            place.offset = max(low, after.get(place.partition, 0), begin)
        found = list(_to_the_end(consumer, places, ends, topic))
    return sorted(found, key=lambda record: (record.partition, record.offset))


def newest(cluster: Cluster, topic: str, key: str) -> Record | None:
    """The last retained record of ``key``: looked for backwards, in steps that grow."""
    with _reader(cluster, topic) as (consumer, heard):
        count = len(_partitions(consumer, heard, cluster.named(topic)))
        place = TopicPartition(cluster.named(topic), partition_of(key, count))
        low, end = _ends(consumer, heard, place)
        step, start = _STEP, end
        while start > low:
            start = max(low, start - step)
            place.offset = start
            found = [one for one in _to_the_end(consumer, [place], {place.partition: end}, topic) if one.key == key]
            if found:
                return found[-1]
            step *= 8
    return None


def record_of(message: Message, topic: str) -> Record:
    """A message as a record. Offsets of records begin at 1: a record's is Kafka's of the one that follows it."""
    partition, offset = message.partition(), message.offset()
    assert partition is not None
    assert offset is not None
    headers = {str(name): _text(value) for name, value in dict(message.headers() or []).items()}
    at = message.timestamp()[1] / 1e3
    return Record(topic, partition, offset + 1, _text(message.key()), _bytes(message.value()), headers, at)


@contextmanager
def _reader(cluster: Cluster, topic: str) -> Iterator[tuple[Consumer, Heard]]:
    heard = Heard()
    consumer = made(
        Consumer,
        cluster.common(heard)
        | {
            "group.id": cluster.named(f"deidstream.reader.{uuid.uuid4().hex}"),  # never joined, never committed
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
        },
    )
    try:
        with watched("scan"):
            yield consumer, heard
    except KafkaException as error:
        heard.check()
        raise translated(error, topic) from None
    finally:
        consumer.close()


def _partitions(consumer: Consumer, heard: Heard, name: str) -> Sequence[int]:
    listed = patiently(lambda seconds: consumer.list_topics(name, seconds), consumer.poll, heard).topics[name]
    if listed.error is not None:
        raise KafkaException(listed.error)
    return sorted(listed.partitions)


def _ends(consumer: Consumer, heard: Heard, place: TopicPartition) -> tuple[int, int]:
    """Where the records of ``place`` begin and end. A topic that has just been made may have no leader for a moment."""
    return patiently(lambda seconds: consumer.get_watermark_offsets(place, seconds), consumer.poll, heard)


def _at(consumer: Consumer, heard: Heard, places: Sequence[TopicPartition], since: float) -> dict[int, int]:
    """Where the records of each partition begin that were appended at ``since`` or later; without those that have none."""
    asked = [TopicPartition(place.topic, place.partition, int(since * 1e3)) for place in places]
    found = patiently(lambda seconds: consumer.offsets_for_times(asked, seconds), consumer.poll, heard)
    return {place.partition: place.offset for place in found if place.offset >= 0}


def _to_the_end(
    consumer: Consumer, places: list[TopicPartition], ends: Mapping[int, int], topic: str
) -> Iterator[Record]:
    """From ``places`` to where each partition's committed records end now; ``ends``: its offset behind the last record.

    A partition into which others go on writing is never said to be at its end: what is behind ``ends`` says it.
    """
    consumer.assign(places)
    left, until = {place.partition for place in places}, time.monotonic() + _QUIET_SECONDS
    while left:
        for message in consumer.consume(_STEP, 0.2):
            error = message.error()
            if error is None:
                until = time.monotonic() + _QUIET_SECONDS
                record = record_of(message, topic)
                if record.offset >= ends[record.partition]:
                    left.discard(record.partition)
                yield record
            elif error.code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition() or 0)
            elif error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:  # of a group that nobody is in
                raise KafkaException(error)
        if time.monotonic() > until:
            raise Unavailable("bus-away", topic)


def _text(value: str | bytes | None) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""
