"""The tables of the identity store, in SQL that SQLite and PostgreSQL share.

Nothing in them can be read without a key: identifiers are keyed hashes, what is known is sealed, ids are opaque.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql, sqlite

__all__ = [
    "IDENTIFIER",
    "MERGE_LOG",
    "METADATA",
    "SEQUENCE",
    "SUBJECT",
    "SUBJECT_CASE",
    "chunks",
    "insert_missing",
    "upsert",
]

METADATA = MetaData()

SUBJECT = Table(
    "subject",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("merged_into", String(32), nullable=False),
    Column("created", Float, nullable=False),
)

IDENTIFIER = Table(
    "identifier",
    METADATA,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("subject_id", String(32), nullable=False),
    Column("origin", String(32), nullable=False),
    Column("slot", LargeBinary(16), nullable=False),
)
Index("identifier_subject", IDENTIFIER.c.subject_id)
Index("identifier_origin", IDENTIFIER.c.origin)

SEQUENCE = Table(
    "sequence",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("subject_id", String(32), primary_key=True),
    Column("last", BigInteger, nullable=False),
)

SUBJECT_CASE = Table(
    "subject_case",
    METADATA,
    Column("case_id", Text, primary_key=True),
    Column("subject_id", String(32), primary_key=True),
    Column("source", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
)
Index("subject_case_subject", SUBJECT_CASE.c.subject_id)

MERGE_LOG = Table(
    "merge_log",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("survivor", String(32), nullable=False),
    Column("prior", String(32), nullable=False),
    Column("at", Float, nullable=False),
)

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
        connection.execute(_insert_missing(connection.dialect.name, table), list(rows))


def upsert(connection: Connection, table: Table, rows: _Rows, columns: Sequence[str]) -> None:
    """Inserts ``rows``, or sets ``columns`` of the rows with their keys."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table, tuple(columns)), list(rows))


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
