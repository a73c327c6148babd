"""Whose data a message is: the persons of its PID segments, and what it says about who became whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact, Link
from deidstream.core.subject import Identifier
from deidstream.formats.hl7v2 import Hl7Document
from deidstream.formats.hl7v2.path import parse
from deidstream.formats.hl7v2.segment import Segment

__all__ = ["languages", "links", "sexes", "subjects"]

_STRENGTH = (3, 2, 19, 4, 18, 20)
"""PID fields, the strongest identifiers first: the list, the external id, the national number, alternates, the account."""


class Person(NamedTuple):
    """The identifiers of one PID or MRG segment by the number of their field."""

    by_field: dict[int, list[Identifier]]

    def of(self, *numbers: int) -> tuple[Identifier, ...]:
        """Those of the fields ``numbers``, in that order, each once."""
        return tuple(dict.fromkeys(found for number in numbers for found in self.by_field.get(number, ())))

    def __repr__(self) -> str:
        return f"Person({sorted(self.by_field)})"


def persons(facts: Sequence[Fact], segment: str) -> list[Person]:
    """One for each ``segment`` (PID or MRG) that has identifiers, keyed in order; see ``subjects``."""
    return [Person(fields) for fields in _identifiers(facts, segment).values()]


def subjects(facts: Sequence[Fact], count: int) -> tuple[tuple[Identifier, ...], ...]:
    """The identifiers of each of ``count`` persons, the strongest first. Mother's and relatives' are not theirs."""
    found = _identifiers(facts, "PID")
    return tuple(
        Person(found.get("PID" if number == 0 else f"PID[{number + 1}]", {})).of(*_STRENGTH) for number in range(count)
    )


def links(document: Hl7Document, facts: Sequence[Fact]) -> tuple[Link, ...]:
    """What the trigger event (MSH-9.2, else EVN-1) says about identity; () for events that say nothing."""
    event = _event(document)
    if event in _PAIRS:
        people = persons(facts, "PID")
        return tuple(
            Link(_PAIRS[event], people[0].of(*_STRENGTH), other.of(*_STRENGTH)) for other in people[1:] if people
        )
    if event not in _MERGES:
        return ()
    kind, survivors, priors = _MERGES[event]
    pids, mrgs = _identifiers(facts, "PID"), _identifiers(facts, "MRG")
    made = []
    for survivor_path, prior_path in _merge_groups(document):
        survivor = Person(pids.get(survivor_path, {})).of(*survivors)
        prior = Person(mrgs.get(prior_path, {})).of(*priors)
        if survivor and prior and (kind == "move" or set(survivor) != set(prior)):
            made.append(Link(kind, survivor, prior))
    return tuple(made)


def sexes(document: Hl7Document, count: int) -> tuple[str, ...]:
    """PID-8 as HL7 administrative-gender codes, '' where not said."""
    return tuple(_SEX.get(value.upper(), "") for value in _pid_values(document, 8, count))


def languages(document: Hl7Document, count: int) -> tuple[str, ...]:
    """PID-15 as BCP 47 tags, '' where it is no ISO 639 code."""
    return tuple(_language(value) for value in _pid_values(document, 15, count))


def _identifiers(facts: Sequence[Fact], segment: str) -> dict[str, dict[int, list[Identifier]]]:
    found: dict[str, dict[int, list[Identifier]]] = {}
    for fact in facts:
        # the cheap test first: most facts are of other segments
        if not fact.locator.startswith(segment) or fact.form != "number" or fact.category not in _PERSONAL:
            continue
        place = parse(fact.locator)
        if place is None or place.component > 1 or place.subcomponent > 1 or fact.role is not Role.PATIENT:
            continue
        fields = found.setdefault(place.segment, {})
        fields.setdefault(place.field, []).append(Identifier(fact.issuer, fact.id_type, fact.value.strip()))
    return found


_PERSONAL = frozenset(
    {
        Category.MEDICAL_RECORD,
        Category.NATIONAL_ID,
        Category.ACCOUNT,
        Category.LICENCE,
        Category.HEALTH_PLAN,
        Category.VISIT,
        Category.OTHER_ID,
    }
)

_PAIRS = {"A24": "merge", "A37": "unlink"}
"""Events about two PIDs: they are (or are not) the same patient."""

_PERSON, _LIST, _ALTERNATE = (2, 3, 19), (3, 2, 19, 4), (4, 3, 2)
_MERGES = {
    # event: kind, fields of PID that name the survivor, fields of MRG that name who became it
    "A18": ("merge", _LIST, (1, 4, 2)),
    "A30": ("merge", _LIST, (1, 4, 2)),
    "A34": ("merge", _LIST, (1, 4, 2)),
    "A36": ("merge", _LIST, (1, 4, 2)),
    "A39": ("merge", _PERSON, (4, 1)),
    "A40": ("merge", _LIST, (1, 4, 2)),
    "A46": ("merge", _PERSON, (4, 1)),
    "A47": ("merge", _LIST, (1, 4, 2)),
    "A48": ("merge", _ALTERNATE, (2, 1, 4)),
    "A43": ("move", _LIST, (1, 4, 2)),
    "A44": ("move", (3, 2, 18), (1, 4, 3)),
    "A45": ("move", (3, 2, 18), (1, 4, 3, 5)),
}
"""A35, A41, A42 and A49 to A51 are about accounts and visits of one and the same person: no link."""

_SEX = {"M": "male", "F": "female", "O": "other", "A": "other", "N": "other", "X": "other", "U": "unknown"}
_ISO_639 = {
    "ara": "ar",
    "chi": "zh",
    "deu": "de",
    "dut": "nl",
    "eng": "en",
    "fra": "fr",
    "fre": "fr",
    "ger": "de",
    "hin": "hi",
    "ita": "it",
    "jpn": "ja",
    "kor": "ko",
    "nld": "nl",
    "pol": "pl",
    "por": "pt",
    "rus": "ru",
    "spa": "es",
    "tur": "tr",
    "vie": "vi",
    "zho": "zh",
}


def _language(value: str) -> str:
    code = value.lower().replace("_", "-")
    if code in _ISO_639:
        return _ISO_639[code]
    primary, _, region = code.partition("-")
    if len(primary) != 2 or not primary.isalpha() or not primary.isascii() or len(region) > 2:
        return ""
    return f"{primary}-{region.upper()}" if region else primary


def _event(document: Hl7Document) -> str:
    header = document.segments[0]
    if header.name == "MSH" and len(header.fields) > 9 and document.delimiters.component:
        pieces = header.fields[9].split(document.delimiters.component)
        if len(pieces) > 1 and pieces[1].strip():
            return pieces[1].strip().upper()
    return next((s.fields[1].strip().upper() for s in document.segments if s.name == "EVN" and len(s.fields) > 1), "")


def _merge_groups(document: Hl7Document) -> list[tuple[str, str]]:
    """Each MRG with the PID before it."""
    groups, latest = [], ""
    for segment in document.segments:
        if segment.name == "PID":
            latest = segment.path
        elif segment.name == "MRG" and latest:
            groups.append((latest, segment.path))
    return groups


def _pid_values(document: Hl7Document, number: int, count: int) -> list[str]:
    """The first component of a field of each PID."""
    values = [_value(document, segment, number) for segment in document.segments if segment.name == "PID"]
    return values + [""] * (count - len(values))


def _value(document: Hl7Document, segment: Segment, number: int) -> str:
    if len(segment.fields) <= number:
        return ""
    value = segment.fields[number]
    for mark in (document.delimiters.repetition, document.delimiters.component, document.delimiters.subcomponent):
        if mark:
            value = value.partition(mark)[0]
    return document.text(value).strip().strip('"')
