"""``deidstream database``: the tables of a deployment that keeps its identities, holds and ledgers in PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from rich.console import Console
from sqlalchemy import Engine

from deidstream.adapters.sql_engine import is_postgres, open_engine
from deidstream.adapters.sql_limits import Limits
from deidstream.adapters.sql_schema import require_clock, require_revision
from deidstream.cli.access import ConfigOption
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Make and check the tables of deployment.database (PostgreSQL)."
)
_PATIENT = Limits(statement=3_600.0, answer=3_600.0)
"""A migration may have to rewrite a large table."""
_EMBEDDED = "SQLite: each process makes its own tables, nothing is to be done"


@app.command()
def upgrade(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """Make the tables, or bring them to this version, in one transaction; again, it changes nothing. Stop the pipeline first.

    It needs a user who may make tables. The pipeline needs one who may read and write them.

    \b
    Example:
      deidstream database upgrade
    """
    engine = _engine(config, _PATIENT)
    if not is_postgres(engine):
        Console().print(_EMBEDDED)
        return
    from deidstream.adapters import sql_migration  # with Alembic, which only this needs

    Console().print(f"database: revision {sql_migration.upgrade(engine)}")


@app.command()
def check(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """Check that the database answers, lets us in, and has the tables of this version. Exit code 2: one line says what to do.

    \b
    Example:
      deidstream database check
    """
    engine = _engine(config)
    if not is_postgres(engine):
        Console().print(_EMBEDDED)
        return
    revision = require_revision(engine)
    require_clock(engine)
    Console().print(f"database: revision {revision}, good")


def _engine(config: Path, limits: Limits | None = None) -> Engine:
    return open_engine(Deployment.of(Settings.load(config, os.environ)).database_url("identity"), limits)
