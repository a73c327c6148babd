"""``deidstream database``: the tables of a deployment that keeps its identities, holds and ledgers in PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import Engine

from deidstream.adapters.sql_engine import is_postgres, open_engine
from deidstream.adapters.sql_ledger import SqlAcceptanceLedger
from deidstream.adapters.sql_limits import Limits
from deidstream.adapters.sql_schema import require_clock, require_revision
from deidstream.cli.access import Access, ConfigOption
from deidstream.cli.moment import moment
from deidstream.core.outcome import Audit
from deidstream.stream.deployment import Deployment
from deidstream.stream.doubts import MARGIN, TOPICS, committed
from deidstream.stream.settings import Settings

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Make and check the tables of deployment.database (PostgreSQL); reconcile them.",
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


@app.command()
def reconcile(
    since: Annotated[
        str, typer.Option(help="From when on the bus may lack what was accepted, e.g. 2026-03-02T10:00Z.")
    ],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """At a second site, before it starts: forget what was accepted and is not on its bus, so that it is taken when sent again.

    The mirror of a bus is behind it by seconds, and what was acknowledged in them is in the database alone: a sender who sends it
    again would be told that it is here. Let senders send again what they have sent since then. Audited.

    \b
    Example:
      deidstream database reconcile --since 2026-03-02T10:00Z
    """
    begun, access, engine = moment("--since", since), Access.to(config), _engine(config)
    if not is_postgres(engine):
        Console().print("SQLite: bus and ledgers are of one moment: restore them together, nothing is to be done")
        return
    ledger = SqlAcceptanceLedger(engine, "operator")
    accepted = ledger.accepted_since(begun)
    lost = accepted - committed(access.bus.scan, TOPICS, max(0.0, begun - MARGIN))
    said: dict[str, object] = {"since": since, "accepted": str(len(accepted)), "forgotten": str(len(lost))}
    access.audit(Audit("acceptance.reconciled", "", said))
    ledger.forget(lost)
    Console().print(f"reconciled: accepted={len(accepted)} forgotten={len(lost)}", highlight=False)


def _engine(config: Path, limits: Limits | None = None) -> Engine:
    return open_engine(Deployment.of(Settings.load(config, os.environ)).database_url("identity"), limits)
