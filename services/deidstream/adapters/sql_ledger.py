"""What was accepted and what was delivered, in a SQL database (SQLite here, PostgreSQL when configured)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from deidstream.adapters.sql_engine import open_engine, reading, writing
from deidstream.ports import Claim, Entry, Lane

__all__ = ["SqlAcceptanceLedger", "SqlDeliveryLedger", "ledger_engine"]

T = TypeVar("T")

_SLICE = 500
"""Values in one IN list: SQLite takes 32,766 parameters, planners prefer fewer."""

_tables = sql.MetaData()
_accepted = sql.Table(
    "accepted",
    _tables,
    sql.Column("case_id", sql.String(64), primary_key=True),
    sql.Column("at", sql.Float, nullable=False, index=True),
)
_pending = sql.Table(
    "accepting",
    _tables,
    sql.Column("case_id", sql.String(64), primary_key=True),
    sql.Column("owner", sql.String(128), nullable=False),
    sql.Column("at", sql.Float, nullable=False),
)
_delivered = sql.Table(
    "delivered",
    _tables,
    sql.Column("destination", sql.String(128), primary_key=True),
    sql.Column("release_id", sql.String(128), primary_key=True),
    sql.Column("status", sql.String(32), nullable=False),
    sql.Column("attempts", sql.Integer, nullable=False),
    sql.Column("at", sql.Float, nullable=False, index=True),
)
_lanes = sql.Table(
    "lanes",
    _tables,
    sql.Column("destination", sql.String(128), primary_key=True),
    sql.Column("source", sql.String(128), primary_key=True),
    sql.Column("key", sql.String(128), primary_key=True),
    sql.Column("position", sql.BigInteger, nullable=False),
)


def ledger_engine(url: str) -> Engine:
    """An engine with the tables of both ledgers in place. Raises Unavailable."""
    engine = open_engine(url)
    with writing(engine) as connection:
        _tables.create_all(connection)
    return engine


class SqlAcceptanceLedger:
    """The ids of the cases that this site has accepted within the last days. One ``owner`` a committing thread."""

    stale = False
    """Every commit is synced."""

    def __init__(self, engine: Engine, owner: str) -> None:
        self._engine = engine
        self._owner = owner
        self._mine = _pending.c.owner == owner
        self._failed = False

    def claim(self, case_ids: Sequence[str], now: float) -> Claim:
        """Marks the new ones as being accepted; what was claimed before counts as accepted (or not, after ``abandon``)."""
        with writing(self._engine) as connection:
            self._settle(connection)
            known = set(_select_in(connection, _accepted.c.case_id, case_ids))
            rest = [case_id for case_id in case_ids if case_id not in known]
            elsewhere = set(_select_in(connection, _pending.c.case_id, rest))
            fresh = [case_id for case_id in rest if case_id not in elsewhere]
            if fresh:
                connection.execute(
                    _pending.insert(), [{"case_id": one, "owner": self._owner, "at": now} for one in fresh]
                )
        return Claim(frozenset(known), frozenset(elsewhere))

    def settle(self) -> None:
        """What was claimed has been committed to the bus: write that down. ``claim`` does the same by the way."""
        with writing(self._engine) as connection:
            self._settle(connection)

    def abandon(self) -> None:
        """What was claimed has not been committed."""
        self._failed = True

    def learn(self, case_ids: Iterable[str], now: float) -> None:
        """See ``ports.AcceptanceLedger``."""
        with writing(self._engine) as connection:
            for some in _slices(list(case_ids)):
                known = set(_select_in(connection, _accepted.c.case_id, some))
                rows = [{"case_id": one, "at": now} for one in dict.fromkeys(some) if one not in known]
                if rows:
                    connection.execute(_accepted.insert(), rows)

    def unsettled(self) -> frozenset[str]:
        """Claimed by this owner before it last ended, and unknown whether committed."""
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(sql.select(_pending.c.case_id).where(self._mine)))

    def resolve(self, committed: Iterable[str]) -> None:
        """Ends the doubt about ``unsettled`` ids: ``committed`` were, the others were not."""
        with writing(self._engine) as connection:
            for some in _slices(list(committed)):
                rows = sql.select(_pending.c.case_id, _pending.c.at).where(_pending.c.case_id.in_(some), self._mine)
                connection.execute(_accepted.insert().from_select(["case_id", "at"], rows))
            connection.execute(_pending.delete().where(self._mine))

    def prune(self, before: float) -> None:
        """Forgets what was accepted before that time."""
        with writing(self._engine) as connection:
            connection.execute(_accepted.delete().where(_accepted.c.at < before))

    def _settle(self, connection: Connection) -> None:
        if not self._failed:
            rows = sql.select(_pending.c.case_id, _pending.c.at).where(self._mine)
            connection.execute(_accepted.insert().from_select(["case_id", "at"], rows))
        connection.execute(_pending.delete().where(self._mine))
        self._failed = False


class SqlDeliveryLedger:
    """What one destination has got, and how far its ordered lanes are."""

    def __init__(self, engine: Engine, destination: str) -> None:
        self._engine = engine
        self._destination = destination

    def settled(self, release_ids: Sequence[str]) -> Mapping[str, str]:
        """The final status of those that have one."""
        with reading(self._engine) as connection:
            found: dict[str, str] = {}
            for some in _slices(release_ids):
                query = sql.select(_delivered.c.release_id, _delivered.c.status).where(
                    _delivered.c.destination == self._destination, _delivered.c.release_id.in_(some)
                )
                found |= {row.release_id: row.status for row in connection.execute(query)}
        return found

    def positions(self, lanes: Sequence[Lane]) -> Mapping[Lane, int]:
        """The sequence that each lane has reached; lanes that are absent have reached 0."""
        with reading(self._engine) as connection:
            found: dict[Lane, int] = {}
            place = sql.tuple_(_lanes.c.source, _lanes.c.key)
            for some in _slices(lanes):
                query = sql.select(_lanes).where(_lanes.c.destination == self._destination, place.in_(some))
                found |= {Lane(row.source, row.key): row.position for row in connection.execute(query)}
        return found

    def record(self, entries: Sequence[Entry], positions: Mapping[Lane, int]) -> None:
        """Writes results and positions, durably and in one transaction. A later result replaces an earlier one."""
        with writing(self._engine) as connection:
            if entries:
                self._enter(connection, entries)
            for lane, position in positions.items():
                self._move(connection, lane, position)

    def prune(self, before: float) -> None:
        """Forgets results older than that time; lanes stay."""
        with writing(self._engine) as connection:
            connection.execute(
                _delivered.delete().where(_delivered.c.destination == self._destination, _delivered.c.at < before)
            )

    def _enter(self, connection: Connection, entries: Sequence[Entry]) -> None:
        rows = {entry.release_id: {"destination": self._destination, **entry._asdict()} for entry in entries}
        mine = _delivered.c.destination == self._destination
        for some in _slices(list(rows)):
            connection.execute(_delivered.delete().where(mine, _delivered.c.release_id.in_(some)))
        connection.execute(_delivered.insert(), list(rows.values()))

    def _move(self, connection: Connection, lane: Lane, position: int) -> None:
        where = (
            _lanes.c.destination == self._destination,
            _lanes.c.source == lane.source,
            _lanes.c.key == lane.key,
        )
        moved = connection.execute(_lanes.update().where(*where).values(position=position))
        if not moved.rowcount:
            connection.execute(
                _lanes.insert().values(
                    destination=self._destination, source=lane.source, key=lane.key, position=position
                )
            )


def _select_in(
    connection: Connection, column: sql.Column[str], values: Sequence[str], *where: sql.ColumnElement[bool]
) -> Iterator[str]:
    for some in _slices(values):
        yield from connection.scalars(sql.select(column).where(column.in_(some), *where))


def _slices(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _SLICE):
        yield values[start : start + _SLICE]
