"""The durable log in one SQLite file: lanes of records, and what each group has done of them.

A *lane* is one partition of one topic; its records lie together, under ``lane << 40 | offset``, with offsets dense from 1, so
that a backlog is a subtraction. WAL with ``synchronous=FULL``: what is committed survives the power cut.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from deidstream.adapters.bus_limits import BusLimits, partition_of
from deidstream.adapters.sqlite_locked import patiently, set_pragmas
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable
from deidstream.ports import Output, Record

__all__ = ["OFFSET_BITS", "SqliteLog"]

OFFSET_BITS = 40
_VERSION = 1
_PAGE = 8192
_RETENTION_STEP = 2_000
_RETENTION_EVERY = 0.25

Row = tuple[Any, ...]  # SQLite is dynamically typed; the schema says what comes

_SCHEMA = """
CREATE TABLE lanes (
  lane INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  head INTEGER NOT NULL DEFAULT 0, tail INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, partition));
CREATE TABLE records (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, key TEXT NOT NULL, headers BLOB, value BLOB NOT NULL);
CREATE TABLE members (
  id INTEGER PRIMARY KEY AUTOINCREMENT, grp TEXT NOT NULL, instance TEXT NOT NULL, inboxes TEXT NOT NULL,
  pid INTEGER NOT NULL, started TEXT NOT NULL, place TEXT NOT NULL, seen REAL NOT NULL, UNIQUE (grp, instance));
CREATE TABLE shares (
  lane INTEGER NOT NULL, grp TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
  owner INTEGER NOT NULL DEFAULT 0, wanted INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (lane, grp)) WITHOUT ROWID;
