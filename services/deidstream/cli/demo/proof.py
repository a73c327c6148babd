"""What the demo proves at its end: nothing planted came out, nothing was lost, the audit holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.adapters.opening import open_bus
from deidstream.cli.demo.reading import plain
from deidstream.cli.demo.watch import Watch
from deidstream.cli.simulate.day import Event
from deidstream.stream.audit import AuditReport, entries_of, verify
from deidstream.stream.stages import AUDIT

__all__ = ["Found", "Residue", "account", "residue"]


@dataclass(frozen=True, slots=True)
class Residue:
    """The result of a search for ``searched`` strings in ``files`` files."""

    searched: int
    files: int
    survived: int
    """Strings of a message that stand in its own release."""
    coincidences: int
    """Surrogates that happen to equal a number of somebody else: the message that was released never held it."""


@dataclass(slots=True)
class Found:
    """What the audit log says was done."""

    report: AuditReport
    categories: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    layers: Counter[str] = field(default_factory=Counter)
    delivered: int = 0


def residue(events: Mapping[str, Event], watch: Watch, folder: Path) -> Residue:
    """Searches every file below ``folder`` for every number, street and phone that ``events`` (by case id) planted."""
    strings = sorted({text for event in events.values() for text in _planted(event)})
    bounded = {text: re.compile(rf"(?<!\w){re.escape(text)}(?!\w)") for text in strings}
    owners = {release.id: events[case] for case, release in watch.releases.items() if case in events}
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    survived = coincidences = 0
    for path in files:
        text = plain("fhir" if path.suffix == ".json" else "hl7v2", path.read_bytes())
        for hit in (one for one in strings if one in text and bounded[one].search(text)):
            owner = owners.get(path.name.partition(".")[0])
            if owner is None or hit in plain(owner.format, owner.content):
                survived += 1
            else:
                coincidences += 1
    return Residue(len(strings), len(files), survived, coincidences)


def account(watch: Watch) -> Found:
    """Verifies the audit chains and adds up what they tell."""
    records = open_bus(watch.process.deployment.bus_url).scan(AUDIT)
    found = Found(verify(records, watch.keys))
    for entry in (entry for record in records for entry in entries_of(record)):
        if entry["event"] == "release.delivered":
            found.delivered += 1
        for _, category, method, _, detectors, count in entry["details"].get("decisions", ()):
            found.categories[category] += count
            found.methods[method] += count
            for detector in detectors.split("+"):
                found.layers[detector] += count
    return found


def _planted(event: Event) -> tuple[str, ...]:
    """What can be searched for exactly. Names are left out: a surrogate may be somebody else's name by chance."""
    person = event.person
    names = {person.family, person.given}
    return tuple(text for text in event.planted if text not in names)
