"""What a commit tells the archive, and when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from deidstream.adapters.memory_archive import MemoryCaseArchive
from deidstream.core.case import Case
from deidstream.core.category import Category, Role
from deidstream.core.errors import Unavailable
from deidstream.core.outcome import Again, Done, Forward, Gap, Hold, Outcome, Quarantine, Released, Unchanged
from deidstream.core.release import Release
from deidstream.core.subject import PASSING, Known, Subject
from deidstream.ports import Ended, Kept, Run
from deidstream.stream.archiving import Archiving, reopened
from deidstream.stream.stages import QUARANTINE, RELEASES, inbox

from tests.stream.fixtures import Scripted, World, case

RELEASE = Release("r9", "c", "study", "source", "hl7v2", "k", 1, 0.0, b"x", supersedes="r1")

PATIENT, CLINICIAN = Role.PATIENT, Role.CLINICIAN
DOE, ROE = (Known(Category.NAME, PATIENT, "family", value, "1") for value in ("Doe", "Roe"))
HOUSE = Known(Category.NAME, CLINICIAN, "family", "House", PASSING + "PV1-7")
SUBJECTS = (Subject("s1", 1, 3, "female", known=(DOE, HOUSE)), Subject("s2", known=(ROE,)))


class Keeping(Scripted):
    """Identify, as far as retaining goes."""

    def _outcome(self, one: Case) -> Outcome:
        found = super()._outcome(one)
        return Forward(found.case.changed(subjects=SUBJECTS), keep=True) if isinstance(found, Forward) else found


class Broken(MemoryCaseArchive):
    """Away for the first times."""

    away = 2

    def put(self, kept: Sequence[Kept], runs: Sequence[Run], ended: Sequence[Ended]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("database-away", "archive")
        super().put(kept, runs, ended)


def further(name: str = "c", **header: object) -> Case:
    return case(name).with_header(release_version=5, project="study", identity_revision=4, **header)


def noted(outcome: Outcome) -> Archiving:
    found = Archiving(MemoryCaseArchive(), World(Path()).keys)
    found.note(outcome)
    return found


def test_cases_that_are_kept_can_be_opened_again_with_their_subjects(tmp_path: Path) -> None:
    archive = MemoryCaseArchive()
    world = World(tmp_path, archive=archive)
    texts = ("identify", "text", "writer")
    world.send(case("c1", itinerary=texts), case("c2"))
    world.run(Keeping("identify"))
    one, other = archive.cases(["c1", "c2"])
    assert [one.searchable, other.searchable] == [True, False]
    assert one.subjects == ("s1", "s2")
    again = reopened(one, world.keys)
    assert (again.source, again.header.itinerary) == (b"plain", texts[1:])
    assert [(one.id, one.sex, [item.value for item in one.known]) for one in again.subjects] == [
        ("s1", "female", ["House"]),  # the identity store remembers the rest
        ("s2", "unknown", ["Roe"]),  # nobody remembers anything of somebody unknown
    ]


def test_where_nothing_is_retained_nothing_is_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.send(case("c1"))
    world.run(Keeping("identify"))
    assert len(world.records(inbox("writer"))) == 1


def test_while_the_archive_is_away_nothing_is_committed_and_then_everything_once(tmp_path: Path) -> None:
    archive = Broken()
    world = World(tmp_path, archive=archive)
    world.send(case("c1"))
    world.run(Keeping("identify"))
    assert [archive.away, len(archive.cases(["c1"])), len(world.records(inbox("writer")))] == [0, 1, 1]


def test_a_release_is_noted_with_its_run(tmp_path: Path) -> None:
    assert noted(Released(RELEASE, (), further(), "places")).runs == [Run("c", "study", 5, "r9", "r1", "places", 4)]
    assert noted(Released(RELEASE)).runs == [], "a Provenance, say"
    assert noted(Done("c")).runs == [Run("c", "", 1, "", "", "", 0)], "nobody is entitled to it"


@pytest.mark.parametrize(
    ("outcome", "ends"),
    [
        (Unchanged(further()), True),
        (Quarantine(further(), "code"), True),
        (Hold(further(), "review", "residue", 1.0), True),
        (Gap(further(), "not-entitled"), True),
        (Forward(further()), False),
        (Again(further()), False),
        (Done("c"), False),
        (Quarantine(case("c"), "code"), False),
    ],
)
def test_a_further_run_ends_whatever_becomes_of_it(outcome: Outcome, ends: bool) -> None:
    assert noted(outcome).ended == ([Ended("c", "study", 4)] if ends else [])


def test_a_case_that_goes_through_again_goes_by_the_bus(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, writer = Scripted("identify"), Scripted("writer")
    first.on_tick = [Again(further(itinerary=("writer",), sequence=1))]
    world.run(first, writer, until=lambda: bool(world.released()))
    assert len(world.records(inbox("writer"))) == 1


def test_nobody_is_told_of_a_gap_when_a_further_run_ends_in_quarantine(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.send(further(itinerary=("writer",), sequence=1).changed(source=b"quarantine"))
    world.run(Scripted("writer"))
    assert len(world.records(QUARANTINE)) == 1
    assert list(world.records(RELEASES)) == []
