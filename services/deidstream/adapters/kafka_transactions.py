"""Transactions on Kafka: outputs and input positions are committed together, or nothing is.

Whatever leaves the outcome of a transaction unknown ends the process: its successor, under the same transactional id, learns the
outcome from the broker, which nobody else can tell.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from deidstream.adapters.bus_limits import partition_of
from deidstream.adapters.kafka_client import (
    CALL_SECONDS,
    MAX_BYTES,
    Cluster,
    Heard,
    answers,
    made,
    patiently,
    translated,
    watched,
)
from deidstream.adapters.kafka_topics import confirmed
from deidstream.core.errors import Misconfigured, Unavailable, Unsafe
from deidstream.ports import Output

__all__ = ["Transactions"]

Headers = list[tuple[str, str | bytes | None]]

_EXPIRES_MS = 20_000
"""When the broker aborts what a dead producer left open; a successor of the same name does so at once."""


_STALLS = 2
"""So many commits in a row that were not sent although the cluster answers: the client will send nothing any more."""


class Transactions:
    """One transactional producer. ``name`` is stable over restarts and unique in the deployment. Not thread-safe.

    Raises Unavailable where the cluster does not answer, Misconfigured where it refuses us.
    """

    def __init__(self, cluster: Cluster, name: str, heard: Heard) -> None:
        self._cluster = cluster
        self._name = name
        self._heard = heard
        self._counts: dict[str, int] = {}
        self._failed: KafkaError | None = None
        self._stalls = 0
        self._at = name
        own = cluster.named(f"deidstream.{name}")
        self._producer = made(
            Producer,
            cluster.common(heard)
            | {
                "transactional.id": own,
                "transaction.timeout.ms": _EXPIRES_MS,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 0,
                "message.max.bytes": MAX_BYTES,
            },
        )
        with watched("init_transactions"):
            try:
                patiently(self._producer.init_transactions, self._producer.poll, heard)
            except KafkaException as error:
                raise translated(error, own) from None

    def commit(self, outputs: Sequence[Output], positions: list[TopicPartition], consumer: Consumer | None) -> None:
        """One transaction. Raises Unavailable when nothing was committed; Misconfigured (``fenced``) when another process has
        our name, or the outcome is unknown; Unsafe (``record-too-large``)."""
        self._failed = None
        self._at = self._name
        with watched("commit"):
            try:
                self._producer.begin_transaction()
                for output in outputs:
                    self._produce(output)
                if self._producer.flush(CALL_SECONDS) or self._failed is not None:
                    raise KafkaException(self._failed or KafkaError(KafkaError._MSG_TIMED_OUT))
                self._at = self._name
                if positions and consumer is not None:
                    metadata = consumer.consumer_group_metadata()
                    self._producer.send_offsets_to_transaction(positions, metadata, CALL_SECONDS)
            except (KafkaException, SystemError, BufferError) as error:
                self._give_up(error)
            self._conclude()
            self._stalls = 0

    def _produce(self, output: Output) -> None:
        topic = self._cluster.named(output.topic)
        self._at = output.topic
        key = output.key.encode("utf-8", "surrogatepass")
        partition = partition_of(output.key, self._count(topic, output.topic))
        headers: Headers = [(name, value.encode()) for name, value in output.headers.items()]
        try:
            self._producer.produce(topic, output.value, key, partition, self._delivered, headers=headers)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.MSG_SIZE_TOO_LARGE:
                raise
            self._producer.abort_transaction(CALL_SECONDS)
            raise Unsafe("record-too-large", output.topic) from None

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and self._failed is None:
            self._failed, self._at = error, self._cluster.own(message.topic() or "")

    def _give_up(self, error: Exception) -> None:
        """Nothing was committed: says so. Raises Unavailable, or Misconfigured where this process cannot go on."""
        cause = error if isinstance(error, KafkaException) else error.__cause__  # flush wraps it in a SystemError
        found = (
            translated(cause, self._at) if isinstance(cause, KafkaException) else Unavailable("bus-away", self._name)
        )
        self._heard.check()
        if isinstance(found, Misconfigured):
            raise confirmed(self._cluster, found) from None
        self._stalls = self._stalls + 1 if found.code == "bus-away" and answers(self._cluster) else 0
        if self._stalls >= _STALLS:
            hint = "the client sends nothing any more; starting again is right"
            raise Misconfigured("fenced", self._name, hint) from None
        try:
            self._producer.abort_transaction(CALL_SECONDS)
        except KafkaException:
            raise _lost(self._name) from None
        raise found from None

    def _conclude(self) -> None:
        """Commits, and asks again while the broker does not answer; what stays unknown ends the process."""
        until = time.monotonic() + CALL_SECONDS
        while True:
            try:
                self._producer.commit_transaction(CALL_SECONDS)
            except KafkaException as error:
                cause = error.args[0]
                if cause.txn_requires_abort():
                    self._give_up(error)
                if not cause.retriable() or time.monotonic() > until:
                    raise _lost(self._name) from None
            else:
                return

    def _count(self, topic: str, own: str) -> int:
        """How many partitions ``topic`` has."""
        found = self._counts.get(topic)
        if found is None:
            producer = self._producer
            told = patiently(lambda seconds: producer.list_topics(topic, seconds), producer.poll, self._heard)
            listed = told.topics[topic]
            if listed.error is not None:
                raise KafkaException(listed.error)
            found = self._counts[topic] = len(listed.partitions)
        return found


def _lost(place: str) -> Misconfigured:
    return Misconfigured(
        "fenced", place, "what became of the last transaction is unknown here; starting again finds out"
    )
