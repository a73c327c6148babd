"""Which tables a database must have. SQLite's are made when they are missing; PostgreSQL's by ``deidstream database upgrade``.

A process that made them by itself would need the right to, would race with its siblings, and could not tell an older database from
an empty one.
"""

from __future__ import annotations

from sqlalchemy import Engine, MetaData, text

from deidstream.adapters.sql_engine import is_postgres, open_engine, reading, writing
from deidstream.core.errors import Misconfigured

__all__ = ["REVISIONS", "newer", "opened", "require_revision"]

REVISIONS = ("0001", "0002")
"""Of the migrations, oldest first; the last is the one that this version works with."""

_WRITTEN_DOWN = text("SELECT version_num FROM alembic_version")


def opened(database: Engine | str, tables: MetaData) -> Engine:
    """An engine whose database has ``tables``. Raises Unavailable; Misconfigured where they must be migrated first."""
    engine = open_engine(database) if isinstance(database, str) else database
    if is_postgres(engine):
        require_revision(engine)
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


def newer() -> Misconfigured:
    """The database is of a version that this one does not know."""
    hint = "a newer deidstream has migrated this database: install that version"
    return Misconfigured("database-newer", "deployment.database", hint)
