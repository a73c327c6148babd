"""``deidstream artifacts``: how long the bucket keeps what is too large for a record, and what nobody needs any more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deidstream.adapters.s3_artifacts import S3Artifacts
from deidstream.cli.access import Access, ConfigOption
from deidstream.cli.retention import days_of, least_days
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit
from deidstream.ports import ArtifactStore
from deidstream.stream.orphans import orphans

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Retention of large content in the artifact store.")

_DAY = 86_400


@app.command()
def apply(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """Tell the bucket after how many days to delete what (deployment.artifacts_days). Its other rules stay. Audited.

    Refused where something could expire while it is still on the bus or held.

    \b
    Example:
      deidstream artifacts apply
    """
    access = Access.to(config)
    store, days = _bucket(access), days_of(access.process.settings)
    access.audit(Audit("artifacts.retention", "", dict(days)))
    store.expire(days)
    Console().print(", ".join(f"{area}: {count} days" for area, count in days.items()))


@app.command()
def check(config: ConfigOption = Path("deidstream.yaml")) -> None:
    """Compare the bucket's rules with the configuration; exit code 1 where they differ.

    \b
    Example:
      deidstream artifacts check
    """
    access = Access.to(config)
    store, days, least = _bucket(access), days_of(access.process.settings), least_days(access.process.settings)
    found = store.expiry()
    table = Table("area", "days at least", "days configured", "days in the bucket")
    for area, count in days.items():
        table.add_row(area, f"{least[area]:.1f}", str(count), str(found.get(area, "for ever")))
    Console().print(table)
    if found != days:
        Console().print("they differ: deidstream artifacts apply")
        raise typer.Exit(1)


@app.command()
def collect(
    older_than: Annotated[float, typer.Option(min=1, help="Days since it was stored; at least 1.")],
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete them, audited; without it they are counted.")
    ] = False,
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Count, or delete, artifacts that no retained record, held or quarantined case names. It reads the whole bus.

    \b
    Examples:
      deidstream artifacts collect --older-than 7
      deidstream artifacts collect --older-than 7 --delete
    """
    access = Access.to(config)
    store = _store(access)
    before = access.process.clock.now() - older_than * _DAY
    found = orphans(store, access.bus, access.shelf, before, access.process.archive)
    if delete and found:
        access.audit(Audit("artifacts.collected", "", {"objects": len(found), "days": older_than}))
        for one in found:
            store.delete(one.key)
    size = sum(one.size for one in found)
    Console().print(f"{len(found)} orphans, {size} bytes" + (", deleted" if delete else ": --delete deletes them"))


def _store(access: Access) -> ArtifactStore:
    store = access.process.artifacts()
    if store is None:
        raise Misconfigured("no-artifact-store", "deployment.artifacts", "all content lies in the records")
    return store


def _bucket(access: Access) -> S3Artifacts:
    store = _store(access)
    if not isinstance(store, S3Artifacts):
        raise Misconfigured("no-expiry", "deployment.artifacts", "only a bucket expires by itself: use collect")
    return store
