"""Rows written in one statement each way, in SQL that SQLite and PostgreSQL share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

__all__ = ["chunks", "insert_missing", "upsert"]

_CHUNK = 2000
"""Values in one statement: well under what either database takes."""

_T = TypeVar("_T")
_Rows = Sequence[Mapping[str, Any]]  # a row's values are of any column type


def chunks(values: Iterable[_T]) -> Iterator[list[_T]]:
    """``values`` in lists that fit into one IN clause."""
    everything = list(values)
    for start in range(0, len(everything), _CHUNK):
        yield everything[start : start + _CHUNK]


def insert_missing(connection: Connection, table: Table, rows: _Rows) -> None:
    """Inserts ``rows``; those whose key is there already change nothing, whoever wrote them."""
    if rows:
        connection.execute(_insert_missing(connection.dialect.name, table), _sorted(table, rows))


def upsert(connection: Connection, table: Table, rows: _Rows, columns: Sequence[str]) -> None:
    """Inserts ``rows``, or sets ``columns`` of the rows with their keys."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table, tuple(columns)), _sorted(table, rows))


def _sorted(table: Table, rows: _Rows) -> list[Mapping[str, Any]]:
    """By key: two transactions that write the same rows then wait for one another in one direction only."""
    keys = [column.name for column in table.primary_key.columns]
    return sorted(rows, key=lambda row: tuple(row[key] for key in keys))


# Statements are built once: building one anew costs SQLAlchemy more than SQLite takes to carry it out.


@lru_cache(maxsize=64)
def _insert_missing(dialect: str, table: Table) -> Insert:
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def _upsert(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    statement = _insert(dialect, table)
    changes = {name: statement.excluded[name] for name in columns}
    keys = [column.name for column in table.primary_key.columns]
    return statement.on_conflict_do_update(index_elements=keys, set_=changes)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
