"""The acceptance ledger of the embedded default: two statements a commit, and no sync of its own.

What is being accepted is entered as accepted at once; one row an owner names what was entered last, which is what the death of
the process leaves in doubt. Only what that row still names is taken back: another owner may have inherited and accepted it. The
death of the machine may take the last entries with it; the bus has synced them, so a ledger that was last written before this boot
is ``stale``, and learns again what the bus retains.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deidstream.adapters.sqlite_locked import set_pragmas
from deidstream.core.errors import Unavailable
from deidstream.ports import AcceptanceLedger, Claim, Doubt

__all__ = ["SqliteAcceptanceLedger", "open_acceptance"]

_SQLITE = "sqlite:///"

_TABLES = """
CREATE TABLE IF NOT EXISTS accepted_cases (case_id TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS accepted_cases_at ON accepted_cases (at);
CREATE TABLE IF NOT EXISTS boot (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS in_doubt (owner TEXT PRIMARY KEY, case_ids TEXT NOT NULL, at REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
"""
_SLICE = 500
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class SqliteAcceptanceLedger:
    """See ``ports.AcceptanceLedger``. One ``owner`` a committing thread; several may share the file."""

    def __init__(self, path: Path | str, owner: str, boot: str = "") -> None:
        self._owner = owner
        self._boot = boot or _boot_id()
        self._failed: Sequence[str] = ()
        self._last: Sequence[str] = ()
        self._lock = threading.Lock()
        with _reported():
            self._connection = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
            set_pragmas(self._connection, "journal_mode = WAL", "synchronous = NORMAL")
            self._connection.executescript(_TABLES)
            _add_time(self._connection)

    def claim(self, case_ids: Sequence[str], now: float) -> Claim:
        """See ``ports.AcceptanceLedger``."""
        with self._writing() as connection:
            self._forget(connection, self._failed)
            before = connection.total_changes
            rows = [(case_id, now) for case_id in case_ids]
            connection.executemany("INSERT OR IGNORE INTO accepted_cases VALUES (?, ?)", rows)
            known: set[str] = set()
            if connection.total_changes - before < len(rows):
                known = self._known(connection, case_ids, now)
            fresh = [case_id for case_id in case_ids if case_id not in known]
            elsewhere = self._in_doubt(connection, known) if known else frozenset()
            self._note(connection, fresh, now)
        self._failed, self._last = (), fresh
        return Claim(frozenset(known - elsewhere), elsewhere)

    def known(self, case_ids: Sequence[str]) -> frozenset[str]:
        """See ``ports.AcceptanceLedger``."""
        with self._writing() as connection:
            found = self._found(connection, case_ids)
            doubted = connection.execute("SELECT case_ids FROM in_doubt")
            return frozenset(found.difference(*(row[0].split() for row in doubted)))

    def settle(self) -> None:
        """See ``ports.AcceptanceLedger``."""
        with self._writing() as connection:
            self._forget(connection, self._failed)
            self._note(connection, ())
        self._failed, self._last = (), ()

    def abandon(self) -> None:
        """See ``ports.AcceptanceLedger``."""
        self._failed = self._last

    @property
    def stale(self) -> bool:
        """See ``ports.AcceptanceLedger``. True where the system does not say when it was started."""
        with self._writing() as connection:
            boots = [row[0] for row in connection.execute("SELECT id FROM boot")]
        return not self._boot or boots != [self._boot]

    def learn(self, case_ids: Iterable[str], now: float) -> None:
        """See ``ports.AcceptanceLedger``."""
        with self._writing() as connection:
            rows = ((case_id, now) for case_id in case_ids)
            connection.executemany("INSERT OR IGNORE INTO accepted_cases VALUES (?, ?)", rows)
            connection.execute("DELETE FROM boot")
            connection.execute("INSERT INTO boot VALUES (?)", (self._boot,))

    def unsettled(self) -> Sequence[Doubt]:
        """See ``ports.AcceptanceLedger``."""
        return self._doubts("owner = ?")

    def resolve(self, committed: Iterable[str]) -> None:
        """See ``ports.AcceptanceLedger``."""
        known = frozenset(committed)
        self._failed = [one for one in self._last if one not in known]  # should this fail, the next claim does it
        with self._writing() as connection:
            self._forget(connection, [one for one in self._noted(connection) if one not in known])
            self._note(connection, ())
        self._failed, self._last = (), ()

    def others(self) -> Sequence[Doubt]:
        """See ``ports.AcceptanceLedger``."""
        return self._doubts("owner != ?")

    def inherit(self, doubt: Doubt, committed: Iterable[str]) -> None:
        """See ``ports.AcceptanceLedger``."""
        known = frozenset(committed)
        with self._writing() as connection:
            ended = "UPDATE in_doubt SET case_ids = '' WHERE owner = ? AND at = ? AND case_ids != ''"
            if connection.execute(ended, (doubt.owner, doubt.at)).rowcount:
                _delete(connection, doubt.case_ids - known)

    def prune(self, before: float) -> None:
        """See ``ports.AcceptanceLedger``."""
        with self._writing() as connection:
            connection.execute("DELETE FROM accepted_cases WHERE at < ?", (before,))

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    def _doubts(self, whose: str) -> Sequence[Doubt]:
        with self._writing() as connection:
            query = f"SELECT owner, at, case_ids FROM in_doubt WHERE {whose} AND case_ids != ''"  # noqa: S608
            found = connection.execute(query, (self._owner,)).fetchall()
        return [Doubt(owner, at, frozenset(case_ids.split())) for owner, at, case_ids in found]

    def _known(self, connection: sqlite3.Connection, case_ids: Sequence[str], now: float) -> set[str]:
        """Those that were there before: undoes the insertion, looks, and does it again."""
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        self._forget(connection, self._failed)
        known = self._found(connection, case_ids)
        rows = [(case_id, now) for case_id in case_ids if case_id not in known]
        connection.executemany("INSERT INTO accepted_cases VALUES (?, ?)", rows)
        return known

    def _found(self, connection: sqlite3.Connection, case_ids: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for some in _slices(case_ids):
            marks = ",".join("?" * len(some))
            rows = connection.execute(f"SELECT case_id FROM accepted_cases WHERE case_id IN ({marks})", some)  # noqa: S608
            found.update(row[0] for row in rows)
        return found

    def _in_doubt(self, connection: sqlite3.Connection, case_ids: set[str]) -> frozenset[str]:
        """Those that another owner is accepting at this moment, or was when it ended."""
        others = connection.execute("SELECT case_ids FROM in_doubt WHERE owner != ?", (self._owner,))
        return frozenset(case_ids.intersection(one for row in others for one in row[0].split()))

    def _forget(self, connection: sqlite3.Connection, case_ids: Sequence[str]) -> None:
        if case_ids:
            _delete(connection, self._noted(connection).intersection(case_ids))

    def _noted(self, connection: sqlite3.Connection) -> frozenset[str]:
        found = connection.execute("SELECT case_ids FROM in_doubt WHERE owner = ?", (self._owner,)).fetchone()
        return frozenset(found[0].split()) if found else frozenset()

    def _note(self, connection: sqlite3.Connection, case_ids: Sequence[str], now: float = 0.0) -> None:
        row = (self._owner, " ".join(case_ids), now)
        connection.execute("INSERT OR REPLACE INTO in_doubt (owner, case_ids, at) VALUES (?, ?, ?)", row)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _reported():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def open_acceptance(url: str, owner: str) -> AcceptanceLedger:
    """The ledger at ``url``: this one for ``sqlite:///PATH``, else the one in SQLAlchemy."""
    if url.startswith(_SQLITE):
        return SqliteAcceptanceLedger(url.removeprefix(_SQLITE), owner)
    from deidstream.adapters.sql_ledger import SqlAcceptanceLedger, ledger_engine

    return SqlAcceptanceLedger(ledger_engine(url), owner)


def _add_time(connection: sqlite3.Connection) -> None:
    """Files of earlier versions do not say when a claim was made."""
    connection.execute("BEGIN IMMEDIATE")
    if "at" not in [row[1] for row in connection.execute("PRAGMA table_info(in_doubt)")]:
        connection.execute("ALTER TABLE in_doubt ADD COLUMN at REAL NOT NULL DEFAULT 0")
    connection.execute("COMMIT")


def _delete(connection: sqlite3.Connection, case_ids: Iterable[str]) -> None:
    connection.executemany("DELETE FROM accepted_cases WHERE case_id = ?", [(case_id,) for case_id in case_ids])


def _boot_id() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""


def _slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _SLICE):
        yield values[start : start + _SLICE]


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable("ledger-unavailable", type(error).__name__) from None
