"""Brings a PostgreSQL database to the revision that this version works with, by Alembic, in one transaction.

Alembic is loaded here and nowhere else: no process of a pipeline needs it.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine

from deidstream.adapters import sql_archive, sql_hold, sql_identity_tables, sql_ledger
from deidstream.adapters.sql_engine import writing
from deidstream.adapters.sql_schema import REVISIONS, newer, require_revision

__all__ = ["TABLES", "upgrade"]

TABLES = (sql_identity_tables.METADATA, sql_hold.METADATA, sql_ledger.METADATA, sql_archive.METADATA)
"""What the migrations make, all told."""

_SCRIPTS = "deidstream:migrations"


def upgrade(engine: Engine) -> str:
    """Migrates a PostgreSQL database, and returns its revision; does nothing where that is the last one already.

    Two that upgrade at once take turns. Raises Misconfigured, with nothing changed, where a newer version has been at it, or where
    the user may not make tables.
    """
    with writing(engine, "migrations") as connection:
        _migrate(connection)
    return require_revision(engine)


def _migrate(connection: Connection) -> None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current and current not in REVISIONS:
        raise newer()
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, REVISIONS[-1])
