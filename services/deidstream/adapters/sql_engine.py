"""One way to open a database: SQLite as the embedded default, PostgreSQL when the deployment names one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import Connection as SqliteConnection
from zlib import crc32

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from deidstream.adapters.sql_limits import Limits
from deidstream.adapters.sqlite_locked import set_pragmas
from deidstream.core.errors import DeidstreamError, Misconfigured, Unavailable

__all__ = ["is_postgres", "open_engine", "reading", "translating", "writing"]

_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_OURS = 0x64656964
"""Tells our advisory locks apart from those of others in the same database."""
_TURN = text("SELECT pg_advisory_xact_lock(:ours, :turn)")
_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def open_engine(url: str, limits: Limits | None = None) -> Engine:
    """An engine for ``url``; nothing is connected yet. Raises Misconfigured for a database of another kind.

    SQLite gets WAL, full synchronisation, and writers that wait for one another; PostgreSQL what ``limits`` says.
    """
    try:
        named = make_url(url)
    except (ArgumentError, ValueError):
        raise _no_such_database() from None
    if named.drivername in _POSTGRES:
        from deidstream.adapters.sql_postgres import postgres_engine  # its driver is loaded where it is used

        return postgres_engine(named, limits or Limits())
    if named.get_backend_name() != "sqlite":
        raise _no_such_database()
    engine = create_engine(named, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_postgres(engine: Engine) -> bool:
    """Whether writers of different processes may run at the same time there."""
    return engine.dialect.name == "postgresql"


@contextmanager
def writing(engine: Engine, turn: str = "") -> Iterator[Connection]:
    """One transaction that writes, durable when the block ends. Raises Unavailable when the database does not answer.

    Transactions of the same ``turn`` run one after another, whichever process they are in, and each sees all that those before it
    have committed. On SQLite all that write do so anyway.
    """
    with translating(engine), engine.connect() as connection:
        connection.execution_options(deidstream_writes=True)
        with connection.begin():
            if turn and is_postgres(engine):
                connection.execute(_TURN, {"ours": _OURS, "turn": crc32(turn.encode()) >> 1})
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view. Raises as ``writing`` does."""
    with translating(engine), engine.connect() as connection:
        if is_postgres(engine):
            connection.execution_options(**_SNAPSHOT)
        with connection.begin():
            yield connection


@contextmanager
def translating(engine: Engine) -> Iterator[None]:
    """Errors of the database as ours: without the statement, its parameters and the server's words, which may name people."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(engine, error) from None
    except PoolTimeout:
        raise Unavailable("database-busy", "pool") from None


def _translated(engine: Engine, error: DBAPIError) -> DeidstreamError:
    if is_postgres(engine):
        from deidstream.adapters.sql_postgres_errors import translated

        return translated(error.orig)
    if isinstance(error, ProgrammingError):
        return Misconfigured("database-refused", type(error.orig).__name__, "is this database deidstream's own?")
    return Unavailable("database-away", type(error.orig).__name__)


def _no_such_database() -> Misconfigured:
    hint = "give postgresql://USER@HOST/DATABASE, or leave it empty for SQLite"
    return Misconfigured("database-url", "deployment.database", hint)


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    assert isinstance(connection, SqliteConnection)
    # We say BEGIN ourselves: sqlite3 would begin late, and two readers that turn writers would lock each other out.
    connection.isolation_level = None
    set_pragmas(connection, "busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("deidstream_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
