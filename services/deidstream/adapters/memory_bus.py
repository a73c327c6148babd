"""The bus in memory: for tests, and for one-shot runs of the command line. It means what ``sqlite_bus`` means."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from deidstream.adapters.bus_limits import BusLimits, assign, partition_of
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Bus, Output, Record

__all__ = ["MemoryBusFactory"]

Lane = tuple[str, int]


class _Log:
    """All state, shared by the members and guarded by ``changed``."""

    def __init__(self, limits: BusLimits) -> None:
        self.limits = limits
        self.changed = threading.Condition()
        self.lanes: dict[Lane, list[Record]] = defaultdict(list)
        self.heads: dict[Lane, int] = defaultdict(int)
        self.done: dict[tuple[str, Lane], int] = defaultdict(int)
        self.members: dict[str, list[_MemoryBus]] = defaultdict(list)

    def append(self, outputs: Sequence[Output]) -> None:
        now = time.time()
        for output in outputs:
            lane = (output.topic, partition_of(output.key, self.limits.partitions))
            self.heads[lane] += 1
            self.lanes[lane].append(
                Record(output.topic, lane[1], self.heads[lane], output.key, output.value, dict(output.headers), now)
            )

    def waiting(self, topic: str) -> int:
        """Records of ``topic`` that the slowest group has not consumed."""
        groups = [group for group, members in self.members.items() if any(topic in one.inboxes for one in members)]
        lanes = [(topic, number) for number in range(self.limits.partitions)]
        return sum(self.heads[lane] - min((self.done[group, lane] for group in groups), default=0) for lane in lanes)

    def rebalance(self, group: str) -> None:
        members = self.members[group]
        for topic in {topic for member in members for topic in member.inboxes}:
            readers = {member.instance: member for member in members if topic in member.inboxes}
            numbers = range(self.limits.partitions)
            owners = {n: one.instance for one in readers.values() for n in numbers if (topic, n) in one.owned}
            for number, instance in assign(numbers, list(readers), owners).items():
                for name, member in readers.items():
                    (member.wanted.add if name == instance else member.wanted.discard)((topic, number))

    def retain(self) -> None:
        """Deletes what everybody has consumed and what is old enough."""
        now = time.time()
        for lane, records in self.lanes.items():
            limits = self.limits.of(lane[0])
            if limits.keep is None:
                continue
            groups = [group for group, one in self.done if one == lane]
            low = min((self.done[group, lane] for group in groups), default=self.heads[lane] if limits.unread else 0)
            keep = limits.keep
            self.lanes[lane] = [one for one in records if one.offset > low or one.timestamp + keep > now]


class _MemoryBus:
    """One member."""

    def __init__(self, log: _Log, group: str, inboxes: Sequence[str], instance: str) -> None:
        self.inboxes = tuple(inboxes)
        self.instance = instance
        self.owned: set[Lane] = set()
        self.wanted: set[Lane] = set()
        self._log = log
        self._group = group
        self._polled: dict[Lane, int] = {}
        self._fenced = False
        self._turn = 0

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        until = time.monotonic() + timeout
        with self._log.changed:
            while True:
                self._settle()
                records = self._take(limit)
                left = until - time.monotonic()
                if records or left <= 0:
                    return records
                self._log.changed.wait(left)

    def commit(self, outputs: Sequence[Output]) -> None:
        with self._log.changed:
            self._check()
            self._refuse_backlog(outputs)
            self._log.append(outputs)
            for lane, offset in self._polled.items():
                self._log.done[self._group, lane] = offset
            self._polled = {}
            self._log.changed.notify_all()

    def abort(self) -> None:
        self._polled = {}

    def lag(self) -> Mapping[str, int]:
        with self._log.changed:
            numbers = range(self._log.limits.partitions)
            return {
                topic: sum(self._log.heads[topic, n] - self._log.done[self._group, (topic, n)] for n in numbers)
                for topic in self.inboxes
            }

    def close(self) -> None:
        with self._log.changed:
            members = self._log.members[self._group]
            if self in members:
                members.remove(self)
                self.owned.clear()
                self._log.rebalance(self._group)
                self._log.changed.notify_all()

    def fence(self) -> None:
        """Another instance of the same name has joined."""
        self._fenced = True
        self.owned.clear()

    def _check(self) -> None:
        if self._fenced:
            raise Misconfigured("fenced", self.instance, "another process with the same instance name has taken over")

    def _settle(self) -> None:
        """Gives up lanes that shall move, and takes those that are free; only between batches."""
        self._check()
        if self._polled:
            return
        if self.owned - self.wanted:
            self.owned &= self.wanted
            self._log.changed.notify_all()
        others = [one for one in self._log.members[self._group] if one is not self]
        self.owned |= {lane for lane in self.wanted if not any(lane in one.owned for one in others)}

    def _take(self, limit: int) -> list[Record]:
        """Further records of the lanes owned, beginning with another lane each time so that none starves."""
        taken: list[Record] = []
        lanes = sorted(self.owned)
        self._turn = (self._turn + 1) % max(1, len(lanes))
        for lane in lanes[self._turn :] + lanes[: self._turn]:
            after = self._polled.get(lane, self._log.done[self._group, lane])
            if self._log.heads[lane] == after:
                continue
            fresh = [one for one in self._log.lanes[lane] if one.offset > after][: limit - len(taken)]
            if fresh:
                taken += fresh
                self._polled[lane] = fresh[-1].offset
            if len(taken) == limit:
                break
        return taken

    def _refuse_backlog(self, outputs: Sequence[Output]) -> None:
        counts: dict[str, int] = defaultdict(int)
        for output in outputs:
            counts[output.topic] += 1
        for topic in counts:
            depth = self._log.limits.of(topic).depth
            if depth and self._log.waiting(topic) >= depth:
                raise Unavailable("backlog", topic)


class MemoryBusFactory:
    """A bus that lives as long as this object."""

    def __init__(self, limits: BusLimits | None = None) -> None:
        self._log = _Log(limits or BusLimits())

    def open(self, group: str, inboxes: Sequence[str], instance: str) -> Bus:
        """See ``ports.BusFactory``."""
        with self._log.changed:
            for former in [one for one in self._log.members[group] if one.instance == instance]:
                former.fence()
                self._log.members[group].remove(former)
            bus = _MemoryBus(self._log, group, inboxes, instance)
            self._log.members[group].append(bus)
            self._log.rebalance(group)
            self._log.changed.notify_all()
            return bus

    def scan(self, topic: str, after: Mapping[int, int] | None = None, since: float = 0.0) -> Sequence[Record]:
        """See ``ports.BusFactory``."""
        after = after or {}
        with self._log.changed:
            numbers = range(self._log.limits.partitions)
            return [
                record
                for number in numbers
                for record in self._log.lanes[topic, number]
                if record.offset > after.get(number, 0) and record.timestamp >= since
            ]

    def last(self, topic: str, key: str) -> Record | None:
        """See ``ports.BusFactory``."""
        with self._log.changed:
            lane = (topic, partition_of(key, self._log.limits.partitions))
            return next((one for one in reversed(self._log.lanes[lane]) if one.key == key), None)

    def retain(self) -> None:
        """Deletes what is consumed and old enough, at once."""
        with self._log.changed:
            self._log.retain()
