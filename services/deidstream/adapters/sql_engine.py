"""One way to open a database: SQLite as the embedded default, PostgreSQL when it comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError
from sqlalchemy.pool import ConnectionPoolEntry

from deidstream.core.errors import Misconfigured, Unavailable

__all__ = ["open_engine", "reading", "writing"]


def open_engine(url: str) -> Engine:
    """An engine for ``url``. SQLite gets WAL, full synchronisation, and writers that wait for one another."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes, durable when the block ends. Raises Unavailable when the database does not answer."""
    try:
        with engine.connect().execution_options(deidstream_writes=True) as connection, connection.begin():
            yield connection
    except DatabaseError as error:
        raise _translated(error) from None


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view. Raises as ``writing`` does."""
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except DatabaseError as error:
        raise _translated(error) from None


def _translated(error: DatabaseError) -> Exception:
    """Without the statement and its parameters, which may name people."""
    if isinstance(error, ProgrammingError):
        return Misconfigured("database-refused", type(error.orig).__name__, "is this database deidstream's own?")
    if isinstance(error, OperationalError):
        return Unavailable("database-away", type(error.orig).__name__)
    return Unavailable("database-failed", type(error.orig).__name__)


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, SqliteConnection)
    # We say BEGIN ourselves: sqlite3 would begin late, and two readers that turn writers would lock each other out.
    connection.isolation_level = None
    for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("deidstream_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
