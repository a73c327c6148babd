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
from deidstream.adapters.opening import open_keys
from deidstream.cli.access import Access, ConfigOption
from deidstream.core.outcome import Audit
from deidstream.stages.resolver.config import ResolverSettings
from deidstream.stream.settings import Settings
from deidstream.stream.stages import STAGES, purposes_with

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="List keys by purpose; make them, rotate those of content.")


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(help="Made for its owner alone. What is there stays.")],
    config: ConfigOption = Path("deidstream.yaml"),
    renew: Annotated[list[str] | None, typer.Option(help="A purpose that gets one more key, which then seals.")] = None,
) -> None:
    """Make every key that a deployment needs, before it runs: for a platform that provides them (deployment.keys_provided).

    One file a purpose, for one Secret each. Without a deployment there is no audit log: keep your own record.

    \b
    Example:
      deidstream keys make keys/
    """
    projects = Settings.load(config, os.environ).section("resolver", ResolverSettings).projects
    purposes = purposes_with(STAGES, (project.name for project in projects))
    ring = FileKeyRing(folder, purposes)
    for purpose in renew or ():
        ring.rotate(purpose)
    Console().print(f"{folder}: {len(purposes)} purposes", highlight=False)


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


def _ring(access: Access) -> FileKeyRing:
    return open_keys(access.deployment.key_folder, access.deployment.keys_provided)
