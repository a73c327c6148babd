"""Retained cases that go through again: which, when, and with what."""

from __future__ import annotations

import pytest
from deidstream.adapters.memory_archive import MemoryCaseArchive
from deidstream.adapters.memory_identity import MemoryIdentityStore
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Header
from deidstream.core.errors import Unavailable, Unsafe
from deidstream.core.outcome import Again, Outcome, Unchanged
from deidstream.core.subject import Subject, revision_of
from deidstream.ports import Ended, Kept, Run
from deidstream.stages.identify.searching import Searching
from deidstream.stream.archiving import reopened
from deidstream.stream.erasure import erase
from deidstream.wire import encode_case

from tests.adapters.identity.contract import mr, name, resolve, seen


class Clock:
    at = 1000.0

    def now(self) -> float:
        return self.at


class World:
    """One patient, whose messages are identified and retained."""

    def __init__(self) -> None:
        self.keys, self.clock = MemoryKeyRing(), Clock()
        self.store, self.archive = MemoryIdentityStore(self.keys, self.clock), MemoryCaseArchive()
        self.gone = False
        self.searching = self.searcher()

    def searcher(self) -> Searching:
        return Searching(
            self.store, self.archive, self._reopened, self.clock, after_seconds=30.0, retained_seconds=86_400.0
        )

    def message(
        self,
        case_id: str,
        family: str,
        number: str = "1",
        *,
        text: bool = True,
        released: bool = True,
        source: bytes = b"source",
    ) -> Subject:
        (subject,) = resolve(self.store, seen(mr(number), case=case_id, known=name(family, "Jane")))
        itinerary = ("fields", "text", "writer") if text else ("fields", "writer")
        header = Header(case_id, "adt", "text", self.clock.at, itinerary, subject.id, subject.sequence)
        payload = encode_case(Case(header, source, subjects=(subject,)), self.keys)
        self.archive.put([Kept(case_id, self.clock.at, (subject.id,), text, payload)], [], [])
        if released:
            self.release(case_id, subject.revision)
        return subject

    def release(self, case_id: str, revision: int, version: int = 1) -> None:
        self.archive.put([], [Run(case_id, "p", version, f"R-{case_id}-{version}", "", "aa", revision)], [])

    def due(self, seconds: float) -> list[Outcome]:
        self.clock.at += seconds
        return self.searching.due(self.clock.at)

    def again(self, seconds: float) -> list[Case]:
        return [one.case for one in self.due(seconds) if isinstance(one, Again)]

    def end(self, case: Case) -> None:
        header = case.header
        self.archive.put([], [], [Ended(case.id, header.project, header.identity_revision)])

    def _reopened(self, kept: Kept) -> Case:
        if self.gone:
            raise Unsafe("artifact-missing", "cases/x")
        return reopened(kept, self.keys)


@pytest.fixture
def world() -> World:
    return World()


def test_earlier_cases_go_through_again_with_what_is_known_now_once_nothing_new_is_said(world: World) -> None:
    world.message("c1", "Doe")
    world.message("c2", "Maiden")
    assert world.again(29) == []
    (case,) = world.again(2)
    assert case.header.case_id == "c1"
    assert [item.value for item in case.subjects[0].known] == ["Doe", "Jane", "Maiden", "Jane"]
    assert (case.header.project, case.header.supersedes, case.header.sequence) == ("p", "R-c1-1", 1)
    assert case.header.identity_revision == revision_of(case.subjects) == 2
    assert case.header.release_version == 3, "by what is known: done twice, it is the same run"


def test_a_burst_of_news_makes_one_search(world: World) -> None:
    world.message("c1", "Doe")
    for number in range(5):
        world.message(f"n{number}", f"Maiden{number}")
        assert world.again(10) == []
    cases = world.again(30)
    assert {case.id for case in cases} == {"c1", "n0", "n1", "n2", "n3"}
    assert len(cases) == 5


def test_a_search_that_is_done_is_not_done_again(world: World) -> None:
    world.message("c1", "Doe")
    world.message("c2", "Maiden")
    (case,) = world.again(31)
    world.end(case)
    assert [world.again(seconds) for seconds in (61, 3600, 3600)] == [[], [], []]
    assert list(world.store.lease_searches(1e9, 1e9)) == []


def test_a_search_whose_process_died_is_done_again_by_another(world: World) -> None:
    world.message("c1", "Doe")
    world.message("c2", "Maiden")
    (first,) = world.again(31)
    world.searching = world.searcher()
    assert world.again(30) == []
    (second,) = world.again(60)
    assert second.header._replace(attributes=()) == first.header._replace(attributes=())
    assert second.header.attribute("ticket") != first.header.attribute("ticket")


