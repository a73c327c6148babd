"""``deidstream keys``: which keys a deployment has, and new ones for the purposes that may have them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.kept_keys import KeptKeyRing
from deidstream.adapters.opening import Foldered, open_keys
from deidstream.cli.access import Access, ConfigOption
from deidstream.cli.key_rights import policies
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit
from deidstream.stages.keyring import place_of, ring_of
from deidstream.stages.resolver.config import ResolverSettings
from deidstream.stream.deployment import Deployment
from deidstream.stream.settings import Settings
from deidstream.stream.stages import STAGES, purposes_with

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, help="List keys by purpose; make them, bring them elsewhere, rotate those of content."
)


@app.command()
def make(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Made for its owner alone; what is there stays. Left out: in deployment.vault."),
    ] = None,
    config: ConfigOption = Path("deidstream.yaml"),
    renew: Annotated[list[str] | None, typer.Option(help="A purpose that gets one more key, which then seals.")] = None,
) -> None:
    """Make every key that a deployment needs, before it runs: for Vault, or a platform that provides them (keys_provided).

    One file a purpose, for one Secret each; wrapped where deployment.kms is set. Without a deployment there is no audit log: keep
    your own record.

    \b
    Example:
      deidstream keys make keys/
    """
    settings = Settings.load(config, os.environ)
    purposes = _purposes(settings)
    ring = _made(Deployment.of(settings), folder, purposes)
    for purpose in renew or ():
        ring.rotate(purpose)
    Console().print(f"{folder or 'vault'}: {len(purposes)} purposes", highlight=False)


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="Keys in the clear, as deidstream keys make writes them.")],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Bring keys from a folder to where the configuration keeps them: into Vault, or wrapped by a key management service.

    What is there stays; the first purpose that has other keys there ends it. The folder stays too: keep it as a back-up far away
    from here, or destroy it.

    \b
    Example:
      deidstream keys import keys/
    """
    deployment = Deployment.of(Settings.load(config, os.environ))
    if not (deployment.vault or deployment.kms) or deployment.keys_provided:
        hint = "set deployment.vault, or deployment.kms with a folder that processes may write"
        raise Misconfigured("keys-import", "deployment", hint)
    theirs, ours = FileKeyRing(folder, create=False), ring_of(deployment)
    brought = [ours.adopt(purpose, theirs) for purpose in sorted(theirs.inventory())]
    Console().print(f"{sum(brought)} purposes brought, {len(brought) - sum(brought)} there already", highlight=False)


@app.command()
def rights(
    config: ConfigOption = Path("deidstream.yaml"),
    user: Annotated[
        str, typer.Option(help="Before the name of each policy: PREFIX-CHAIN, by its first stage.")
    ] = "deidstream",
) -> None:
    """Print what each chain needs of Vault, or of AWS KMS: the least, one policy a chain, and one for operators.

    As calls of the command vault or aws.

    \b
    Example:
      deidstream keys rights | sh
    """
    settings = Settings.load(config, os.environ)
    for line in policies(settings, user):
        typer.echo(line)


@app.command("list")
def list_(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """List purposes, ids and ages of keys; never a key.

    \b
    Example:
      deidstream keys list
    """
    access = Access.to(config)
    table = Table("purpose", "key id", "made (UTC)", "seals")
    for purpose, keys in sorted(_ring(access).inventory().items()):
        for key_id, created in keys:
            made = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%d %H:%M")
            table.add_row(purpose, key_id, made, "x" if key_id == keys[-1][0] else "")
    Console().print(table)


@app.command()
def rotate(
    purpose: Annotated[str, typer.Argument(help="content, identity, release or audit.")],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Make a new key that seals from the next start of each process on; older ones still open. Audited.

    The keys of surrogates, tokens, look-ups and ids are refused: with another key, the same person would become another one.

    \b
    Example:
      deidstream keys rotate content
    """
    access = Access.to(config)
    key_id = _ring(access).rotate(purpose)
    access.audit(Audit("key.rotated", "", {"purpose": purpose, "key": key_id}))
    Console().print(f"{purpose}: new key {key_id}")


@app.command("give-up")
def give_up(
    purpose: Annotated[str, typer.Argument(help="Of the key: content, identity, release or audit.")],
    key_id: Annotated[str, typer.Argument(help="Its id: the log says PURPOSE/ID where something waits for it.")],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Say that a lost key will not come back: what it sealed goes to quarantine instead of waiting for it. Audited.

    Restore the key folder from its backup instead, if there is one: then everything goes on by itself.

    \b
    Example:
      deidstream keys give-up content 0f3c9a1b2d4e5f60
    """
    access = Access.to(config)
    _ring(access).give_up(purpose, key_id)
    access.audit(Audit("key.given-up", "", {"purpose": purpose, "key": key_id}))
    Console().print(f"{purpose}: key {key_id} is given up")


def _ring(access: Access) -> KeptKeyRing:
    return ring_of(access.deployment)


def _purposes(settings: Settings) -> frozenset[str]:
    projects = settings.section("resolver", ResolverSettings).projects
    return purposes_with(STAGES, (project.name for project in projects))


def _made(deployment: Deployment, folder: Path | None, purposes: frozenset[str]) -> KeptKeyRing:
    """The ring at ``folder``, or in Vault, with all ``purposes``."""
    place = place_of(deployment)
    if folder is None and not deployment.vault:
        raise Misconfigured("keys-folder", "FOLDER", "name a folder, or set deployment.vault")
    if folder is not None:
        place = Foldered(folder, kms=place.kms if isinstance(place, Foldered) else None)
    return open_keys(place, purposes, create=True)
