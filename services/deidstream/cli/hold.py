"""``deidstream hold``: what waits, for whom, until when."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deidstream.adapters.shelved_series import STAGE as SERIES
from deidstream.adapters.shelved_series import VERDICTS
from deidstream.cli.access import Access, ConfigOption
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit
from deidstream.ports import Held
from deidstream.stream.holds import let_go
from deidstream.wire import decode_case, encode_case

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="What waits on the shelf: for review, a merge, a predecessor, a batch.",
)


@app.command("list")
def list_(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """List what waits: ids, stages, reasons, deadlines; never content.

    \b
    Example:
      deidstream hold list
    """
    items = [item for item in Access.to(config).shelf.list() if item.stage != VERDICTS]
    table = Table("id", "stage", "reason", "since (UTC)", "deadline (UTC)")
    for item in items:
        table.add_row(item.id, item.stage, item.reason, _shown(item.put_at), _shown(item.deadline))
    Console().print(table if items else "nothing waits")


@app.command()
def show(id_: Annotated[str, typer.Argument(metavar="ID")], config: ConfigOption = Path("deidstream.yaml")) -> None:
    """Show the message of one held case, opened with the deployment's keys. This is identified data; that you looked is audited.

    \b
    Example:
      deidstream hold show 5d0c77
    """
    access = Access.to(config)
    case = decode_case(_one(access, id_).payload, access.keys(), fetch=access.process.claims.fetch)
    access.audit(Audit("hold.shown", case.id, {"held": id_}))
    sys.stdout.buffer.write(case.source)


@app.command()
def release(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Let a reviewed case go on. Doubtful findings are treated as found; what a person has seen is not held again. Audited.

    \b
    Example:
      deidstream hold release 5d0c77
    """
    access = Access.to(config)
    item = _one(access, id_)
    if item.stage not in ("review", "identify"):
        raise Misconfigured("not-for-people", id_, f"it waits for {item.stage}, which goes on by itself")
    case = decode_case(item.payload, access.keys(), ())
    header = case.header
    if item.stage == "review":
        attributes = (*header.attributes, ("reviewed", "released"))
        case = case.with_header(attributes=attributes, itinerary=("resolver", "writer"))
    access.audit(Audit("hold.released", case.id, {"held": id_, "reason": item.reason}))
    bus = access.bus.open("operator", (), "operator")
    try:
        let_go(bus, access.shelf, [replace(item, payload=encode_case(case, access.keys()))])
    finally:
        bus.close()


@app.command()
def complete(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Say that no more slices of a series will come: it is looked at now. ID: any slice of it that waits. Audited.

    \b
    Example:
      deidstream hold complete 5d0c77
    """
    access = Access.to(config)
    item = _one(access, id_)
    if item.stage != SERIES:
        raise Misconfigured("not-a-series", id_, f"it waits for {item.stage}")
    access.audit(Audit("hold.completed", id_, {"series": item.group}))
    access.shelf.reschedule(SERIES, item.group, time.time())


def _one(access: Access, id_: str) -> Held:
    for item in access.shelf.list():
        if item.id == id_:
            return item
    raise Misconfigured("not-held", id_, "see: deidstream hold list")


def _shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
