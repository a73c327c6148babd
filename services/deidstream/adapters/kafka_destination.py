"""Releases to a topic of a Kafka cluster that is not the bus.

Sent at least once: what the brokers have not confirmed is sent again under the same ``id``. Of each key one record is on its
way at a time, so that none overtakes one that must be sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from deidstream.adapters.bus_limits import partition_of
from deidstream.adapters.kafka_client import CALL_SECONDS, MAX_BYTES, Cluster, Heard, made, translated, watched
from deidstream.adapters.topic_record import topic_record
from deidstream.core.errors import DeidstreamError, Malformed, Misconfigured, Unavailable
from deidstream.core.release import Release
from deidstream.ports import Output, Receipt

__all__ = ["KafkaDestination"]

_WRITTEN = Receipt("written")
_DELIVERY_MS = 15_000
"""After that a record counts as not written; ``flush`` waits longer, so that each has an answer."""
_REFUSED = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.INVALID_RECORD})

Answer = Receipt | DeidstreamError


class KafkaDestination:
    """Writes to ``topic``. Connects when there is something to send: a cluster that is away stops nobody else."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = topic
        self._heard = Heard()
        self._producer: Producer | None = None
        self._partitions = 0

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """See ``ports.Destination``."""
        answers: dict[int, Answer] = {}
        trouble: DeidstreamError
        try:
            self._write([topic_record(release, self._topic) for release in releases], answers)
        except KafkaException as error:
            trouble = self._translated(error)
        except Misconfigured as error:  # a file of its settings
            trouble = error
        else:
            trouble = Unavailable("not-confirmed", self._topic)
        if len(answers) < len(releases) or any(isinstance(one, DeidstreamError) for one in answers.values()):
            self._forget()
        return [answers.get(number, trouble) for number in range(len(releases))]

    def close(self) -> None:
        """See ``ports.Destination``."""
        self._forget()

    def _write(self, outputs: Sequence[Output], answers: dict[int, Answer]) -> None:
        producer, stuck = self._opened(), set[str]()
        for wave in _waves(outputs):
            going = [number for number in wave if outputs[number].key not in stuck]
            with watched("send"):
                for number in going:
                    self._produce(producer, outputs[number], number, answers)
                # flush raises SystemError where a callback did; what was not confirmed then counts as not written
                with suppress(SystemError):
                    producer.flush(_DELIVERY_MS / 1e3 + 5.0)
            stuck |= {
                outputs[number].key for number in going if not isinstance(answers.get(number), Receipt | Malformed)
            }

    def _produce(self, producer: Producer, output: Output, number: int, answers: dict[int, Answer]) -> None:
        def told(error: KafkaError | None, _: Message) -> None:
            answers[number] = _WRITTEN if error is None else self._translated(error)

        headers: list[tuple[str, str | bytes | None]] = [
            (name, value.encode()) for name, value in output.headers.items()
        ]
        partition = partition_of(output.key, self._partitions)
        try:
            producer.produce(self._topic, output.value, output.key, partition, told, headers=headers)
        except KafkaException as error:
            answers[number] = self._translated(error)

    def _opened(self) -> Producer:
        if self._producer is None:
            self._heard = Heard()
            producer = made(Producer, self._settings())
            with watched("list"):
                listed = producer.list_topics(self._topic, CALL_SECONDS).topics[self._topic]
            if listed.error is not None:
                raise KafkaException(listed.error)
            self._producer, self._partitions = producer, len(listed.partitions)
        return self._producer

    def _settings(self) -> dict[str, object]:
        return self._cluster.common(self._heard) | {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            # Brokers refuse whole batches for their size: alone, a record is refused for its own.
            "batch.num.messages": 1,
            "message.timeout.ms": _DELIVERY_MS,
            "message.max.bytes": MAX_BYTES,
        }

    def _translated(self, error: KafkaError | KafkaException) -> DeidstreamError:
        cause = error.args[0] if isinstance(error, KafkaException) else error
        if cause.code() in _REFUSED:
            return Malformed(
                "record-too-large" if cause.code() != KafkaError.INVALID_RECORD else "refused", self._topic
            )
        if self._heard.trouble is not None:
            return self._heard.trouble
        found = translated(cause, self._topic)
        if found.code == "topic-missing":
            return Misconfigured(found.code, self._topic, "is the name right? Its owner has to make it")
        # A producer that cannot go on is replaced; it has no name that another could have taken over.
        return Unavailable("not-confirmed", self._topic) if found.code == "fenced" else found

    def _forget(self) -> None:
        """A fresh producer the next time, with nothing of this one on its way."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            with suppress(SystemError, KafkaException):
                producer.flush(1.0)


def _waves(outputs: Sequence[Output]) -> list[list[int]]:
    """The numbers of the first of each key, then of the second of each, and so on."""
    counts: Counter[str] = Counter()
    waves: list[list[int]] = []
    for number, output in enumerate(outputs):
        if counts[output.key] == len(waves):
            waves.append([])
        waves[counts[output.key]].append(number)
        counts[output.key] += 1
    return waves
