"""``deidstream reveal``: the value behind a reversible token, for whoever holds the key; the audit says so first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from deidstream.cli import ticket
from deidstream.cli.access import Access, ConfigOption
from deidstream.core.errors import Malformed, Misconfigured
from deidstream.core.outcome import Audit
from deidstream.core.surrogate.tokens import reveal as value_behind
from deidstream.stages.resolver.ciphers import SivTokens
from deidstream.stages.resolver.config import Project, ResolverSettings

__all__ = ["reveal"]


def reveal(
    tokens: Annotated[list[str], typer.Argument(metavar="TOKEN...", help="As they stand in a release: TKN-...")],
    project: Annotated[str, typer.Option(help="The project that the release was made for.")],
    reason: Annotated[
        str, typer.Option(prompt="Ticket that says why", help="A ticket's id, as IRB-2041; for the audit.")
    ],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Print the value behind each token, one a line. This is identified data.

    Authorised is who can read the token key in the deployment's key folder. Before anything is shown, the audit log gets
    an entry: that this project's tokens were revealed, how many, when, and the ticket.

    \b
    Exit code 0: revealed. 2: not a token of this project, no key,
    no such project; nothing was shown.

    \b
    Example:
      deidstream reveal TKN-K4RV2... --project research --reason IRB-2041
    """
    ticket.checked(reason)
    access = Access.to(config)
    chosen = _project(access, project)
    cipher = SivTokens(access.keys().secret(chosen.token_purpose), chosen.name)
    details = {"project": chosen.name, "reason": reason, "tokens": len(tokens)}
    access.audit(Audit("token.revealed", "", details))
    for value in [value_behind(_bare(token), cipher) for token in tokens]:
        typer.echo(value)


def _project(access: Access, name: str) -> Project:
    projects = access.process.settings.section("resolver", ResolverSettings).projects
    for project in projects:
        if project.name == name:
            return project
    raise Misconfigured("no-such-project", "--project", f"there are {', '.join(one.name for one in projects)}")


def _bare(token: str) -> str:
    """Without what was copied along: spaces, brackets, quotes."""
    found = re.search(r"TKN-[A-Z2-7]+", token)
    if found is None:
        raise Malformed("not-a-token", "TOKEN", "a token begins with TKN-")
    return found[0]
