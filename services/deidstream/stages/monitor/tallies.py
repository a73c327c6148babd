"""What one entry of the audit log adds to the counts: names of stages, outcomes, projects and categories, no ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["CATEGORY", "FLOW", "Tally", "of_entries", "of_entry"]

FLOW = "flow"
CATEGORY = "category"

Entry = Mapping[str, Any]  # Any: JSON, as the audit log has it

_STAGES = {
    "case.accepted": "ingest",
    "identity.contradiction": "identify",
    "case.not-entitled": "resolver",
    "case.held": "writer",
    "case.released": "writer",
    "release.delivered": "delivery",
    "release.refused": "delivery",
    "release.gap": "delivery",
}
"""Events that say that a stage is done with a case. ``case.quarantined`` names the stage itself."""
_OUTCOMES = {"identity.contradiction": "held"}


class Tally(NamedTuple):
    """``labels``: of FLOW stage, outcome, project; of CATEGORY project, category."""

    kind: str
    labels: tuple[str, ...]
    added: int


def of_entries(entries: Iterable[Entry]) -> Iterator[tuple[float, Tally]]:
    """Each with the time of its entry, epoch seconds."""
    for entry in entries:
        for tally in of_entry(entry):
            yield float(entry["at"]), tally


def of_entry(entry: Entry) -> Iterator[Tally]:
    """None, for what operators did."""
    event, details = str(entry["event"]), entry["details"]
    stage = details.get("stage", "") if event == "case.quarantined" else _STAGES.get(event)
    if not stage:
        return
    project = str(details.get("project", ""))
    yield Tally(FLOW, (str(stage), _OUTCOMES.get(event) or event.partition(".")[2], project), 1)
    if event == "case.released":
        for _, category, *_, count in details.get("decisions", ()):
            yield Tally(CATEGORY, (project, str(category)), int(count))
