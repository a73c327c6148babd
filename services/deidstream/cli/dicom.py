"""``deidstream dicom``: what is done to DICOM instances, in the words of the standard."""

from __future__ import annotations

from typing import Annotated

import typer

from deidstream.adapters import policy_files
from deidstream.cli.conformance import statement

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="What is done to DICOM instances.")


@app.callback()
def _root() -> None:
    pass


@app.command()
def conformance(
    policy: Annotated[str, typer.Option(help="A shipped policy by name, or a YAML file.")] = "research-dates-shifted",
) -> None:
    """Print a conformance statement (PS3.15, Annex E) as Markdown, from the table that the code goes by.

    \b
    Examples:
      deidstream dicom conformance > conformance.md
      deidstream dicom conformance --policy hipaa-safe-harbor
    """
    typer.echo(statement(policy_files.load(policy)), nl=False)
