"""``deidstream import-identities``: pseudonyms and date offsets of an earlier system, taken over for one project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from deidstream.adapters.opening import KAFKA
from deidstream.cli.access import Access, ConfigOption
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit
from deidstream.stages.process import Process
from deidstream.stages.resolver import imported, sealed_import
from deidstream.stages.resolver.config import ResolverSettings
from deidstream.stream.deployment import Deployment
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings

__all__ = ["import_identities"]

_ELSEWHERE = (
    "with Kafka the resolver runs where this state folder is not: let resolver.projects[].pseudonyms name the file, "
    "in Kubernetes on a mounted Secret"
)


def import_identities(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="Columns: identifier, pseudonym, offset_days, project.")
    ],
    project: Annotated[str, typer.Option(help="The project that goes on with them.")],
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Take over pseudonyms and date offsets, so that a study that has begun goes on with the same.

    One row an identifier: its pseudonym, the days by which the person's dates move, or both. The column project may be left out;
    rows of other projects are passed over. What was imported for the project before is replaced.

    The rows are kept sealed in the state folder; delete FILE.csv afterwards. Import before the first message of these people: what
    was released already is not changed. A running pipeline takes them over when it is started again.

    With Kafka this is refused, for the resolver may run where this state folder is not: let resolver.projects[].pseudonyms name the
    file there, in Kubernetes on a mounted Secret.

    \b
    Exit code 0: imported. 2: the file (named with its line) or the
    project is wrong, or the bus is Kafka; nothing was changed.

    \b
    Example:
      deidstream import-identities legacy.csv --project research
    """
    if Deployment.of(Settings.load(config, os.environ)).bus_url.startswith(KAFKA):
        raise Misconfigured("import-not-shared", "deployment.bus", _ELSEWHERE)
    process = Process.open(config, Instance(("resolver",)))
    settings = process.settings.section("resolver", ResolverSettings)
    names = [one.name for one in settings.projects]
    if project not in names:
        raise Misconfigured("no-such-project", "--project", f"there are {', '.join(names)}")
    configured = next(one for one in settings.projects if one.name == project).pseudonyms
    text = _text(file)
    found = imported.parse(text, project, file.name)
    if configured is not None:  # the two may not contradict one another, or the pipeline would not start
        imported.parse(text, project, file.name, imported.read(configured, project))
    if not found.pseudonyms and not found.offsets:
        raise Misconfigured("nothing-to-import", file.name, f"no row for project {project}")
    counts: dict[str, object] = {"pseudonyms": len(found.pseudonyms), "offsets": len(found.offsets)}
    Access.to(config).audit(Audit("identities.imported", "", {"project": project, **counts}))
    sealed_import.write(process.deployment.state, project, text, process.keys)
    typer.echo(f"imported: pseudonyms={counts['pseudonyms']} offsets={counts['offsets']} project={project}")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Misconfigured("pseudonyms-unreadable", file.name, "not UTF-8") from None
    except OSError:
        raise Misconfigured("pseudonyms-unreadable", file.name, "the file must exist and be readable") from None
