"""``deidstream policy``: what the shipped profiles and your own files say."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deidstream.adapters import policy_files
from deidstream.core.category import HIPAA_CLASS, QUASI_IDENTIFIERS, Category, Role
from deidstream.core.finding import Finding

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Show and check policies.")


@app.command()
def show(
    policy: Annotated[str, typer.Argument(metavar="[NAME|FILE]", help="Without one: the shipped profiles.")] = "",
    schema: Annotated[bool, typer.Option(help="Print the JSON schema of policy files.")] = False,
) -> None:
    """Show what a policy does with each category.

    \b
    Examples:
      deidstream policy show
      deidstream policy show hipaa-safe-harbor
      deidstream policy show --schema > policy.schema.json
    """
    console = Console()
    if schema:
        typer.echo(policy_files.SCHEMA.read_text(encoding="utf-8"))
        return
    if not policy:
        table = Table("profile", "what it is for")
        for name in policy_files.shipped():
            table.add_row(name, policy_files.load(name).description)
        console.print(table)
        return
    chosen = policy_files.load(policy)
    table = Table(
        "category", "HIPAA class", "quasi", "patient", "relative", "clinician", title=f"{chosen.name} {chosen.version}"
    )
    for category in Category:
        methods = [
            str(chosen.rule(_finding(category, role), "").method)
            for role in (Role.PATIENT, Role.RELATIVE, Role.CLINICIAN)
        ]
        table.add_row(
            str(category), HIPAA_CLASS.get(category, ""), "x" if category in QUASI_IDENTIFIERS else "", *methods
        )
    console.print(table)
    console.print(f"hash {chosen.hash}")


@app.command()
def check(files: Annotated[list[str], typer.Argument(metavar="NAME|FILE...")]) -> None:
    """Check policy files. The first mistake is named with its line; exit code 2.

    \b
    Example:
      deidstream policy check our-policy.yaml
    """
    for file in files:
        chosen = policy_files.load(file)
        Console().print(f"{file}: policy {chosen.name}, version {chosen.version}, hash {chosen.hash[:16]}")


def _finding(category: Category, role: Role) -> Finding:
    return Finding("", None, category, 1.0, "", role)
