"""The hold in a database: what waits, sealed, durable before the bus commits. SQLite embedded, PostgreSQL later."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, Select, String, Table, Text, delete, select

from deidstream.adapters.sql_engine import open_engine, reading, writing
from deidstream.adapters.sql_identity_tables import insert_missing
from deidstream.ports import Held

__all__ = ["SqlHold"]

_METADATA = MetaData()

_HELD = Table(
    "held",
    _METADATA,
    Column("stage", String(32), primary_key=True),
    Column("id", String(128), primary_key=True),
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
    """The shelf in the database at ``url``; it may share one with the identity store."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        with writing(self._engine) as connection:
            _METADATA.create_all(connection)

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
        wanted = select(_HELD).where(_HELD.c.stage == stage, _HELD.c.deadline <= now)
        return self._read(wanted.order_by(_HELD.c.deadline, _HELD.c.id).limit(limit))

    def group(self, stage: str, group: str) -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        wanted = select(_HELD).where(_HELD.c.stage == stage, _HELD.c.grp == group)
        return self._read(wanted.order_by(_HELD.c.ordinal, _HELD.c.id))

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

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def _read(self, wanted: Select[tuple[object, ...]]) -> Sequence[Held]:
        with reading(self._engine) as connection:
            return [
                Held(row.id, row.stage, row.reason, row.deadline, row.payload, row.grp, row.ordinal, row.put_at)
                for row in connection.execute(wanted)
            ]
