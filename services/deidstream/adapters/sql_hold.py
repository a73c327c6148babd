"""The hold in a database: what waits, sealed, durable before the bus commits. SQLite embedded, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    case,
    delete,
    func,
    select,
    update,
)

from deidstream.adapters.sql_engine import reading, writing
from deidstream.adapters.sql_inserts import insert_missing
from deidstream.adapters.sql_schema import opened
from deidstream.ports import Held, Shelved

__all__ = ["METADATA", "SqlHold"]

METADATA = MetaData()

_HELD = Table(
    "held",
    METADATA,
    Column("stage", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("deadline", Float, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("grp", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("put_at", Float, nullable=False),
)
Index("held_deadline", _HELD.c.stage, _HELD.c.deadline)
Index("held_group", _HELD.c.stage, _HELD.c.grp)

_CHUNK = 500


class SqlHold:
    """The shelf in ``database``; it may share one with the identity store.

    Items do not depend on one another, so on PostgreSQL locks on rows are enough: who leases passes over what another has locked.
    """

    def __init__(self, database: Engine | str) -> None:
        self._engine = opened(database, METADATA)

    def put(self, items: Sequence[Held]) -> None:
        """See ``ports.HoldShelf``."""
        if not items:
            return
        rows = [
            {
                "stage": item.stage,
                "id": item.id,
                "reason": item.reason,
                "deadline": item.deadline,
                "payload": item.payload,
                "grp": item.group,
                "ordinal": item.ordinal,
                "put_at": item.put_at,
            }
            for item in items
        ]
        with writing(self._engine) as connection:
            insert_missing(connection, _HELD, rows)

    def due(self, stage: str, now: float, limit: int = 100) -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        return self._read(_due(stage, now, limit))

    def lease(self, stage: str, now: float, until: float, limit: int = 100) -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        if not self.due(stage, now, 1):  # mostly: without a lock
            return ()
        with writing(self._engine) as connection:
            found = _held(connection.execute(_due(stage, now, limit).with_for_update(skip_locked=True)))
            if found:
                ours = _HELD.c.id.in_([item.id for item in found])
                connection.execute(update(_HELD).where(_HELD.c.stage == stage, ours).values(deadline=until))
        return found

    def group(self, stage: str, group: str) -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        wanted = select(_HELD).where(_HELD.c.stage == stage, _HELD.c.grp == group)
        return self._read(wanted.order_by(_HELD.c.ordinal, _HELD.c.id))

    def each(self, stage: str, group: str) -> Iterator[Held]:
        """See ``ports.HoldShelf``."""
        together = (_HELD.c.stage == stage, _HELD.c.grp == group)
        with reading(self._engine) as connection:
            names = connection.execute(select(_HELD.c.id).where(*together).order_by(_HELD.c.ordinal, _HELD.c.id))
            ids = [name for (name,) in names]
        for name in ids:
            yield from self._read(select(_HELD).where(_HELD.c.stage == stage, _HELD.c.id == name))

    def reschedule(self, stage: str, group: str, deadline: float) -> int:
        """See ``ports.HoldShelf``."""
        with writing(self._engine) as connection:
            together = (_HELD.c.stage == stage, _HELD.c.grp == group)
            return connection.execute(update(_HELD).where(*together).values(deadline=deadline)).rowcount

    def take(self, stage: str, ids: Sequence[str]) -> None:
        """See ``ports.HoldShelf``."""
        with writing(self._engine) as connection:
            for start in range(0, len(ids), _CHUNK):
                some = ids[start : start + _CHUNK]
                connection.execute(delete(_HELD).where(_HELD.c.stage == stage, _HELD.c.id.in_(some)))

    def list(self, stage: str = "") -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        wanted = select(_HELD).order_by(_HELD.c.put_at, _HELD.c.id)
        return self._read(wanted.where(_HELD.c.stage == stage) if stage else wanted)

    def counts(self, now: float) -> Mapping[str, Shelved]:
        """See ``ports.HoldShelf``."""
        overdue = func.sum(case((_HELD.c.deadline < now, 1), else_=0))
        wanted = select(_HELD.c.stage, func.count(), overdue).group_by(_HELD.c.stage)
        with reading(self._engine) as connection:
            return {stage: Shelved(waiting, int(late)) for stage, waiting, late in connection.execute(wanted)}

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def _read(self, wanted: Select[tuple[object, ...]]) -> Sequence[Held]:
        with reading(self._engine) as connection:
            return _held(connection.execute(wanted))


def _due(stage: str, now: float, limit: int) -> Select[tuple[object, ...]]:
    wanted = select(_HELD).where(_HELD.c.stage == stage, _HELD.c.deadline <= now)
    return wanted.order_by(_HELD.c.deadline, _HELD.c.id).limit(limit)


def _held(rows: Iterable[Row[tuple[object, ...]]]) -> list[Held]:
    return [
        Held(row.id, row.stage, row.reason, row.deadline, row.payload, row.grp, row.ordinal, row.put_at) for row in rows
    ]
