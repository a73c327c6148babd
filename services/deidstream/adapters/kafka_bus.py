"""The bus on Apache Kafka: for everything beyond one machine.

A stable transactional id and static membership (a restart moves nothing, and ends at once what its predecessor left open),
read_committed. What was polled and not yet committed is kept here, so that ``abort`` asks nobody.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from deidstream.adapters.kafka_client import CALL_SECONDS, Cluster, Heard, made, translated, watched
from deidstream.adapters.kafka_membership import Membership
from deidstream.adapters.kafka_reading import newest, record_of, scan
from deidstream.adapters.kafka_topics import confirmed
from deidstream.adapters.kafka_transactions import Transactions
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.ports import REBALANCED, Bus, Output, Record

__all__ = ["KafkaBusFactory"]

_JOIN_SECONDS = 5.0
_AHEAD = 1_000
"""Records read ahead, beyond which only the client's own queue grows, which is bounded in bytes."""
_BATCH_BYTES = 32 << 20
_LONG_SECONDS = 30.0
"""A batch in work for that long is long: the member then shows that it lives, reading nothing."""

Lane = tuple[str, int]


class _KafkaBus:
    """One member of one group."""

    def __init__(self, cluster: Cluster, group: str, inboxes: Sequence[str], instance: str) -> None:
        self._cluster = cluster
        self._name = instance
        self._group = cluster.named(group)
        self._heard = Heard()
        self._lock = threading.RLock()
        self._ahead: dict[Lane, deque[Record]] = {}
        self._taken: dict[Lane, list[Record]] = {}
        self._lost: set[Lane] = set()
        self._torn = False
        self._turn = 0
        self._membership = Membership(cluster, self._group, instance)
        self._transactions = Transactions(cluster, f"{group}.{instance}" if group else instance, self._heard)
        self._inboxes = tuple(inboxes)
        self._consumer: Consumer | None = None
        self._polled_at = time.monotonic()
        self._closed = threading.Event()

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        if self._consumer is None and self._inboxes and not self._closed.is_set():
            self._join()  # only now: from here on somebody polls, which a member owes its group
        until = time.monotonic() + timeout
        while True:
            with self._lock:
                patience = 0.0 if any(self._ahead.values()) else max(0.0, min(until - time.monotonic(), 0.25))
                self._fetch(patience)
                records = self._take(limit)
                if not records and self._consumer is not None:
                    self._membership.check()
            if records or time.monotonic() >= until:
                return records

    def commit(self, outputs: Sequence[Output]) -> None:
        with self._lock:
            self._heard.check()
            if self._torn:
                raise Unavailable(REBALANCED, self._name)
            if outputs or self._taken:
                positions = [TopicPartition(*lane, records[-1].offset) for lane, records in self._taken.items()]
                self._transactions.commit(outputs, positions, self._consumer)
                if positions:
                    self._membership.progress()
            self._taken.clear()

    def abort(self) -> None:
        with self._lock:
            for lane, records in self._taken.items():
                self._ahead.setdefault(lane, deque()).extendleft(reversed(records))
            self._taken.clear()
            self._torn = False

    def lag(self) -> Mapping[str, int]:
        """Of the partitions that this member reads: an upper bound, since the ends of transactions count as records.

        As far as the brokers' answers to its fetches tell: asking for each partition would wait behind a fetch each time.
        """
        found: dict[str, int] = {}
        with self._lock, watched("lag"), suppress(KafkaException):
            if self._consumer is not None:
                for lane, done in self._done(self._consumer.assignment()):
                    low, end = self._consumer.get_watermark_offsets(lane, cached=True)
                    name = self._cluster.own(lane.topic)
                    found[name] = found.get(name, 0) + max(0, end - max(low, done))
        return found

    def close(self) -> None:
        """Kafka gives the share of a member with a name to the others once its session has ended, in six seconds."""
        self._closed.set()
        with self._lock, watched("close"):
            if self._consumer is not None:
                self._consumer.close()
                self._consumer = None

    def _subscribed(self, inboxes: Sequence[str]) -> Consumer:
        settings = self._cluster.member(self._group, self._name, self._heard)
        consumer = made(Consumer, settings | {"queued.max.messages.kbytes": _BATCH_BYTES >> 10})
        names = [self._cluster.named(inbox) for inbox in inboxes]
        # No callback for what is assigned: the client asks the group itself where to begin, and what has no position there comes to
        # ``_find``. A session that ends while a callback waits for a broker that stands still is one that the client forgets.
        consumer.subscribe(names, on_revoke=self._revoked, on_lost=self._revoked)
        return consumer

    def _join(self) -> None:
        """Waits for a share, but not for ever: others may still have work in hand that they must finish first."""
        with self._lock:
            self._consumer = self._subscribed(self._inboxes)
            until = time.monotonic() + _JOIN_SECONDS
            while not self._consumer.assignment() and time.monotonic() < until:
                self._fetch(0.1)
        threading.Thread(target=self._show_life, name=f"kafka-{self._name}", daemon=True).start()

    def _revoked(self, _: Consumer, lanes: list[TopicPartition]) -> None:
        for one in lanes:
            lane = (one.topic, one.partition)
            self._ahead.pop(lane, None)
            self._lost.discard(lane)
            if self._taken.pop(lane, None):
                self._torn = True  # its new owner reads them again: ours must not be committed

    def _fetch(self, seconds: float) -> None:
        """Takes in what the client has, waiting for the first; serves the group on the way."""
        self._heard.check()
        self._polled_at = time.monotonic()
        if self._consumer is None:
            time.sleep(seconds)
            return
        with watched("poll"):
            try:
                first = self._consumer.poll(seconds)
                if first is not None:
                    self._receive(first)  # at once: what the client has given, it does not give again
                    room = _AHEAD - sum(map(len, self._ahead.values()))
                    for message in self._consumer.consume(room, 0) if room > 0 else ():
                        self._receive(message)
            except KafkaException as error:
                raise translated(error, self._name) from None
        self._heard.check()
        if self._lost:
            self._find()

    def _receive(self, message: Message) -> None:
        topic = message.topic() or ""
        error = message.error()
        if error is None:
            record = record_of(message, self._cluster.own(topic))
            self._ahead.setdefault((topic, record.partition), deque()).append(record)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._lost.add((topic, message.partition() or 0))
        elif isinstance(found := translated(error, self._cluster.own(topic) or self._group), Misconfigured):
            self._heard.trouble = confirmed(self._cluster, found)  # of all else the client tries again by itself

    def _find(self) -> None:
        """Where to go on in what the client has lost. The client refuses to seek in what it does not fetch, and takes an assignment
        only as a whole: all lanes go on where this member has read to."""
        assert self._consumer is not None
        with watched("find"), suppress(KafkaException):  # whoever does not answer is asked again
            found = self._done(self._consumer.assignment())
            if not found:
                return  # all is being dealt out anew
            positions = [(place.topic, place.partition, self._place(place, done)) for place, done in found]
            self._consumer.assign([TopicPartition(*one) for one in positions])
            self._lost.clear()

    def _place(self, place: TopicPartition, done: int) -> int:
        """At the beginning where this group has never been, else at what it has not read. Fails closed where that was deleted."""
        assert self._consumer is not None
        lane = (place.topic, place.partition)
        read = [*self._taken.get(lane, ()), *self._ahead.get(lane, ())]
        here = read[-1].offset if read else OFFSET_BEGINNING if done < 0 else done
        if here != OFFSET_BEGINNING and lane in self._lost:
            low, high = self._consumer.get_watermark_offsets(place, timeout=CALL_SECONDS)
            # One offset may be the mark that ends what was read last; an unread record has its own mark after it.
            here = low if low - here == 1 else here
            if not low <= here <= high:
                raise translated(KafkaError(KafkaError._AUTO_OFFSET_RESET), self._cluster.own(lane[0]))
        return here

    def _take(self, limit: int) -> list[Record]:
        """From one partition after the other, beginning with another each time so that none starves."""
        lanes = [lane for lane, records in self._ahead.items() if records]
        self._turn = (self._turn + 1) % max(1, len(lanes))
        found: list[Record] = []
        size = 0
        for lane in lanes[self._turn :] + lanes[: self._turn]:
            records = self._ahead[lane]
            while records and len(found) < limit and size < _BATCH_BYTES:
                one = records.popleft()
                size += len(one.value)
                found.append(one)
                self._taken.setdefault(lane, []).append(one)
        return found

    def _done(self, lanes: list[TopicPartition]) -> list[tuple[TopicPartition, int]]:
        """How far this group is in each of ``lanes``; less than 0 where it has never been."""
        found = self._consumer.committed(lanes, timeout=CALL_SECONDS) if lanes and self._consumer is not None else []
        for one in found:
            if one.error is not None:
                raise KafkaException(one.error)
        return [(one, one.offset) for one in found]

    def _show_life(self) -> None:
        """While a batch takes long, polls without reading, so that the group does not take this member for dead."""
        while not self._closed.wait(_LONG_SECONDS / 6):
            if time.monotonic() - self._polled_at < _LONG_SECONDS:
                continue
            with self._lock, suppress(DeidstreamError):  # the next poll or commit says it
                if self._consumer is None:
                    return
                lanes = self._consumer.assignment()
                self._consumer.pause(lanes)
                self._fetch(0.0)
                self._consumer.resume(lanes)


class KafkaBusFactory:
    """The bus on ``cluster``. Topics must exist (``kafka_topics``)."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def open(self, group: str, inboxes: Sequence[str], instance: str) -> Bus:
        """See ``ports.BusFactory``."""
        return _KafkaBus(self._cluster, group, inboxes, instance)

    def scan(self, topic: str, after: Mapping[int, int] | None = None, since: float = 0.0) -> Sequence[Record]:
        """See ``ports.BusFactory``."""
        return scan(self._cluster, topic, after or {}, since)

    def last(self, topic: str, key: str) -> Record | None:
        """See ``ports.BusFactory``."""
        return newest(self._cluster, topic, key)
