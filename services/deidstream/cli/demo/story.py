"""Before and after of one patient: the same person in every message, and the same intervals between all dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deidstream.cli.demo.reading import Glance, glance, lines
from deidstream.cli.simulate.day import Event
from deidstream.cli.simulate.people import Patient
from deidstream.core.release import Release

__all__ = ["Told", "chosen", "tell"]

_CHAPTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ADT^A01": ("HL7 ADT^A01, admission: patient and next of kin", ("PID", "NK1")),
    "MDM^T02": ("HL7 MDM^T02, the admission note", ("OBX",)),
    "FHIR bundle": ("FHIR transaction: Patient, and its note in base64", ()),
    "ADT^A40": ("HL7 ADT^A40, merge of a second record number", ("PID", "MRG")),
}
_UNMERGED = "ADT^A04"
"""A second registration by mistake: somebody else, until a merge says otherwise."""
_WORD = re.compile(r"\(\d+\) [\d-]+|\d[\d/-]*|[^\W\d_]+|.", re.DOTALL)
"""A phone, a number or date, a word, or a mark."""
_BETWEEN = re.compile(r",? \Z")
"""What is marked along when it stands between two marked words."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message of the chosen patient, and its release."""

    event: Event
    release: Release


def chosen(events: Iterable[Event]) -> Patient:
    """The English-speaking patient with the most kinds of messages."""
    kinds: dict[str, set[str]] = {}
    people: dict[str, Patient] = {}
    for event in events:
        people[event.person.mrn] = event.person
        kinds.setdefault(event.person.mrn, set()).add(event.kind)

    def rank(mrn: str) -> tuple[bool, int, int]:
        return (people[mrn].language == "en", len(kinds[mrn] & set(_CHAPTERS)), len(kinds[mrn]))

    return people[max(people, key=rank)]


def tell(console: Console, told: Sequence[Told]) -> None:
    """Prints the chapters, the table of names, the timeline."""
    known = [one for one in told if one.event.kind != _UNMERGED]
    console.print(_chapters(console, known))
    console.print(_names(told))
    console.print(_timeline(known))


def _chapters(console: Console, told: Sequence[Told]) -> Table:
    table = Table(
        "before", "after", title="One patient, before and after", box=box.SIMPLE_HEAD, show_lines=False, expand=True
    )
    for column in table.columns:
        column.ratio, column.overflow = 1, "fold"
    for kind, (title, wanted) in _CHAPTERS.items():
        one = next((one for one in told if one.event.kind == kind), None)
        if one is None:
            continue
        before = lines(one.event.format, one.event.content, wanted)
        after = lines(one.release.format, one.release.content, wanted)
        left, right = _marked(before, after, "" if console.color_system else "\u00ab\u00bb")
        table.add_row(Text(title, "bold"), Text(f"release {one.release.id}", "dim"))
        table.add_row(left, right, end_section=True)
    return table


def _marked(before: list[str], after: list[str], brackets: str) -> tuple[Text, Text]:
    """Both sides with what differs marked: by colour, or between ``brackets`` where there is none."""
    left, right = Text(), Text()
    for differs, was, is_ in _compared("\n".join(before), "\n".join(after)):
        for side, text, style in ((left, was, "bold red"), (right, is_, "bold green")):
            if differs and text.strip():
                side.append(f"{brackets[:1]}{text}{brackets[1:]}", style)
            else:
                side.append(text)
    return left, right


def _compared(before: str, after: str) -> list[tuple[bool, str, str]]:
    """Both texts piece by piece: whether the pieces differ, the one, the other. Words that differ in a row are one piece."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    pieces: list[tuple[bool, str, str]] = []
    for step, start, end, from_, to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        piece = (step != "equal", "".join(old[start:end]), "".join(new[from_:to]))
        if piece[0] and len(pieces) > 1 and pieces[-2][0] and _BETWEEN.match(pieces[-1][1]):
            (_, *first), (_, *space) = pieces[-2:]
            pieces[-2:] = []
            piece = (True, first[0] + space[0] + piece[1], first[1] + space[1] + piece[2])
        pieces.append(piece)
    return pieces


def _names(told: Sequence[Told]) -> Table:
    first = glance(told[0].event.format, told[0].event.content)
    table = Table(
        "message",
        "name",
        "record number",
        "born",
        "phone",
        title="The same person in every message",
        box=box.SIMPLE_HEAD,
    )
    table.add_row("as sent", *_person(first), style="red", end_section=True)
    rows = Counter((one.event.kind, _person(glance(one.release.format, one.release.content))) for one in told)
    for (kind, person), count in rows.items():
        if kind == _UNMERGED:
            table.add_row(f"{kind} second registration,\nbefore its merge", *person, style="yellow")
        else:
            table.add_row(f"{kind}{f' ({count} messages)' if count > 1 else ''}", *person, style="green")
    return table


def _person(seen: Glance) -> tuple[str, str, str, str]:
    return (seen.name, seen.number, seen.birth.replace("-", ""), seen.phone)


def _timeline(told: Sequence[Told]) -> Table:
    table = Table(
        "what", "sent as", "released as", "moved", "since the row above", "", title="The timeline", box=box.SIMPLE_HEAD
    )
    for column in table.columns[3:5]:
        column.justify = "right"
    before: tuple[date, date] | None = None
    for what, old, new in _days(told):
        gaps = ((old - before[0]).days, (new - before[1]).days) if before else (0, 0)
        same = Text("=", "green") if gaps[0] == gaps[1] else Text("differs", "bold red")
        since = f"{gaps[0]} d / {gaps[1]} d" if before else ""
        moved = f"{(new - old).days:+} d"
        table.add_row(what, Text(f"{old}", "red"), Text(f"{new}", "green"), moved, since, same if before else "")
        before = (old, new)
    return table


def _days(told: Sequence[Told]) -> list[tuple[str, date, date]]:
    """Each kind of date once, in the order of time."""
    found: dict[str, tuple[date, date]] = {}
    for one in told:
        before = glance(one.event.format, one.event.content).dates
        after = dict(glance(one.release.format, one.release.content).dates)
        for what, day in before:
            if what in after:
                found.setdefault(what, (day, after[what]))
    return sorted(((what, *days) for what, days in found.items()), key=lambda row: row[1])
