"""``deidstream quarantine``: what went no further, and what to do about it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deidstream.cli.access import Access, ConfigOption
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit
from deidstream.stream import quarantine
from deidstream.wire import QuarantineRecord

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="List, inspect, correct and replay quarantined cases."
)


@app.command("list")
def list_(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """List what is in quarantine: ids, stages, reasons; never content.

    \b
    Example:
      deidstream quarantine list
    """
    records = quarantine.list_open(Access.to(config).bus)
    table = Table("id", "since (UTC)", "stage", "reason", "place", "format")
    for one in records:
        since = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(one.id, since, one.stage, one.code, one.place, one.kind)
    Console().print(table if records else "quarantine is empty")


@app.command()
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    out: Annotated[Path | None, typer.Option(help="Write the message there instead of to the terminal.")] = None,
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Show the message of one case, opened with the deployment's keys. This is identified data; that you looked is audited.

    \b
    Example:
      deidstream quarantine show 3f2a91c04d7b-1a2b3c --out message.hl7
    """
    access = Access.to(config)
    case = quarantine.open_case(_one(access, id_), access.keys(), access.process.claims)
    access.audit(Audit("quarantine.shown", case.id, {"quarantine": id_}))
    if out is None:
        sys.stdout.buffer.write(case.source)
    else:
        out.touch(mode=0o600)
        out.write_bytes(case.source)


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that is in quarantine.")] = False,
    corrected: Annotated[Path | None, typer.Option(help="The corrected message, for one case.")] = None,
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Send cases back to the stage where they failed; with --corrected, the mended message from the start.

    \b
    Examples:
      deidstream quarantine replay --all
      deidstream quarantine replay 3f2a91c04d7b-1a2b3c --corrected mended.hl7
    """
    access = Access.to(config)
    if bool(ids) == all_:
        raise Misconfigured("which-cases", "quarantine replay", "name cases, or say --all")
    records = quarantine.list_open(access.bus) if all_ else [_one(access, id_) for id_ in ids or ()]
    for record in records:
        access.audit(
            Audit("quarantine.replayed", record.case_id, {"quarantine": record.id, "corrected": corrected is not None})
        )
    bus = access.bus.open("operator", (), "operator")
    try:
        mended = corrected.read_bytes() if corrected else None
        quarantine.replay(bus, access.keys(), records, mended, access.process.claims)
    finally:
        bus.close()
    Console().print(f"{len(records)} sent back")


@app.command()
def drop(id_: Annotated[str, typer.Argument(metavar="ID")], config: ConfigOption = Path("deidstream.yaml")) -> None:
    """Close a record without a replay: the message will not be released. Audited.

    \b
    Example:
      deidstream quarantine drop 3f2a91c04d7b-1a2b3c
    """
    access = Access.to(config)
    record = _one(access, id_)
    access.audit(Audit("quarantine.dropped", record.case_id, {"quarantine": id_}))
    bus = access.bus.open("operator", (), "operator")
    try:
        quarantine.close(bus, [record])
    finally:
        bus.close()


def _one(access: Access, id_: str) -> QuarantineRecord:
    for record in quarantine.list_open(access.bus):
        if record.id == id_:
            return record
    raise Misconfigured("not-in-quarantine", id_, "see: deidstream quarantine list")
