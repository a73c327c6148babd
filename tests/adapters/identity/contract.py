"""What every identity store must do. A class with a fixture ``store``, or ``database`` where it is SQL, inherits the suite."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from deidstream.adapters.memory_identity import MemoryIdentityStore
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.core.category import Category, Role
from deidstream.core.subject import PASSING, Identifier, Known, Subject
from deidstream.ports import Contradiction, IdentityStore, Search, Seen
from sqlalchemy import event


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        self.time += 1
        return self.time


def mr(value: str) -> Identifier:
    return Identifier("hosp", "MR", value)


def ss(value: str) -> Identifier:
    return Identifier("us-ssn", "SS", value)


def name(family: str, given_: str, group: str = "PID-5[1]") -> tuple[Known, ...]:
    return (
        Known(Category.NAME, Role.PATIENT, "family", family, group),
        Known(Category.NAME, Role.PATIENT, "given", given_, group),
    )


def seen(*identifiers: Identifier, case: str = "c1", known: tuple[Known, ...] = (), source: str = "adt") -> Seen:
    single = tuple(identifier for identifier in identifiers if identifier.type == "SS")
    return Seen(identifiers, known, "female", "es", source, case, single_valued=single)


def resolve(store: IdentityStore, *seen: Seen) -> list[Subject]:
    found = store.resolve(seen)
    assert not any(isinstance(one, Contradiction) for one in found)
    return [one for one in found if isinstance(one, Subject)]


class IdentityContract:
    @pytest.fixture
    def keys(self) -> MemoryKeyRing:
        return MemoryKeyRing()

    def test_messages_with_the_same_number_are_of_one_subject_in_sequence(self, store: IdentityStore) -> None:
        first, second, other = resolve(store, seen(mr("1")), seen(mr("1"), case="c2"), seen(mr("2"), case="c3"))
        assert first.id == second.id != other.id
        assert (first.sequence, second.sequence, other.sequence) == (1, 2, 1)

    def test_a_message_sent_again_keeps_its_sequence(self, store: IdentityStore) -> None:
        resolve(store, seen(mr("1")), seen(mr("1"), case="c2"))
        again, new = resolve(store, seen(mr("1")), seen(mr("1"), case="c3"))
        assert (again.sequence, new.sequence) == (1, 3)

    def test_each_source_counts_for_itself(self, store: IdentityStore) -> None:
        one, other = resolve(store, seen(mr("1")), seen(mr("1"), case="c2", source="lab"))
        assert (one.id, one.sequence, other.sequence) == (other.id, 1, 1)

    def test_a_second_number_joins_the_subject_whose_id_stays(self, store: IdentityStore) -> None:
        (weak,) = resolve(store, seen(ss("078051120")))
        (both,) = resolve(store, seen(mr("1"), ss("078051120"), case="c2"))
        (strong,) = resolve(store, seen(mr("1"), case="c3"))
        assert weak.id == both.id == strong.id

    def test_numbers_of_two_subjects_in_one_message_are_a_contradiction_and_change_nothing(
        self, store: IdentityStore
    ) -> None:
        one, two = resolve(store, seen(mr("1")), seen(mr("2"), case="c2"))
        (found,) = store.resolve([seen(mr("1"), mr("2"), mr("3"), case="c3")])
        assert found == Contradiction("identity-two-subjects", tuple(sorted((one.id, two.id))))
        (third,) = resolve(store, seen(mr("3"), case="c4"))
        assert third.id not in (one.id, two.id)
        assert resolve(store, seen(mr("1"), case="c5"))[0].sequence == 2

    def test_a_second_value_of_a_single_valued_number_is_a_contradiction(self, store: IdentityStore) -> None:
        resolve(store, seen(mr("1"), ss("078051120")))
        for attempt in ("c2", "c3"):
            (found,) = store.resolve([seen(mr("1"), ss("219099999"), case=attempt)])
            assert isinstance(found, Contradiction)
            assert found.code == "identity-two-values"
        (found,) = store.resolve([seen(mr("9"), ss("219099999"), ss("457555462"), case="c4")])
        assert isinstance(found, Contradiction)

    def test_a_contradiction_about_one_person_holds_back_the_whole_case(self, store: IdentityStore) -> None:
        resolve(store, seen(mr("1")), seen(mr("2"), case="c2"))
        found = store.resolve([seen(mr("7"), case="c3"), seen(mr("1"), mr("2"), case="c3"), seen(mr("7"), case="c4")])
        assert [isinstance(one, Contradiction) for one in found] == [True, True, False]
        assert isinstance(found[2], Subject)
        assert found[2].sequence == 1

    def test_whom_nothing_identifies_is_a_subject_of_the_case_alone(self, store: IdentityStore) -> None:
        first, second, again = resolve(store, seen(case="c1"), seen(case="c2"), seen(case="c1"))
        assert first.id == again.id != second.id
        assert first.sequence == 1

    def test_what_is_known_comes_back_and_its_revision_grows_only_with_news(self, store: IdentityStore) -> None:
        (first,) = resolve(store, seen(mr("1"), known=name("Doe", "Jane")))
        (same,) = resolve(store, seen(mr("1"), case="c2", known=name("Doe", "Jane", "PID-5[2]")))
        (less,) = resolve(store, seen(mr("1"), case="c3", known=name("Doe", "Jane")[:1]))
        (married,) = resolve(store, seen(mr("1"), case="c4", known=name("Roe", "Jane")))
        assert first.revision == same.revision == less.revision < married.revision
        assert [item.value for item in married.known] == ["Doe", "Jane", "Roe", "Jane"]
        assert len({item.group for item in married.known}) == 2

    def test_what_is_known_is_bounded_and_names_stay_longest(self, store: IdentityStore) -> None:
        phones = tuple(Known(Category.PHONE, Role.PATIENT, "phone", f"555-{number:04}") for number in range(500))
        (found,) = resolve(store, seen(mr("1"), known=(*name("Doe", "Jane"), *phones)))
        assert len(found.known) <= 300
        assert [item.value for item in found.known[:2]] == ["Doe", "Jane"]

    def test_sex_and_language_stay_what_they_first_were(self, store: IdentityStore) -> None:
        (first,) = resolve(store, seen(mr("1")))
        (second,) = resolve(store, Seen((mr("1"),), (), "male", "de", "adt", "c2"))
        assert (first.sex, first.language) == (second.sex, second.language) == ("female", "es")

    def test_what_one_message_says_in_passing_travels_but_is_not_remembered(self, store: IdentityStore) -> None:
        doctor = Known(Category.NAME, Role.CLINICIAN, "family", "House", "PV1-7[1]")
        (found,) = resolve(store, Seen((mr("1"),), source="adt", case_id="c1", passing=(doctor,)))
        (later,) = resolve(store, seen(mr("1"), case="c2"))
        assert [item.value for item in found.known] == ["House"]
        assert later.known == ()

    def test_a_merge_lets_the_survivor_continue_with_all_that_is_known(self, store: IdentityStore) -> None:
        kept, gone = resolve(
            store, seen(mr("1"), known=name("Doe", "Jane")), seen(mr("2"), case="c2", known=name("Roe", "J"))
        )
        assert store.merge(seen(mr("1")), seen(mr("2"))) == (kept.id, gone.id)
        assert store.merge(seen(mr("1")), seen(mr("2"))) == (kept.id, "")
        (later,) = resolve(store, seen(mr("2"), case="c3"))
        assert later.id == kept.id
        assert {item.value for item in later.known} == {"Doe", "Jane", "Roe", "J"}
        assert later.revision > kept.revision
        assert set(store.cases(kept.id)) == {"c1", "c2", "c3"}

    def test_a_merge_with_somebody_not_seen_yet_holds_for_later_messages(self, store: IdentityStore) -> None:
        kept, _ = store.merge(seen(mr("1")), seen(mr("2")))
        assert resolve(store, seen(mr("2")))[0].id == kept

    def test_an_unmerge_gives_the_numbers_back(self, store: IdentityStore) -> None:
        kept, gone = resolve(store, seen(mr("1")), seen(mr("2"), case="c2"))
        store.merge(seen(mr("1")), seen(mr("2")))
        assert store.unmerge(seen(mr("1")), seen(mr("2"))) == (kept.id, gone.id)
        assert store.unmerge(seen(mr("1")), seen(mr("2")))[1] == ""
        one, two = resolve(store, seen(mr("1"), case="c3"), seen(mr("2"), case="c4"))
        assert (one.id, two.id) == (kept.id, gone.id)

    def test_an_unmerge_takes_back_what_was_merged_before(self, store: IdentityStore) -> None:
        a, b, c = resolve(store, seen(mr("1")), seen(mr("2"), case="c2"), seen(mr("3"), case="c3"))
        store.merge(seen(mr("2")), seen(mr("1")))
        store.merge(seen(mr("3")), seen(mr("2")))
        store.unmerge(seen(mr("3")), seen(mr("2")))
        found = resolve(store, *(seen(mr(number), case=f"d{number}") for number in "123"))
        assert [one.id for one in found] == [b.id, b.id, c.id]
        assert a.id not in (b.id, c.id)

    def test_two_persons_that_one_message_had_joined_can_be_taken_apart(self, store: IdentityStore) -> None:
        (joined,) = resolve(store, seen(mr("1"), mr("2")))
        kept, apart = store.unmerge(seen(mr("1")), seen(mr("2")))
        one, two = resolve(store, seen(mr("1"), case="c2"), seen(mr("2"), case="c3"))
        assert (kept, one.id, two.id) == (joined.id, joined.id, apart)
        assert apart not in ("", joined.id)

    def test_a_move_takes_the_named_numbers_only(self, store: IdentityStore) -> None:
        target, origin = resolve(store, seen(mr("1")), seen(mr("2"), mr("3"), case="c2"))
        assert store.move(seen(mr("1")), seen(mr("2"))) == (target.id, origin.id)
        moved, stayed = resolve(store, seen(mr("2"), case="c3"), seen(mr("3"), case="c4"))
        assert (moved.id, stayed.id) == (target.id, origin.id)

    def test_what_becomes_known_of_somebody_met_before_is_to_be_searched_for(self, store: IdentityStore) -> None:
        first, _ = resolve(
            store, seen(mr("1"), known=name("Doe", "Jane")), seen(mr("2"), case="c2", known=name("Roe", "Jo"))
        )
        assert list(store.lease_searches(5000.0, 5000.0)) == [], "nobody is met before the first message"
        resolve(store, seen(mr("1"), case="c3", known=name("Doe", "Jane")))
        assert list(store.lease_searches(5000.0, 5000.0)) == [], "nothing new"
        (late,) = resolve(store, seen(mr("1"), case="c4", known=name("Maiden", "Jane")))
        assert list(store.lease_searches(5000.0, 5000.0)) == [Search(first.id, late.revision)]

    def test_a_second_message_of_the_same_batch_teaches_the_first(self, store: IdentityStore) -> None:
        _, late = resolve(
            store, seen(mr("1"), known=name("Doe", "J")), seen(mr("1"), case="c2", known=name("Maiden", "J"))
        )
        assert list(store.lease_searches(5000.0, 5000.0)) == [Search(late.id, late.revision)]

    def test_a_search_waits_for_silence_and_is_given_to_one_at_a_time(self, store: IdentityStore) -> None:
        resolve(store, seen(mr("1"), known=name("Doe", "J")))
        (late,) = resolve(store, seen(mr("1"), case="c2", known=name("Maiden", "J")))
        assert list(store.lease_searches(900.0, 930.0)) == [], "something was learned since"
        search = Search(late.id, late.revision)
        assert list(store.lease_searches(2000.0, 2030.0)) == [search]
        assert list(store.lease_searches(2059.0, 2089.0)) == []
        assert list(store.lease_searches(6000.0, 6030.0)) == [search], "whoever had it has died"
        assert list(store.lease_searches(9599.0, 9629.0)) == [], "the longer it takes the rarer it is looked at"
        store.searched(search)
        assert list(store.lease_searches(99_999.0, 99_999.0)) == []

    def test_what_is_learned_while_a_search_is_on_is_searched_for_as_well(self, store: IdentityStore) -> None:
        resolve(store, seen(mr("1"), known=name("Doe", "J")))
        resolve(store, seen(mr("1"), case="c2", known=name("Maiden", "J")))
        (search,) = store.lease_searches(5000.0, 5000.0)
        (later,) = resolve(store, seen(mr("1"), case="c3", known=name("Third", "J")))
        store.searched(search)
        assert list(store.lease_searches(5000.0, 5000.0)) == [Search(later.id, later.revision)]

    def test_an_earlier_case_is_refreshed_with_what_is_known_now(self, store: IdentityStore) -> None:
        passing = (Known(Category.NAME, Role.CLINICIAN, "family", "House", PASSING + "PV1-7"),)
        (before,) = store.resolve([replace(seen(mr("1"), known=name("Doe", "J")), passing=passing)])
        resolve(store, seen(mr("1"), case="c2"), seen(mr("1"), case="c3", known=name("Maiden", "J")))
        assert isinstance(before, Subject)
        (now,) = store.refresh([before])
        assert (now.id, now.sequence, now.sex, now.language) == (before.id, 1, "female", "es")
        assert now.revision > before.revision
        assert [item.value for item in now.known] == ["Doe", "J", "Maiden", "J", "House"]
        assert now.known[-1].is_passing

    def test_a_merge_makes_either_known_to_the_cases_of_the_other(self, store: IdentityStore) -> None:
        kept, gone = resolve(
            store, seen(mr("1"), known=name("Doe", "J")), seen(mr("2"), case="c2", known=name("Roe", "J"))
        )
        store.merge(seen(mr("1")), seen(mr("2")))
        refreshed = store.refresh([kept, gone])
        assert [one.id for one in refreshed] == [kept.id, gone.id]
        assert [{item.value for item in one.known} for one in refreshed] == [{"Doe", "Roe", "J"}] * 2
        assert min(one.revision for one in refreshed) > max(kept.revision, gone.revision)
        assert list(store.lease_searches(5000.0, 5000.0)) == [Search(kept.id, refreshed[0].revision)]

    def test_what_is_learned_after_an_unmerge_is_new_to_cases_that_saw_the_merged_person(
        self, store: IdentityStore
    ) -> None:
        _, gone = resolve(
            store, seen(mr("1"), known=name("Doe", "J")), seen(mr("2"), case="c2", known=name("Roe", "J"))
        )
        store.merge(seen(mr("1")), seen(mr("2")))
        (merged,) = store.refresh([gone])
        store.unmerge(seen(mr("1")), seen(mr("2")))
        resolve(store, seen(mr("2"), case="c3", known=name("Maiden", "J")))
        (apart,) = store.refresh([gone])
        assert {item.value for item in apart.known} == {"Roe", "Maiden", "J"}
        assert apart.revision > merged.revision

    def test_of_somebody_unknown_there_is_nothing_to_refresh(self, store: IdentityStore) -> None:
        (nobody,) = resolve(store, seen(known=name("Doe", "J")))
        assert list(store.refresh([nobody])) == [nobody]

    def test_erasure_forgets_the_subject_and_those_merged_into_it(self, store: IdentityStore) -> None:
        kept, _ = resolve(store, seen(mr("1"), known=name("Doe", "Jane")), seen(mr("2"), case="c2"))
        store.merge(seen(mr("1")), seen(mr("2")))
        store.erase(kept.id)
        assert store.cases(kept.id) == []
        found = resolve(store, seen(mr("1"), case="c3"), seen(mr("2"), case="c4"))
        assert [one.known for one in found] == [(), ()]
        assert found[0].id != found[1].id

    def test_who_is_found_by_a_number_is_who_has_it_and_nobody_is_made(self, store: IdentityStore) -> None:
        one, two = resolve(store, seen(mr("1"), ss("9")), seen(mr("2"), case="c2"))
        assert list(store.find([mr("1"), ss("9"), mr("2"), mr("3")])) == [one.id, two.id]
        store.merge(seen(mr("1")), seen(mr("2")))
        assert list(store.find([mr("2")])) == [one.id]
        store.erase(one.id)
        assert list(store.find([mr("1"), mr("2")])) == []
        assert list(store.find([])) == []

    def test_learning_stamps_nothing(self, store: IdentityStore) -> None:
        (learned,) = resolve(store, seen(mr("1"), case="", known=name("Doe", "Jane")))
        (first,) = resolve(store, seen(mr("1")))
        assert (learned.sequence, first.sequence) == (0, 1)
        assert list(store.cases(first.id)) == ["c1"]

    def test_threads_that_race_agree_on_one_subject_and_share_out_the_sequence(self, store: IdentityStore) -> None:
        def work(worker: int) -> list[Subject]:
            return [
                resolve(store, seen(mr("1"), mr(f"w{worker}-{turn}"), case=f"{worker}-{turn}"))[0] for turn in range(8)
            ]

        with ThreadPoolExecutor(4) as pool:
            found = [one for several in pool.map(work, range(4)) for one in several]
        assert len({one.id for one in found}) == 1
        assert sorted(one.sequence for one in found) == list(range(1, 33))


class SqlIdentityContract(IdentityContract):
    @pytest.fixture
    def store(self, database: str, keys: MemoryKeyRing) -> Iterator[SqlIdentityStore]:
        made = SqlIdentityStore(database, keys, Clock())
        yield made
        made.close()

    def test_processes_that_race_agree_on_one_subject(self, database: str, keys: MemoryKeyRing) -> None:
        found = _raced(database, keys, _joining)
        assert len({subject for subject, _ in found}) == 1
        assert sorted(sequence for _, sequence in found) == list(range(1, 2 * _TURNS + 1))

    def test_processes_that_race_about_many_people_leave_no_gap_and_no_double(
        self, database: str, keys: MemoryKeyRing
    ) -> None:
        sequences: dict[str, list[int]] = {}
        for subject, sequence in _raced(database, keys, _crowding):
            sequences.setdefault(subject, []).append(sequence)
        assert len(sequences) == 12
        for found in sequences.values():
            assert sorted(found) == list(range(1, len(found) + 1))

    def test_processes_that_merge_and_take_back_at_once_leave_one_truth(
        self, store: SqlIdentityStore, database: str, keys: MemoryKeyRing
    ) -> None:
        _raced(database, keys, _merging)
        kept, _ = store.merge(seen(mr("1")), seen(mr("2")))
        assert [one.id for one in resolve(store, seen(mr("1"), case="x"), seen(mr("2"), case="y"))] == [kept, kept]
        assert len(store.cases(kept)) == len(set(store.cases(kept))) == 2 * _TURNS + 2

    def test_everything_survives_a_restart_and_another_process_is_believed_over_the_cache(
        self, database: str, keys: MemoryKeyRing
    ) -> None:
        one, other = SqlIdentityStore(database, keys, Clock()), SqlIdentityStore(database, keys, Clock())
        (first,) = resolve(one, seen(mr("1"), known=name("Doe", "Jane")))
        (second,) = resolve(other, seen(mr("1"), case="c2", known=name("Roe", "Jane")))
        (third,) = resolve(one, seen(mr("1"), case="c3"))
        assert (first.id, second.id) == (second.id, third.id)
        assert third.known == second.known
        assert [one.sequence for one in (first, second, third)] == [1, 2, 3]
        one.close()
        other.close()

    def test_a_large_batch_takes_as_many_statements_as_a_small_one(self, store: SqlIdentityStore) -> None:
        statements: list[str] = []
        event.listen(store._engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        counts = []
        for size in (1, 100):
            statements.clear()
            people = [
                seen(mr(f"{size}-{n}"), ss(f"{size}-{n}"), case=f"{size}-{n}", known=name("D", "J"))
                for n in range(size)
            ]
            resolve(store, *people)
            counts.append(len(statements))
        assert counts[0] == counts[1] <= 12

    def test_batches_of_any_size_give_what_memory_gives(self, store: SqlIdentityStore, keys: MemoryKeyRing) -> None:
        memory = MemoryIdentityStore(keys, Clock())
        said = [
            seen(
                mr(str(n * 7 % 11)), mr(str(n * n % 13)), case=f"c{n}", known=name(f"F{n % 5}", "G"), source=f"s{n % 3}"
            )
            for n in range(120)
        ]
        one_by_one = [found for one in said for found in memory.resolve([one])]
        batched = [found for at in range(0, len(said), 17) for found in store.resolve(said[at : at + 17])]
        assert one_by_one == batched


_TURNS = 10
Work = Callable[[SqlIdentityStore, str], list[tuple[str, int]]]


def _joining(store: SqlIdentityStore, who: str) -> list[tuple[str, int]]:
    """Each message brings a number that the other process is bringing too."""
    found = [resolve(store, seen(mr("1"), mr(f"x{turn}"), case=f"{who}-{turn}"))[0] for turn in range(_TURNS)]
    return [(one.id, one.sequence) for one in found]


def _crowding(store: SqlIdentityStore, who: str) -> list[tuple[str, int]]:
    """Batches about the same people, in opposite orders."""
    people = list(range(12))
    if who == "b":
        people.reverse()
    batches = (
        resolve(store, *(seen(mr(f"p{person}"), case=f"{who}-{turn}-{person}") for person in people))
        for turn in range(_TURNS)
    )
    return [(one.id, one.sequence) for batch in batches for one in batch]


def _merging(store: SqlIdentityStore, who: str) -> list[tuple[str, int]]:
    for turn in range(_TURNS):
        resolve(store, seen(mr("1" if who == "a" else "2"), case=f"{who}-{turn}"))
        if who == "a":
            store.merge(seen(mr("1")), seen(mr("2")))
        else:
            store.unmerge(seen(mr("1")), seen(mr("2")))
    return []


def _raced(database: str, keys: MemoryKeyRing, work: Work) -> list[tuple[str, int]]:
    """What ``work`` found in two processes that did it at the same time."""
    keys.mac("lookup", b"")
    keys.mac("subject", b"")
    keys.seal("identity", b"", b"")
    SqlIdentityStore(database, keys, Clock()).close()
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(2), context.SimpleQueue()

    def replica(who: str) -> None:
        store = SqlIdentityStore(database, keys, Clock())
        start.wait(30)
        results.put(work(store, who))

    processes = [context.Process(target=replica, args=(who,)) for who in ("a", "b")]
    for process in processes:
        process.start()
    found = [pair for _ in processes for pair in results.get()]
    for process in processes:
        process.join(10)
    return found
