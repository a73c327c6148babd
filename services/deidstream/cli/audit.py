"""``deidstream audit``: what was done, and whether the record of it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deidstream.cli.access import Access, ConfigOption
from deidstream.core.errors import Misconfigured
from deidstream.stream.audit import entries_of
from deidstream.stream.audit import verify as verify_chains
from deidstream.stream.stages import AUDIT

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="The audit log: a hash chain for each process, without content."
)


@app.command()
def verify(
    tips: Annotated[
        Path | None, typer.Option(help="Tips of an earlier run; finds chains that were cut off since.")
    ] = None,
    save_tips: Annotated[Path | None, typer.Option(help="Write the tips there; keep them on another machine.")] = None,
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Check every chain: nothing changed, removed or moved. Exit code 1 when something was.

    \b
    Examples:
      deidstream audit verify --save-tips tips.json
      deidstream audit verify --tips tips.json
    """
    access = Access.to(config)
    report = verify_chains(access.bus.scan(AUDIT), access.keys(), _tips(tips))
    if save_tips is not None:
        save_tips.write_text(json.dumps(report.tips, indent=2))
    table = Table("chain", "from", "to", "fault")
    for chain, (sequence, _) in sorted(report.tips.items()):
        faults = [f"{fault.code} at {fault.sequence}" for fault in report.faults if fault.chain == chain]
        table.add_row(chain, str(report.starts.get(chain, 0)), str(sequence), ", ".join(faults[:5]) or "none")
    console = Console()
    console.print(table)
    verdict = "sound" if report.sound else f"NOT SOUND: {len(report.faults)} faults"
    console.print(f"audit: records={report.records} entries={report.entries} chains={len(report.tips)} {verdict}")
    if not report.sound:
        raise typer.Exit(1)


@app.command()
def show(
    case: Annotated[str, typer.Option(help="Only entries of this case id.")] = "",
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Print the entries as JSON lines.

    \b
    Example:
      deidstream audit show --case 3f2a91c04d7b0e1f2a3b4c5d6e7f8091
    """
    for record in Access.to(config).bus.scan(AUDIT):
        for entry in entries_of(record):
            if not case or entry.get("case") == case:
                typer.echo(json.dumps(entry, sort_keys=True))


def _tips(path: Path | None) -> dict[str, tuple[int, str]] | None:
    if path is None:
        return None
    try:
        return {str(chain): (int(tip[0]), str(tip[1])) for chain, tip in json.loads(path.read_text()).items()}
    except (OSError, ValueError, TypeError, LookupError):
        raise Misconfigured("no-tips", str(path), "give a file that --save-tips has written") from None
