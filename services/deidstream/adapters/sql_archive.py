"""Retained cases in a database, with what was released of each. SQLite embedded, or PostgreSQL.

Nothing in it can be read without a key: cases are sealed, the rest are ids and numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    LargeBinary,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    delete,
    select,
    tuple_,
)

from deidstream.adapters.sql_engine import reading, writing
from deidstream.adapters.sql_inserts import chunks, insert_missing, upsert
from deidstream.adapters.sql_schema import opened
from deidstream.ports import Ended, Kept, Run

__all__ = ["METADATA", "SqlCaseArchive"]

METADATA = MetaData()

_KEPT = Table(
    "retained_case",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("received", Float, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("searchable", Boolean, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
Index("retained_case_received", _KEPT.c.received)

_RUN = Table(
    "case_run",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("project", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("release_id", Text, nullable=False),
    Column("supersedes", Text, nullable=False),
    Column("places", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("ticket", Text, nullable=False),
)

_FORM = ("received", "subjects", "searchable", "payload")
_PAGE = 200
_Key = tuple[str, str]


class SqlCaseArchive:
    """See ``ports.CaseArchive``. One transaction a batch.

    Cases are keyed by subject once identify has been at them, so one process at a time writes the rows of a case.
    """

    def __init__(self, database: Engine | str) -> None:
        self._engine = opened(database, METADATA)

    def put(self, kept: Sequence[Kept], runs: Sequence[Run], ended: Sequence[Ended]) -> None:
        """See ``ports.CaseArchive``."""
        if not (kept or runs or ended):
            return
        with writing(self._engine) as connection:
            upsert(connection, _KEPT, [_row(one) for one in kept], _FORM)
            _put_runs(connection, runs, ended)

    def searchable(self, case_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """See ``ports.CaseArchive``."""
        wanted = select(_KEPT.c.case_id, _KEPT.c.subjects).where(_KEPT.c.searchable)
        with reading(self._engine) as connection:
            return {
                row.case_id: tuple(row.subjects.split())
                for some in chunks(case_ids)
                for row in connection.execute(wanted.where(_KEPT.c.case_id.in_(some)))
            }

    def runs(self, case_ids: Sequence[str]) -> Sequence[Run]:
        """See ``ports.CaseArchive``."""
        with reading(self._engine) as connection:
            found = _runs(connection, (select(_RUN).where(_RUN.c.case_id.in_(some)) for some in chunks(case_ids)))
        return list(found.values())

    def cases(self, case_ids: Sequence[str]) -> Sequence[Kept]:
        """See ``ports.CaseArchive``."""
        with reading(self._engine) as connection:
            found = [
                _kept(row)
                for some in chunks(case_ids)
                for row in connection.execute(select(_KEPT).where(_KEPT.c.case_id.in_(some)))
            ]
        return sorted(found, key=lambda one: (one.received, one.case_id))

    def received(self, since: float, until: float) -> Iterator[Kept]:
        """See ``ports.CaseArchive``. A page at a time, each a transaction of its own."""
        after: tuple[float, str] = (since, "")
        place = tuple_(_KEPT.c.received, _KEPT.c.case_id)
        while True:
            with reading(self._engine) as connection:
                wanted = select(_KEPT).where(_KEPT.c.received < until, place > after)
                page = [_kept(row) for row in connection.execute(wanted.order_by(*place).limit(_PAGE))]
            yield from page
            if len(page) < _PAGE:
                return
            after = (page[-1].received, page[-1].case_id)

    def prune(self, before: float) -> None:
        """See ``ports.CaseArchive``."""
        old = select(_KEPT.c.case_id).where(_KEPT.c.received < before)
        with writing(self._engine) as connection:
            connection.execute(delete(_RUN).where(_RUN.c.case_id.in_(old)))
            connection.execute(delete(_KEPT).where(_KEPT.c.received < before))

    def erase(self, case_ids: Sequence[str]) -> None:
        """See ``ports.CaseArchive``."""
        with writing(self._engine) as connection:
            for some in chunks(case_ids):
                connection.execute(delete(_RUN).where(_RUN.c.case_id.in_(some)))
                connection.execute(delete(_KEPT).where(_KEPT.c.case_id.in_(some)))

    def close(self) -> None:
        """See ``ports.CaseArchive``."""
        self._engine.dispose()


def _put_runs(connection: Connection, runs: Sequence[Run], ended: Sequence[Ended]) -> None:
    # First runs are most: they are written without looking, where there is nothing yet.
    insert_missing(connection, _RUN, [one._asdict() for one in runs])
    changes: list[Run | Ended] = [*(one for one in runs if one.version > 1), *ended]
    if not changes:
        return
    keys = sorted({(one.case_id, one.project) for one in changes})
    place = tuple_(_RUN.c.case_id, _RUN.c.project)
    before = _runs(connection, (select(_RUN).where(place.in_(some)) for some in chunks(keys)))
    after = dict(before)
    for one in changes:
        known = after.get((one.case_id, one.project))
        if known is not None:
            after[one.case_id, one.project] = _later(known, one)
    rows = [after[key]._asdict() for key in keys if after.get(key) != before.get(key)]
    upsert(connection, _RUN, rows, ("version", "release_id", "supersedes", "places", "revision", "ticket"))


def _later(known: Run, one: Run | Ended) -> Run:
    if isinstance(one, Run):
        return one if one.version >= known.version else known
    return known._replace(revision=max(known.revision, one.revision))


def _runs(connection: Connection, statements: Iterable[Select[Any]]) -> dict[_Key, Run]:  # rows of _RUN
    found = (Run(*row) for statement in statements for row in connection.execute(statement))
    return {(one.case_id, one.project): one for one in found}


def _row(one: Kept) -> dict[str, object]:
    return {
        "case_id": one.case_id,
        "received": one.received,
        "subjects": " ".join(one.subjects),
        "searchable": one.searchable,
        "payload": one.payload,
    }


def _kept(row: Row[Any]) -> Kept:  # a row of _KEPT
    return Kept(row.case_id, row.received, tuple(row.subjects.split()), row.searchable, bytes(row.payload))
