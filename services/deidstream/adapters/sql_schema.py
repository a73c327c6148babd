"""Which tables a database must have. SQLite's are made when they are missing; PostgreSQL's by ``deidstream database upgrade``.

A process that made them by itself would need the right to, would race with its siblings, and could not tell an older database from
an empty one.
"""

from __future__ import annotations

import time

from sqlalchemy import Engine, MetaData, text

from deidstream.adapters.sql_engine import is_postgres, open_engine, reading, writing
from deidstream.core.errors import Misconfigured

__all__ = ["REVISIONS", "newer", "opened", "require_clock", "require_revision"]

REVISIONS = ("0001", "0002")
"""Of the migrations, oldest first; the last is the one that this version works with."""

_CLOCK = text("SELECT extract(epoch FROM clock_timestamp())")
_SKEW_SECONDS = 30.0
"""Half a lease: machines whose clocks differ by more would take what another has in hand for overdue."""
_WRITTEN_DOWN = text("SELECT version_num FROM alembic_version")


def opened(database: Engine | str, tables: MetaData) -> Engine:
    """An engine whose database has ``tables``. Raises Unavailable; Misconfigured where they must be migrated first, or its clock
    is another than ours."""
    engine = open_engine(database) if isinstance(database, str) else database
    if is_postgres(engine):
        require_revision(engine)
        require_clock(engine)
    else:
        with writing(engine) as connection:
            tables.create_all(connection)
    return engine


def require_revision(engine: Engine) -> str:
    """The revision of a PostgreSQL database. Raises Misconfigured, with what to do, where it is not the last of ``REVISIONS``."""
    with reading(engine) as connection:
        found = connection.scalar(_WRITTEN_DOWN) or ""
    if found == REVISIONS[-1]:
        return found
    if found in REVISIONS or not found:
        raise Misconfigured("database-not-migrated", "deployment.database", "run: deidstream database upgrade")
    raise newer()


def require_clock(engine: Engine) -> None:
    """Raises Misconfigured (``clock-skew``) where the clocks of this machine and of the database's server differ: processes on
    several machines share deadlines and leases, and each goes by its own clock."""
    before = time.time()
    with reading(engine) as connection:
        there = float(connection.scalar(_CLOCK) or 0.0)
    skew = max(before - there, there - time.time())
    if skew > _SKEW_SECONDS:
        hint = f"the clocks of this machine and of the server differ by {skew:.0f} s: is NTP at work on both?"
        raise Misconfigured("clock-skew", "deployment.database", hint)


def newer() -> Misconfigured:
    """The database is of a version that this one does not know."""
    hint = "a newer deidstream has migrated this database: install that version"
    return Misconfigured("database-newer", "deployment.database", hint)
