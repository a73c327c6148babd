"""What was accepted and what was delivered, in a SQL database (SQLite here, PostgreSQL when configured)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from deidstream.adapters.sql_engine import reading, writing
from deidstream.adapters.sql_inserts import chunks, insert_missing, upsert
from deidstream.adapters.sql_schema import opened
from deidstream.ports import Claim, Doubt, Entry, Lane

__all__ = ["METADATA", "SqlAcceptanceLedger", "SqlDeliveryLedger", "ledger_engine"]

METADATA = sql.MetaData()
_accepted = sql.Table(
    "accepted",
    METADATA,
    sql.Column("case_id", sql.Text, primary_key=True),
    sql.Column("at", sql.Float, nullable=False, index=True),
)
_pending = sql.Table(
    "accepting",
    METADATA,
    sql.Column("case_id", sql.Text, primary_key=True),
    sql.Column("owner", sql.Text, nullable=False),
    sql.Column("at", sql.Float, nullable=False),
)
_delivered = sql.Table(
    "delivered",
    METADATA,
    sql.Column("destination", sql.Text, primary_key=True),
    sql.Column("release_id", sql.Text, primary_key=True),
    sql.Column("status", sql.Text, nullable=False),
    sql.Column("attempts", sql.Integer, nullable=False),
    sql.Column("at", sql.Float, nullable=False, index=True),
)
_lanes = sql.Table(
    "lanes",
    METADATA,
    sql.Column("destination", sql.Text, primary_key=True),
    sql.Column("source", sql.Text, primary_key=True),
    sql.Column("key", sql.Text, primary_key=True),
    sql.Column("position", sql.BigInteger, nullable=False),
)
_TURN = "acceptance"


def ledger_engine(database: Engine | str) -> Engine:
    """An engine with the tables of both ledgers in place. Raises Unavailable, Misconfigured."""
    return opened(database, METADATA)


class SqlAcceptanceLedger:
    """The ids of the cases that this site has accepted within the last days. One ``owner`` a committing thread.

    Instances take turns: a claim looks at two tables and writes to both. When a claim fails, nobody knows whether the database has
    committed it; what it named is then taken back by the next transaction, whatever that is.
    """

    stale = False
    """Every commit is synced."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine = engine
        self._owner = owner
        self._mine = _pending.c.owner == owner
        self._last: frozenset[str] = frozenset()
        self._failed: frozenset[str] = frozenset()

    def claim(self, case_ids: Sequence[str], now: float) -> Claim:
        """Marks the new ones as being accepted; what was claimed before counts as accepted (or not, after ``abandon``)."""
        failed = self._failed
        # Until this claim is known to have succeeded it counts as failed, but for what the last one named and the bus has since.
        self._failed = failed | (frozenset(case_ids) - (self._last - failed))
        with writing(self._engine, _TURN) as connection:
            self._settle(connection, failed)
            known = set(_select_in(connection, _accepted.c.case_id, case_ids))
            rest = [case_id for case_id in dict.fromkeys(case_ids) if case_id not in known]
            elsewhere = set(_select_in(connection, _pending.c.case_id, rest))
            fresh = [case_id for case_id in rest if case_id not in elsewhere]
            rows = [{"case_id": one, "owner": self._owner, "at": now} for one in fresh]
            insert_missing(connection, _pending, rows)
        self._last, self._failed = frozenset(fresh), frozenset()
        return Claim(frozenset(known), frozenset(elsewhere))

    def known(self, case_ids: Sequence[str]) -> frozenset[str]:
        """See ``ports.AcceptanceLedger``."""
        with reading(self._engine) as connection:
            return frozenset(_select_in(connection, _accepted.c.case_id, case_ids))

    def settle(self) -> None:
        """What was claimed has been committed to the bus: write that down. ``claim`` does the same by the way."""
        with writing(self._engine, _TURN) as connection:
            self._settle(connection, self._failed)
        self._last = self._failed = frozenset()

    def abandon(self) -> None:
        """What was claimed has not been committed."""
        self._failed |= self._last

    def learn(self, case_ids: Iterable[str], now: float) -> None:
        """See ``ports.AcceptanceLedger``."""
        with writing(self._engine, _TURN) as connection:
            for some in chunks(case_ids):
                rows = [{"case_id": one, "at": now} for one in dict.fromkeys(some)]
                insert_missing(connection, _accepted, rows)

    def unsettled(self) -> Sequence[Doubt]:
        """See ``ports.AcceptanceLedger``."""
        return self._doubts(self._mine)

    def resolve(self, committed: Iterable[str]) -> None:
        """Ends the doubt about ``unsettled`` ids: ``committed`` were, the others were not."""
        known = frozenset(committed)
        self._failed |= self._last - known
        with writing(self._engine, _TURN) as connection:
            mine = frozenset(connection.scalars(sql.select(_pending.c.case_id).where(self._mine)))
            self._settle(connection, mine - known)
        self._last = self._failed = frozenset()

    def others(self) -> Sequence[Doubt]:
        """See ``ports.AcceptanceLedger``."""
        return self._doubts(~self._mine)

    def inherit(self, doubt: Doubt, committed: Iterable[str]) -> None:
        """See ``ports.AcceptanceLedger``."""
        known = frozenset(committed)
        with writing(self._engine, _TURN) as connection:
            claim = (_pending.c.owner == doubt.owner) & (_pending.c.at == doubt.at)
            _conclude(connection, claim, doubt.case_ids - known)

    def accepted_since(self, moment: float) -> frozenset[str]:
        """Ids of the cases that were accepted then or later."""
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(sql.select(_accepted.c.case_id).where(_accepted.c.at >= moment)))

    def forget(self, case_ids: Iterable[str]) -> None:
        """These were not accepted: they are taken when they are sent again."""
        with writing(self._engine, _TURN) as connection:
            for some in chunks(case_ids):
                connection.execute(_accepted.delete().where(_accepted.c.case_id.in_(some)))

    def prune(self, before: float) -> None:
        """Forgets what was accepted before that time."""
        with writing(self._engine, _TURN) as connection:
            connection.execute(_accepted.delete().where(_accepted.c.at < before))

    def _doubts(self, whose: sql.ColumnElement[bool]) -> Sequence[Doubt]:
        found: dict[tuple[str, float], set[str]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(sql.select(_pending).where(whose)):
                found.setdefault((row.owner, row.at), set()).add(row.case_id)
        return [Doubt(owner, at, frozenset(case_ids)) for (owner, at), case_ids in found.items()]

    def _settle(self, connection: Connection, failed: Iterable[str]) -> None:
        _conclude(connection, self._mine, failed)


class SqlDeliveryLedger:
    """What one destination has got, and how far its ordered lanes are. A destination has one worker, so nobody races."""

    def __init__(self, engine: Engine, destination: str) -> None:
        self._engine = engine
        self._destination = destination

    def settled(self, release_ids: Sequence[str]) -> Mapping[str, str]:
        """The final status of those that have one."""
        found: dict[str, str] = {}
        with reading(self._engine) as connection:
            for some in chunks(release_ids):
                query = sql.select(_delivered.c.release_id, _delivered.c.status).where(
                    _delivered.c.destination == self._destination, _delivered.c.release_id.in_(some)
                )
                found |= {row.release_id: row.status for row in connection.execute(query)}
        return found

    def positions(self, lanes: Sequence[Lane]) -> Mapping[Lane, int]:
        """The sequence that each lane has reached; lanes that are absent have reached 0."""
        found: dict[Lane, int] = {}
        place = sql.tuple_(_lanes.c.source, _lanes.c.key)
        with reading(self._engine) as connection:
            for some in chunks(lanes):
                query = sql.select(_lanes).where(_lanes.c.destination == self._destination, place.in_(some))
                found |= {Lane(row.source, row.key): row.position for row in connection.execute(query)}
        return found

    def record(self, entries: Sequence[Entry], positions: Mapping[Lane, int]) -> None:
        """Writes results and positions, durably and in one transaction. A later result replaces an earlier one."""
        results = {entry.release_id: {"destination": self._destination, **entry._asdict()} for entry in entries}
        lanes = [
            {"destination": self._destination, "source": lane.source, "key": lane.key, "position": position}
            for lane, position in positions.items()
        ]
        with writing(self._engine) as connection:
            upsert(connection, _delivered, list(results.values()), ("status", "attempts", "at"))
            upsert(connection, _lanes, lanes, ("position",))

    def prune(self, before: float) -> None:
        """Forgets results older than that time; lanes stay."""
        with writing(self._engine) as connection:
            connection.execute(
                _delivered.delete().where(_delivered.c.destination == self._destination, _delivered.c.at < before)
            )


def _conclude(connection: Connection, claim: sql.ColumnElement[bool], failed: Iterable[str]) -> None:
    """What of ``claim`` has not ``failed`` is accepted; nothing of it is pending any more."""
    for some in chunks(failed):
        connection.execute(_pending.delete().where(claim, _pending.c.case_id.in_(some)))
    rows = sql.select(_pending.c.case_id, _pending.c.at).where(claim)
    connection.execute(_accepted.insert().from_select(["case_id", "at"], rows))
    connection.execute(_pending.delete().where(claim))


def _select_in(connection: Connection, column: sql.Column[str], values: Iterable[str]) -> Iterator[str]:
    for some in chunks(values):
        yield from connection.scalars(sql.select(column).where(column.in_(some)))
