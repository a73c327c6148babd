"""The events of one day, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from deidstream.cli.simulate import fhir, hl7
from deidstream.cli.simulate.people import Patient, patient

__all__ = ["LANGUAGES", "Event", "day"]

LANGUAGES = ("en", "de", "es", "fr", "it")
_MIX = (
    ("ADT^A08", 6),
    ("ORU^R01 lab", 8),
    ("ORU^R01 radiology", 3),
    ("ORM^O01", 4),
    ("MDM^T02", 3),
    ("SIU^S12", 2),
    ("FHIR bundle", 4),
)
_MERGE_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Event:
    """One message. ``format`` is ``hl7v2`` or ``fhir``; ``planted`` are the strings that must not come out."""

    number: int
    kind: str
    format: str
    control_id: str
    content: bytes = field(repr=False)
    person: Patient = field(repr=False)
    planted: tuple[str, ...] = field(repr=False)


def day(messages: int, seed: int = 1, patients: int = 0, languages: tuple[str, ...] = LANGUAGES) -> Iterator[Event]:
    """``messages`` events of 2026-03-02 about ``patients`` people (default: one for ten messages). Same arguments, same bytes."""
    random = Random(seed)
    people = [patient(random, number, languages) for number in range(max(1, patients or messages // 10))]
    start = datetime(2026, 3, 2, 6)
    admitted: set[str] = set()
    provisional: dict[str, str] = {}
    kinds = [kind for kind, weight in _MIX for _ in range(weight)]
    for number in range(messages):
        person = random.choice(people)
        now = start + timedelta(seconds=number * 57_600 / messages)
        control = f"S{seed:02}{number:07}"
        if person.mrn not in admitted:
            admitted.add(person.mrn)
            kind = "ADT^A01"
        elif person.mrn in provisional:
            kind = "ADT^A40"
        elif random.random() < _MERGE_SHARE:
            kind = "ADT^A04"
            provisional[person.mrn] = f"{9_300_000 + number}"
        else:
            kind = random.choice(kinds)
        yield _event(number, kind, person, control, now, random, provisional.get(person.mrn, ""))
        if kind == "ADT^A40":
            del provisional[person.mrn]


def _event(number: int, kind: str, person: Patient, control: str, now: datetime, random: Random, other: str) -> Event:
    """``other``: the number under which the person has been registered a second time, by mistake."""
    if kind == "FHIR bundle":
        content = fhir.bundle(person, control, now)
    elif kind == "ADT^A04":
        content = hl7.register(person, other, control, now)
    elif kind == "ADT^A40":
        content = hl7.merge(person, other, control, now)
    else:
        content = hl7.KINDS[kind](person, control, now, random)
    planted = (*person.truth, other) if other else person.truth
    return Event(number, kind, "fhir" if kind == "FHIR bundle" else "hl7v2", control, content, person, planted)
