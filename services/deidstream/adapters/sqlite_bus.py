"""The embedded default bus: many processes on one machine over one SQLite file (see ``sqlite_log``).

A group's members share the lanes of its inboxes. Ownership lies in the table ``shares``: ``owner`` reads the lane now,
``wanted`` shall read it next. A lane moves when its owner is between two batches, or at once when the owner is dead. A commit
checks in its own transaction that the lanes are still owned, so an owner that was declared dead cannot double anything; and so
it is with a publisher in whose place another has come.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deidstream.adapters.bus_limits import BusLimits, assign, partition_of
from deidstream.adapters.liveness import ProcessMark, is_alive, own_mark
from deidstream.adapters.sqlite_log import SqliteLog
from deidstream.adapters.wake import Bell, Ringer
from deidstream.core.errors import Misconfigured
from deidstream.ports import Bus, Output, Record

__all__ = ["SqliteBusFactory"]

_LOOK_AROUND = 0.25
"""Seconds between two looks at whether the other members still live."""
_SIGN_OF_LIFE = 5.0
_BATCH_BYTES = 32 << 20
_PUBLISHERS = " (publishers)"


class _SqliteBus:
    """One member of one group."""

    def __init__(self, log: SqliteLog, group: str, inboxes: Sequence[str], instance: str) -> None:
        self._log = log
        # Who only publishes is in no group, but has a name too, under which a successor may fence it.
        self._group = group if inboxes else f"{group}{_PUBLISHERS}"
        self._inboxes = tuple(inboxes)
        self._instance = instance
        self._mark = own_mark()
        self._polled: dict[int, int] = {}
        self._turn = 0
        self._looked = self._signed = time.monotonic()
        folder = log.path.with_name(log.path.name + "-wake")
        self._ringer = Ringer(folder)
        self._id = 0
        self._id = self._join()
        self._bell = Bell(folder, str(self._id)) if inboxes else None

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        until = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            if now - self._looked >= _LOOK_AROUND:
                self._looked = now
                self._look_around()
            records = self._take(limit)
            left = until - time.monotonic()
            if records or left <= 0 or self._bell is None:
                return records
            self._bell.wait(min(left, _LOOK_AROUND))

    def commit(self, outputs: Sequence[Output]) -> None:
        if not outputs and not self._polled:
            return
        topics: set[str] = set()
        woken: list[str] = []
        with self._log.transaction():
            self._mark_done()
            if outputs:
                topics = self._log.append(outputs)
                woken = self._readers_of(topics)
        self._polled = {}
        for name in woken:
            self._ringer.ring(name)

    def abort(self) -> None:
        self._polled = {}

    def lag(self) -> Mapping[str, int]:
        rows = self._log.rows(
            "SELECT topic, sum(head - done) FROM shares JOIN lanes USING (lane) WHERE grp = ? GROUP BY topic",
            (self._group,),
        )
        return {topic: count for topic, count in rows if topic in self._inboxes}

    def close(self) -> None:
        if self._inboxes:
            with self._log.transaction():
                self._log.execute("DELETE FROM members WHERE id = ?", (self._id,))
                others = self._rebalance()
            self._ring_members(others)
        if self._bell is not None:
            self._bell.close()
        self._ringer.close()
        self._log.close()

    def _join(self) -> int:
        log, mark = self._log, self._mark
        with log.transaction():
            # A process that restarts under its name takes its own place; whoever still runs under it is fenced.
            log.execute("DELETE FROM members WHERE grp = ? AND instance = ?", (self._group, self._instance))
            for topic in self._inboxes:
                first = log.first_lane(topic)
                for lane in range(first, first + log.limits.partitions):
                    log.execute("INSERT OR IGNORE INTO shares (lane, grp) VALUES (?, ?)", (lane, self._group))
            member = log.insert(
                "INSERT INTO members (grp, instance, inboxes, pid, started, place, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    self._group,
                    self._instance,
                    "\n".join(self._inboxes),
                    mark.pid,
                    mark.started,
                    mark.place,
                    time.time(),
                ),
            )
            others = self._rebalance()
        self._ring_members(others)
        return member

    def _mark_done(self) -> None:
        if not self._log.rows("SELECT 1 FROM members WHERE id = ?", (self._id,)):
            raise self._fenced()
        for lane, offset in self._polled.items():
            changed = self._log.execute(
                "UPDATE shares SET done = ? WHERE lane = ? AND grp = ? AND owner = ?",
                (offset, lane, self._group, self._id),
            )
            if not changed:
                raise self._fenced()

    def _take(self, limit: int) -> list[Record]:
        """Further records of the lanes owned, beginning with another lane each time so that none starves."""
        lanes = self._log.rows(
            "SELECT s.lane, l.topic, l.partition, s.done, l.head, s.wanted <> s.owner FROM shares s JOIN lanes l USING (lane)"
            " WHERE s.owner = ? AND (l.head > s.done OR s.wanted <> s.owner)",
            (self._id,),
        )
        if not self._polled and any(row[5] for row in lanes):
            self._give_up()
            lanes = [row for row in lanes if not row[5]]
        lanes = [row for row in lanes if row[4] > self._polled.get(row[0], row[3])]
        if not lanes:
            return []
        self._turn = (self._turn + 1) % len(lanes)
        taken: list[Record] = []
        size = 0
        for lane, topic, partition, done, head, _ in lanes[self._turn :] + lanes[: self._turn]:
            after: int = self._polled.get(lane, 0) or done
            until = min(head, after + limit - len(taken))
            for record in self._log.read(topic, lane, partition, after, until):
                taken.append(record)
                self._polled[lane] = record.offset
                size += len(record.value)
                if size > _BATCH_BYTES:
                    return taken
            if len(taken) == limit:
                break
        return taken

    def _give_up(self) -> None:
        """Hands over the lanes that shall move, now that nothing of them is in work."""
        with self._log.transaction():
            self._log.execute("UPDATE shares SET owner = wanted WHERE owner = ? AND wanted <> owner", (self._id,))
        self._ring_members([row[0] for row in self._members()])

    def _look_around(self) -> None:
        """Takes over from members that died, and finds out if this one was declared dead."""
        members = self._members()
        if all(row[0] != self._id for row in members):
            raise self._fenced()
        now = time.time()
        if any(not self._lives(row, now) for row in members):
            with self._log.transaction():
                others = self._rebalance()
            self._ring_members(others)
        abroad = any(row[4] != self._mark.place for row in members)
        if abroad and time.monotonic() - self._signed > _SIGN_OF_LIFE:
            self._signed = time.monotonic()
            with self._log.transaction():
                self._log.execute("UPDATE members SET seen = ? WHERE id = ?", (now, self._id))

    def _rebalance(self) -> list[int]:
        """Decides anew who reads what, inside of the current transaction; returns the living members."""
        if not self._inboxes:
            return []
        now = time.time()
        members = self._members()
        dead = [row for row in members if not self._lives(row, now)]
        for row in dead:
            self._log.execute("DELETE FROM members WHERE id = ?", (row[0],))
            self._ringer.clear(str(row[0]))
        readers: dict[str, list[str]] = {}
        living = {row[0]: row[1].split("\n") for row in members if row not in dead}
        for member, inboxes in living.items():
            for topic in inboxes:
                readers.setdefault(topic, []).append(f"{member:020}")
        self._log.execute(
            "UPDATE shares SET owner = 0 WHERE grp = ? AND owner NOT IN (SELECT id FROM members)", (self._group,)
        )
        shares: dict[str, dict[int, str]] = {}
        for topic, lane, owner in self._log.rows(
            "SELECT topic, lane, owner FROM shares JOIN lanes USING (lane) WHERE grp = ?", (self._group,)
        ):
            shares.setdefault(topic, {})[lane] = f"{owner:020}"
        for topic, owners in shares.items():
            wanted = assign(list(owners), readers.get(topic, []), owners)
            for lane in owners:
                reader = int(wanted.get(lane, "0"))
                self._log.execute(
                    "UPDATE shares SET wanted = ?, owner = CASE owner WHEN 0 THEN ? ELSE owner END"
                    " WHERE lane = ? AND grp = ?",
                    (reader, reader, lane, self._group),
                )
        return list(living)

    def _members(self) -> list[tuple[int, str, int, str, str, float]]:
        rows = self._log.rows(
            "SELECT id, inboxes, pid, started, place, seen FROM members WHERE grp = ?", (self._group,)
        )
        return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def _lives(self, row: tuple[int, str, int, str, str, float], now: float) -> bool:
        return row[0] == self._id or is_alive(ProcessMark(row[2], row[3], row[4]), self._mark, now - row[5])

    def _readers_of(self, topics: set[str]) -> list[str]:
        rows = self._log.rows("SELECT id, inboxes FROM members WHERE id <> ?", (self._id,))
        return [str(number) for number, inboxes in rows if not topics.isdisjoint(inboxes.split("\n"))]

    def _ring_members(self, members: Sequence[int]) -> None:
        for member in members:
            if member != self._id:
                self._ringer.ring(str(member))

    def _fenced(self) -> Misconfigured:
        return Misconfigured("fenced", self._instance, "another process has taken over its inboxes")


class SqliteBusFactory:
    """The bus in the file at ``path``, which is created when absent."""

    def __init__(self, path: Path | str, limits: BusLimits | None = None) -> None:
        self._path = Path(path)
        self._limits = limits or BusLimits()

    def open(self, group: str, inboxes: Sequence[str], instance: str) -> Bus:
        """See ``ports.BusFactory``."""
        return _SqliteBus(self._log(), group, inboxes, instance)

    def scan(self, topic: str, after: Mapping[int, int] | None = None, since: float = 0.0) -> Sequence[Record]:
        """See ``ports.BusFactory``."""
        log, after = self._log(), after or {}
        try:
            lanes = log.rows("SELECT lane, partition, head FROM lanes WHERE topic = ? ORDER BY lane", (topic,))
            return [
                record
                for lane, partition, head in lanes
                for record in log.read(topic, lane, partition, after.get(partition, 0), head, since)
            ]
        finally:
            log.close()

    def last(self, topic: str, key: str) -> Record | None:
        """See ``ports.BusFactory``."""
        log, number = self._log(), partition_of(key, self._limits.partitions)
        try:
            return log.newest(topic, number, key)
        finally:
            log.close()

    def retain(self) -> int:
        """Deletes one step of what is consumed and old enough; returns how many records. The members do so by themselves."""
        log = self._log()
        try:
            with log.transaction():
                return log.retain()
        finally:
            log.close()

    def forget(self, group: str) -> None:
        """Removes a group that will not come back (a destination taken out), so that it holds nothing back any more."""
        log = self._log()
        try:
            with log.transaction():
                log.execute("DELETE FROM shares WHERE grp = ?", (group,))
                log.execute("DELETE FROM members WHERE grp = ?", (group,))
        finally:
            log.close()

    def _log(self) -> SqliteLog:
        return SqliteLog(self._path, self._limits)
