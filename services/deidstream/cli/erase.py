"""``deidstream erase``: what is known of a person and retained of their messages is deleted; the audit says so first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.cli import ticket
from deidstream.cli.access import Access, ConfigOption
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit
from deidstream.core.subject import Identifier
from deidstream.stages.identify.config import IdentifyConfig
from deidstream.stages.identify.links import StrongLinks
from deidstream.stream import erasure

__all__ = ["erase"]


def erase(
    number: Annotated[
        str,
        typer.Option(prompt="Number", help="Asked for when it is not given here: a command line is seen by others."),
    ],
    reason: Annotated[str, typer.Option(help="A ticket's id, as DPO-17; for the audit.")],
    type_: Annotated[str, typer.Option("--type", help="What kind of number: a code of HL7 table 0203.")] = "MR",
    issuer: Annotated[str, typer.Option(help="Who issued it, as messages or identity.issuer_aliases name them.")] = "",
    source: Annotated[str, typer.Option(help="The source, where its messages name no issuer.")] = "",
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Forget a person: names, numbers and addresses, of those merged into them too, and their retained messages.

    Not reached are messages on their way (they pass), on hold and in
    quarantine (decide on them), and what was released.

    A person who comes again is met as if for the first time, and gets
    the same surrogates: these follow from keys.

    \b
    Exit code 0: erased. 2: nobody is known by that number; nothing was changed.

    \b
    Example:
      deidstream erase --type MR --issuer STMARY --reason DPO-17
    """
    ticket.checked(reason)
    access = Access.to(config)
    process = access.process
    store = SqlIdentityStore(access.deployment.database_url("identity"), access.keys(), process.clock)
    links = StrongLinks(process.settings.section("identity", IdentifyConfig))
    subjects = store.find(links.of([Identifier(issuer, type_, number)], source)[0])
    if not subjects:
        hint = "nobody is known by such a number: look at --type, --issuer and --source"
        raise Misconfigured("nobody-known", "--number", hint)
    for subject in subjects:
        cases = store.cases(subject)
        access.audit(Audit("subject.erased", "", {"subject": subject, "reason": reason, "cases": len(cases)}))
        erasure.erase(subject, store, process.archive)
        typer.echo(f"erased: subject={subject} cases={len(cases)}")
