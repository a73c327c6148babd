"""The command ``deidstream``."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from deidstream.cli import audit, config, hold, policy, quarantine
from deidstream.cli.clean.command import clean
from deidstream.cli.simulate.command import simulate
from deidstream.cli.up import up
from deidstream.core.errors import DeidstreamError

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="De-identifies live clinical feeds, continuously, within the hospital's own walls.",
)
app.command()(clean)
app.command()(simulate)
app.command()(up)

for _name, _part in (
    ("policy", policy.app),
    ("config", config.app),
    ("quarantine", quarantine.app),
    ("hold", hold.app),
    ("audit", audit.app),
):
    app.add_typer(_part, name=_name)


def main() -> None:
    """Runs the command line. A user's mistake ends with one line and exit code 2, never with a stack trace."""
    try:
        app()
    except DeidstreamError as error:
        Console(stderr=True).print(f"deidstream: {error}", style="red", markup=False, highlight=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
