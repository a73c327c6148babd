"""``deidstream replay``: what another policy or model would have made of the messages of a time, and how that differs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from deidstream.adapters import policy_files
from deidstream.adapters.folder_destination import FolderDestination
from deidstream.adapters.taggers import folder_of
from deidstream.cli.access import Access, ConfigOption
from deidstream.cli.moment import moment
from deidstream.cli.replay.difference import Account, Difference, account_of
from deidstream.cli.replay.engine import Replay
from deidstream.cli.replay.report import Report, show
from deidstream.core.case import Case
from deidstream.core.errors import Misconfigured
from deidstream.core.outcome import Audit, Gap, Hold, Outcome, Quarantine, Released
from deidstream.core.release import Release
from deidstream.detection.text.tagger.description import described
from deidstream.ports import BusFactory, CaseArchive, Kept
from deidstream.stages.delivery.config import DeliverySettings, FolderDestinationSettings
from deidstream.stages.resolver.config import Project, ResolverSettings
from deidstream.stages.text.config import TaggerSettings, TextSettings
from deidstream.stream.audit import entries_of
from deidstream.stream.stages import AUDIT

__all__ = ["replay"]

NOT_ALL_RELEASED = 3


def replay(
    from_: Annotated[str, typer.Option("--from", metavar="TIME", help="Received at or after, with time zone.")],
    to: Annotated[str, typer.Option(metavar="TIME", help="Received before, with time zone.")],
    project: Annotated[str, typer.Option(help="For which project, under its keys.")],
    policy: Annotated[str, typer.Option(help="A shipped policy by name, or a YAML file; default: the project's.")] = "",
    tagger: Annotated[
        str, typer.Option(help="A tagger's folder, standard, fast or none; default: the deployment's.")
    ] = "",
    diff: Annotated[bool, typer.Option("--diff", help="Show how it differs from what was released.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the results into this folder, which is made.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON: ids, places, counts.")] = False,
    config: ConfigOption = Path("deidstream.yaml"),
) -> None:
    """Run retained messages once more, under another policy or with another tagger, with the project's own surrogates.

    Nothing goes to a destination. A tagger runs in this process, and
    need not be signed yet.

    What it shows are places, categories, methods and counts, never
    content. Audited.

    \b
    Exit code 0: all would be released. 3: some would not.

    \b
    Examples:
      deidstream replay --from 2026-03-01T00:00Z --to 2026-03-02T00:00Z \\
        --project research --policy hipaa-safe-harbor --diff
      deidstream replay --from 2026-03-01T00:00Z --to 2026-03-02T00:00Z \\
        --project research --tagger standard --diff
      deidstream replay --from 2026-03-01T08:00+01:00 --to 2026-03-01T09:00+01:00 \\
        --project research --out replayed/ --json
    """
    since, until = moment("--from", from_), moment("--to", to)
    if since >= until:
        raise Misconfigured("no-time", "--to", "--from comes before --to")
    access = Access.to(config)
    chosen, text = _project(access, project, policy), _text(access, tagger)
    folder = _folder(access, out)
    if not (diff or folder):
        raise Misconfigured("nothing-to-do", "replay", "say --diff, --out FOLDER, or both")
    archive = _archive(access)
    shipped, tagged = policy_files.load(chosen.policy), _named(text)
    details: dict[str, object] = {"project": project, "from": since, "to": until, "written": folder is not None}
    details |= {"policy": shipped.name, "policy_hash": shipped.hash, "tagger": tagged}
    access.audit(Audit("cases.replayed", "", details))
    kept = archive.received(since, until)
    released = _Released(archive, access.bus, project) if diff else None
    report = _replayed(Replay.of(access, chosen, text), kept, released, folder)
    report.policy, report.tagger = shipped.name, tagged
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        show(report)
    if not report.complete:
        raise typer.Exit(NOT_ALL_RELEASED)


class _Released:
    """What was released of retained cases for one project, by the accounts in the audit log."""

    def __init__(self, archive: CaseArchive, bus: BusFactory, project: str) -> None:
        self._archive = archive
        self._project = project
        self._accounts = _accounts(bus, project)

    def accounts(self, case_ids: Sequence[str]) -> Mapping[str, Account | None]:
        """By case id, of the release that stands; None where the bus has forgotten its account."""
        runs = [run for run in self._archive.runs(case_ids) if run.project == self._project]
        return {run.case_id: self._accounts.get(run.release_id) for run in runs}


def _accounts(bus: BusFactory, project: str) -> dict[str, Account]:
    return {
        entry["details"]["release"]: account_of(entry["details"]["decisions"])
        for record in bus.scan(AUDIT)
        for entry in entries_of(record)
        if entry["event"] == "case.released" and entry["details"]["project"] == project
    }


def _replayed(
    replay: Replay, kept: Iterable[Kept], before: _Released | None, folder: FolderDestination | None
) -> Report:
    report = Report(difference=Difference() if before else None)
    for outcomes in replay.outcomes(kept):
        released = [one for one in outcomes if isinstance(one, Released)]
        report.ended.update(ended for one in outcomes if (ended := _ended(one)))
        if folder is not None:
            _write(folder, [one.release for one in released])
        if before is not None and report.difference is not None:
            accounts = before.accounts([one.release.case_id for one in released])
            for one in released:
                if one.case is not None:
                    after = account_of(one.audit[0].details["decisions"])  # type: ignore[arg-type]  # the writer's own rows
                    report.difference.add(one.release.case_id, accounts.get(one.release.case_id), after)
    return report


def _ended(outcome: Outcome) -> str:
    match outcome:
        case Released(case=Case()):
            return "released"
        case Hold(reason=reason):
            return f"held: {reason}"
        case Quarantine(code=code):
            return f"quarantined: {code}"
        case Gap():
            return "not entitled"
    return ""


def _write(folder: FolderDestination, releases: Sequence[Release]) -> None:
    for result in folder.send(releases):
        if isinstance(result, Exception):
            raise Misconfigured("output-folder", "--out", "cannot be written: make room or choose another folder")


def _project(access: Access, name: str, policy: str) -> Project:
    projects = access.process.settings.section("resolver", ResolverSettings).projects
    found = next((one for one in projects if one.name == name), None)
    if found is None:
        raise Misconfigured("no-such-project", name, f"there are {', '.join(one.name for one in projects)}")
    chosen = found.model_copy(update={"policy": policy}) if policy else found
    policy_files.load(chosen.policy)
    return chosen


def _text(access: Access, tagger: str) -> TextSettings:
    """The deployment's settings, or with the tagger of a folder in this process in its place."""
    own = access.process.settings.section("text", TextSettings)
    if tagger in ("", "none"):
        return own if not tagger else TextSettings(tagger=None)
    least = own.tagger.least_probability if own.tagger is not None else 0.0
    chosen = {"folder": Path(tagger), "threads": os.cpu_count() or 1, "least_probability": least}
    return TextSettings(tagger=TaggerSettings.model_validate(chosen))


def _named(text: TextSettings) -> str:
    if text.tagger is None:
        return "none"
    found = described(folder_of(text.tagger.folder))
    return f"{found.name} {found.version}"


def _archive(access: Access) -> CaseArchive:
    archive = access.process.archive
    if archive is None:
        raise Misconfigured("nothing-retained", "deployment.retained_days", "it is 0: no message is kept for a replay")
    return archive


def _folder(access: Access, out: Path | None) -> FolderDestination | None:
    """Where results go. Raises Misconfigured for a place where somebody would take them for releases."""
    if out is None:
        return None
    for one in access.process.settings.section("delivery", DeliverySettings).destinations:
        if isinstance(one, FolderDestinationSettings) and out.resolve().is_relative_to(one.path.resolve()):
            raise Misconfigured("output-folder", "--out", f"the destination {one.name} writes there: choose another")
    return FolderDestination(out)