def test_a_case_that_is_still_on_its_first_way_is_waited_for(world: World) -> None:
    known = world.message("c1", "Doe", released=False)
    world.message("c2", "Maiden")
    assert world.again(31) == []
    world.release("c1", known.revision)
    (case,) = world.again(61)
    assert case.id == "c1"


def test_cases_without_texts_and_of_others_are_left_alone(world: World) -> None:
    world.message("c1", "Doe", text=False)
    world.message("c2", "Roe", "2")
    world.message("c3", "Maiden")
    assert world.again(31) == []
    assert list(world.store.lease_searches(1e9, 1e9)) == []


def test_the_cases_of_either_of_two_that_are_merged_go_through_again(world: World) -> None:
    world.message("c1", "Doe")
    world.message("c2", "Roe", "2")
    world.store.merge(seen(mr("1")), seen(mr("2")))
    cases = {case.id: case for case in world.again(31)}
    assert set(cases) == {"c1", "c2"}
    for case in cases.values():
        assert {item.value for item in case.subjects[0].known} == {"Doe", "Roe", "Jane"}
        world.end(case)
    assert world.again(3600) == []


def test_a_case_whose_content_is_gone_is_given_up_and_said_so(world: World) -> None:
    world.message("c1", "Doe")
    world.message("c2", "Maiden")
    world.gone = True
    (lost,) = world.due(31)
    assert isinstance(lost, Unchanged)
    assert [(one.event, one.details["release"], one.details["code"]) for one in lost.audit] == [
        ("case.not-searched", "R-c1-1", "artifact-missing")
    ]
    world.end(lost.case)
    assert world.again(3600) == []


def test_each_case_that_goes_through_again_is_audited(world: World) -> None:
    world.message("c1", "Doe")
    world.message("c2", "Maiden")
    (again,) = world.due(31)
    assert [(one.event, one.case_id, one.details) for one in again.audit] == [
        ("case.searched-again", "c1", {"project": "p", "release": "R-c1-1", "identity_revision": 2})
    ]


def test_a_case_to_which_nobody_is_entitled_is_not_waited_for(world: World) -> None:
    world.message("c1", "Doe", released=False)
    world.archive.put([], [Run("c1", "", 1, "", "", "", 0)], [])
    world.message("c2", "Maiden")
    assert world.again(31) == []
    assert list(world.store.lease_searches(1e9, 1e9)) == []


def test_of_large_cases_only_so_many_go_through_at_once_and_the_rest_later(world: World) -> None:
    for number in range(5):
        world.message(f"c{number}", f"Doe{number}", source=bytes(3 << 20))
    found: list[str] = []
    for _ in range(3):
        for case in world.again(240):
            found.append(case.id)
            world.end(case)
    assert found == ["c0", "c1", "c2", "c3"]


def test_of_many_cases_a_few_go_through_with_each_tick_so_that_messages_need_not_wait_for_all(world: World) -> None:
    for number in range(100):
        world.message(f"c{number:02}", f"Doe{number}")
    ticks = [[case.id for case in world.again(seconds)] for seconds in (60, 0.5, 0.5, 0.5, 0.5)]
    assert max(map(len, ticks)) <= 32
    assert [case for tick in ticks for case in tick] == [f"c{number:02}" for number in range(99)]


def test_a_look_that_broke_off_is_done_again(world: World) -> None:
    for number in range(3):
        world.message(f"c{number}", f"Doe{number}")
    reopen, world._reopened = world._reopened, _away
    world.searching = world.searcher()
    with pytest.raises(Unavailable):
        world.due(60)
    assert world.due(0.5) == []
    world._reopened = reopen
    world.searching = world.searcher()
    assert [case.id for case in world.again(120)] == ["c0", "c1"]


def _away(kept: Kept) -> Case:
    raise Unavailable("artifacts-away", "store")


def test_of_an_erased_subject_nothing_is_retained_or_searched_for(world: World) -> None:
    kept, gone = world.message("c1", "Doe"), world.message("c2", "Roe", "2")
    world.message("c3", "Maiden", "2")
    erase(gone.id, world.store, world.archive)
    assert [one.case_id for one in world.archive.cases(["c1", "c2", "c3"])] == ["c1"]
    assert [run.case_id for run in world.archive.runs(["c1", "c2", "c3"])] == ["c1"]
    assert (world.store.cases(gone.id), world.store.cases(kept.id)) == ([], ["c1"])
    assert list(world.store.lease_searches(1e9, 1e9)) == []


def test_what_has_been_kept_long_enough_is_deleted(world: World) -> None:
    world.message("c1", "Doe")
    world.due(86_401)
    assert list(world.archive.cases(["c1"])) == []