CREATE INDEX shares_owner ON shares (owner);
"""


class SqliteLog:
    """One connection. Not thread-safe."""

    def __init__(self, path: Path, limits: BusLimits) -> None:
        self.path = path
        self.limits = limits
        self._first_lane: dict[str, int] = {}
        self._retained_at = 0.0
        with translated(path):
            self._connection = _connect(path)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def rows(self, sql: str, arguments: Sequence[object] = ()) -> list[Row]:
        """What a query returns, outside of a transaction or inside of the current one."""
        with translated(self.path):
            return patiently(lambda: self._connection.execute(sql, arguments).fetchall())

    def execute(self, sql: str, arguments: Sequence[object] = ()) -> int:
        """Changes rows inside of the current transaction; returns how many."""
        return self._connection.execute(sql, arguments).rowcount

    def insert(self, sql: str, arguments: Sequence[object]) -> int:
        """Inserts one row; returns its id."""
        return self._connection.execute(sql, arguments).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable at the end. Raises Unavailable when nothing was committed."""
        with translated(self.path):
            patiently(lambda: self._connection.execute("BEGIN IMMEDIATE"))
            try:
                yield
                self._retain_now_and_then()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._first_lane.clear()
                raise

    def data_version(self) -> int:
        """Changes whenever another connection has committed."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def first_lane(self, topic: str) -> int:
        """The lane of partition 0; the others follow. Creates the topic, for which a transaction must be open."""
        found = self._first_lane.get(topic)
        if found is not None:
            return found
        rows = self.rows("SELECT min(lane), count(*) FROM lanes WHERE topic = ?", (topic,))
        first, count = rows[0]
        if not count:
            first = int(str(self.rows("SELECT coalesce(max(lane), 0) + 1 FROM lanes")[0][0]))
            self._connection.executemany(
                "INSERT INTO lanes (lane, topic, partition) VALUES (?, ?, ?)",
                [(first + number, topic, number) for number in range(self.limits.partitions)],
            )
        elif count != self.limits.partitions:
            raise Misconfigured("bus-partitions", topic, f"the bus was made with {count}; set bus.partitions to that")
        lane = self._first_lane[topic] = int(first)
        return lane

    def append(self, outputs: Sequence[Output]) -> set[str]:
        """Adds records inside of the current transaction; returns the topics. Raises Unavailable (``backlog``)."""
        partitions = self.limits.partitions
        firsts = {topic: self.first_lane(topic) for topic in {output.topic for output in outputs}}
        heads: dict[int, int] = {}
        for topic, first in firsts.items():
            heads.update(self._heads(first))
            self._refuse_backlog(topic, first)
        now = time.time()
        rows, touched = [], set()
        for output in outputs:
            lane = firsts[output.topic] + partition_of(output.key, partitions)
            offset = heads[lane] = heads[lane] + 1
            touched.add(lane)
            headers = orjson.dumps(output.headers) if output.headers else None
            rows.append((lane << OFFSET_BITS | offset, output.key, output.value, headers, now))
        self._connection.executemany("INSERT INTO records (id, key, value, headers, at) VALUES (?, ?, ?, ?, ?)", rows)
        self._connection.executemany(
            "UPDATE lanes SET head = ? WHERE lane = ?", [(heads[lane], lane) for lane in touched]
        )
        return set(firsts)

    def read(
        self, topic: str, lane: int, partition: int, after: int, until: int, since: float = 0.0
    ) -> Iterator[Record]:
        """The retained records of a lane with offsets in ``(after, until]``, appended at ``since`` or later, in order."""
        base = lane << OFFSET_BITS
        with translated(self.path):
            cursor = patiently(
                lambda: self._connection.execute(
                    "SELECT id, key, value, headers, at FROM records WHERE id > ? AND id <= ? AND at >= ? ORDER BY id",
                    (base + after, base + until, since),
                )
            )
            for number, key, value, headers, at in cursor:
                plain = orjson.loads(headers) if headers else {}
                yield Record(topic, partition, number - base, key, value, plain, at)

    def newest(self, topic: str, partition: int, key: str) -> Record | None:
        """The last retained record of ``key``."""
        for lane, head in self.rows(
            "SELECT lane, head FROM lanes WHERE topic = ? AND partition = ?", (topic, partition)
        ):
            base = lane << OFFSET_BITS
            rows = self.rows(
                "SELECT id FROM records WHERE id > ? AND id <= ? AND key = ? ORDER BY id DESC LIMIT 1",
                (base, base + head, key),
            )
            for (number,) in rows:
                return next(self.read(topic, lane, partition, number - base - 1, number - base), None)
        return None

    def retain(self, budget: int = _RETENTION_STEP) -> int:
        """Deletes up to ``budget`` records that everybody has consumed and that are old enough; returns how many."""
        lanes = self.rows(
            "SELECT lane, topic, tail, head, (SELECT min(done) FROM shares WHERE shares.lane = lanes.lane)"
            " FROM lanes WHERE tail < head"
        )
        deleted = 0
        for lane, topic, tail, head, done in lanes:
            limits = self.limits.of(str(topic))
            low = head if done is None and limits.unread else done
            if limits.keep is None or low is None or deleted >= budget:
                continue
            upto = min(int(low), int(tail) + budget - deleted)
            deleted += self._delete(int(lane), int(tail), upto, time.time() - limits.keep)
        return deleted

    def _delete(self, lane: int, tail: int, upto: int, before: float) -> int:
        base = lane << OFFSET_BITS
        first, last = base + tail + 1, base + upto
        oldest = self.rows("SELECT at FROM records WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1", (first, last))
        if not oldest or oldest[0][0] > before:
            return 0
        # The first that must stay; times need not grow strictly, since clocks are set back.
        stays = self.rows(
            "SELECT id FROM records WHERE id BETWEEN ? AND ? AND at > ? ORDER BY id LIMIT 1", (first, last, before)
        )
        last = stays[0][0] - 1 if stays else last
        self.execute("UPDATE lanes SET tail = ? WHERE lane = ?", (last - base, lane))
        return self.execute("DELETE FROM records WHERE id BETWEEN ? AND ?", (first, last))

    def _retain_now_and_then(self) -> None:
        now = time.monotonic()
        if now - self._retained_at > _RETENTION_EVERY:
            self._retained_at = now
            self.retain()

    def _heads(self, first: int) -> Iterable[tuple[int, int]]:
        return self._connection.execute(
            "SELECT lane, head FROM lanes WHERE lane BETWEEN ? AND ?", (first, first + self.limits.partitions - 1)
        ).fetchall()

    def _refuse_backlog(self, topic: str, first: int) -> None:
        depth = self.limits.of(topic).depth
        if not depth:
            return
        rows = self.rows(
            "SELECT coalesce(sum(head - coalesce((SELECT min(done) FROM shares WHERE shares.lane = lanes.lane), tail)), 0)"
            " FROM lanes WHERE lane BETWEEN ? AND ?",
            (first, first + self.limits.partitions - 1),
        )
        if int(rows[0][0]) >= depth:
            raise Unavailable("backlog", topic)

    def _prepare(self) -> None:
        version = patiently(lambda: self._connection.execute("PRAGMA user_version").fetchone())[0]
        if version == 0:
            patiently(lambda: self._connection.execute("BEGIN IMMEDIATE"))
            # Several processes may start at once: only the first finds it still empty.
            if self._connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in _SCHEMA.split(";\n"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")
            self._connection.execute("COMMIT")
            _sync_folder(self.path.parent)
        elif version != _VERSION:
            raise Misconfigured("bus-version", self.path.name, f"made by another release: its schema is {version}")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except DeidstreamError:
        raise
    except sqlite3.Error as error:
        raise _translate(error, path) from None


def _translate(error: sqlite3.Error, path: Path) -> DeidstreamError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Misconfigured("bus-corrupt", path.name, "move the file away, keep it, and restore it from a backup")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return Misconfigured("bus-read-only", path.name, "this user must be able to write the file and its folder")
    if code == sqlite3.SQLITE_CANTOPEN:
        return Misconfigured("bus-cannot-open", path.name, "the folder must exist and be writable")
    names = {sqlite3.SQLITE_FULL: "disk-full", sqlite3.SQLITE_BUSY: "bus-locked", sqlite3.SQLITE_IOERR: "disk-error"}
    if code in names:
        return Unavailable(names[code], path.name)
    return Unavailable("bus-error", path.name, str(code))


def _connect(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError:
        raise Misconfigured("bus-cannot-open", path.name, "the folder must exist and be writable") from None
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=64)
    set_pragmas(
        connection,
        f"page_size = {_PAGE}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "wal_autocheckpoint = 2000",
        "cache_size = -8000",
        "temp_store = MEMORY",
    )
    return connection


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
