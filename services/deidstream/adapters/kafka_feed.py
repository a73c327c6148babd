"""A topic of foreign producers, read as one member of a group, with the position stored after the records are safe.

Fails closed: where records were deleted before they were read it stops, and a group that begins stores at once where it does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from deidstream.adapters.kafka_client import CALL_SECONDS, Cluster, Heard, made, translated, watched
from deidstream.adapters.kafka_membership import Membership
from deidstream.adapters.kafka_reading import record_of
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.ports import Record

__all__ = ["FeedAddress", "KafkaFeed"]

_QUEUE_KILOBYTES = 16 << 10
_NEW_PARTITIONS_MS = 30_000


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """``group`` and ``topic`` as the cluster knows them; ``instance`` is stable over restarts."""

    cluster: Cluster
    topic: str
    group: str
    instance: str
    earliest: bool = True
    """Where a group begins that has no position yet: at the first record, or behind the last."""


class KafkaFeed:
    """See ``ports.Feed``."""

    def __init__(self, address: FeedAddress) -> None:
        self._address = address
        self._heard = Heard()
        self._ahead: deque[Record] = deque()
        self._ours: set[int] = set()
        self._due: dict[int, int] = {}
        self._membership = Membership(address.cluster, address.group, address.instance)
        self._consumer = self._subscribed()

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        """See ``ports.Feed``."""
        self._store()  # what could not be stored before
        if not self._ahead:
            self._membership.check()
            self._fetch(limit, timeout)
            self._store()  # where a new group begins, before anything of it is handed out
        return [self._ahead.popleft() for _ in range(min(limit, len(self._ahead)))]

    def keep(self) -> None:
        """See ``ports.Feed``."""
        with self._calling("keep"):
            self._consumer.pause(self._consumer.assignment())
            self._fetch(1, 0.0)
            self._consumer.resume(self._consumer.assignment())

    def done(self, records: Sequence[Record]) -> None:
        """See ``ports.Feed``. A position that cannot be stored now is stored later; one of a partition that has gone, never."""
        self._due.update({record.partition: record.offset for record in records if record.partition in self._ours})
        with suppress(Unavailable):
            self._store()

    def close(self) -> None:
        """See ``ports.Feed``."""
        with suppress(Unavailable, Misconfigured):
            self._store()
        with watched("close"):
            self._consumer.close()

    def _subscribed(self) -> Consumer:
        address = self._address
        settings = address.cluster.member(address.group, address.instance, self._heard) | {
            "topic.metadata.refresh.interval.ms": _NEW_PARTITIONS_MS,
            "queued.max.messages.kbytes": _QUEUE_KILOBYTES,
        }
        consumer = made(Consumer, settings)
        consumer.subscribe([address.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
        return consumer

    def _assigned(self, consumer: Consumer, lanes: list[TopicPartition]) -> None:
        """Begins where the group is. Where it is nowhere yet, that is stored first: a restart must not begin elsewhere."""
        try:
            found = consumer.committed(lanes, timeout=CALL_SECONDS)
            new = [lane for lane in found if self._placed(consumer, lane)]
            consumer.assign(found)
        except KafkaException:
            hint = "its position could not be read; starting again is right"
            self._heard.trouble = Misconfigured("fenced", self._address.topic, hint)
            return
        self._ours |= {lane.partition for lane in found}
        self._due.update({lane.partition: lane.offset for lane in new})

    def _placed(self, consumer: Consumer, lane: TopicPartition) -> bool:
        """Whether the group had no position in ``lane``, which then gets one."""
        low, end = consumer.get_watermark_offsets(lane, timeout=CALL_SECONDS)
        if lane.offset >= 0:
            if lane.offset < low:
                expired = KafkaError(KafkaError._AUTO_OFFSET_RESET)
                self._heard.trouble = translated(expired, self._address.topic)
            return False
        lane.offset = low if self._address.earliest else end
        return True

    def _revoked(self, _: Consumer, lanes: list[TopicPartition]) -> None:
        """Their new owner begins at the stored position; what is in work here it will find to be known."""
        gone = {lane.partition for lane in lanes}
        self._ours -= gone
        self._ahead = deque(record for record in self._ahead if record.partition not in gone)
        self._due = {partition: offset for partition, offset in self._due.items() if partition not in gone}

    def _fetch(self, limit: int, seconds: float) -> None:
        """Takes in what the client has, waiting for the first; serves the group on the way."""
        self._heard.check()
        with self._calling("poll"):
            first = self._consumer.poll(seconds)
            if first is not None:
                self._receive(first)  # at once: what the client has given, it does not give again
                for message in self._consumer.consume(limit - 1, 0) if limit > 1 else ():
                    self._receive(message)
        self._heard.check()

    def _receive(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._ahead.append(record_of(message, self._address.topic))
        elif isinstance(found := _foreign(error, self._address.topic), Misconfigured):
            self._heard.trouble = found  # for good; of all else the client tries again by itself

    def _store(self) -> None:
        if not self._due:
            return
        lanes = [TopicPartition(self._address.topic, partition, offset) for partition, offset in self._due.items()]
        with self._calling("commit"):
            self._consumer.commit(offsets=lanes, asynchronous=False)
        self._due.clear()
        self._membership.progress()

    @contextmanager
    def _calling(self, call: str) -> Iterator[None]:
        try:
            with watched(call):
                yield
        except KafkaException as error:
            self._heard.check()
            raise _foreign(error, self._address.topic) from None


def _foreign(error: KafkaError | KafkaException, topic: str) -> DeidstreamError:
    """As ``translated``; but what is missing is not ours to make."""
    found = translated(error, topic)
    if found.code == "topic-missing":
        return Misconfigured(found.code, topic, "is the name right? Its owner has to make it")
    return found
