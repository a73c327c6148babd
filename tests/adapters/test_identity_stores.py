"""One contract, every identity store."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deidstream.adapters.memory_identity import MemoryIdentityStore
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.core.category import Category, Role
from deidstream.core.errors import Unavailable
from deidstream.core.subject import Identifier, Known, Subject
from deidstream.ports import Contradiction, IdentityStore, Seen
from hypothesis import given, settings
from hypothesis import strategies as st


class _Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        self.time += 1
        return self.time


@pytest.fixture
def keys() -> MemoryKeyRing:
    return MemoryKeyRing()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, keys: MemoryKeyRing) -> Iterator[IdentityStore]:
    made: IdentityStore
    made = MemoryIdentityStore(keys) if request.param == "memory" else _sqlite(tmp_path, keys)
    yield made
    made.close()


def _sqlite(folder: Path, keys: MemoryKeyRing) -> SqlIdentityStore:
    return SqlIdentityStore(f"sqlite:///{folder / 'identity.db'}", keys, _Clock())


def _mr(value: str) -> Identifier:
    return Identifier("hosp", "MR", value)


def _ss(value: str) -> Identifier:
    return Identifier("us-ssn", "SS", value)


def _name(family: str, given_: str, group: str = "PID-5[1]") -> tuple[Known, ...]:
    return (
        Known(Category.NAME, Role.PATIENT, "family", family, group),
        Known(Category.NAME, Role.PATIENT, "given", given_, group),
    )


def _seen(*identifiers: Identifier, case: str = "c1", known: tuple[Known, ...] = (), source: str = "adt") -> Seen:
    single = tuple(identifier for identifier in identifiers if identifier.type == "SS")
    return Seen(identifiers, known, "female", "es", source, case, single_valued=single)


def _resolve(store: IdentityStore, *seen: Seen) -> list[Subject]:
    found = store.resolve(seen)
    assert not any(isinstance(one, Contradiction) for one in found)
    return [one for one in found if isinstance(one, Subject)]


def test_messages_with_the_same_number_are_of_one_subject_in_sequence(store: IdentityStore) -> None:
    first, second, other = _resolve(store, _seen(_mr("1")), _seen(_mr("1"), case="c2"), _seen(_mr("2"), case="c3"))
    assert first.id == second.id != other.id
    assert (first.sequence, second.sequence, other.sequence) == (1, 2, 1)


def test_a_message_sent_again_keeps_its_sequence(store: IdentityStore) -> None:
    _resolve(store, _seen(_mr("1")), _seen(_mr("1"), case="c2"))
    again, new = _resolve(store, _seen(_mr("1")), _seen(_mr("1"), case="c3"))
    assert (again.sequence, new.sequence) == (1, 3)


def test_each_source_counts_for_itself(store: IdentityStore) -> None:
    one, other = _resolve(store, _seen(_mr("1")), _seen(_mr("1"), case="c2", source="lab"))
    assert (one.id, one.sequence, other.sequence) == (other.id, 1, 1)


def test_a_second_number_joins_the_subject_whose_id_stays(store: IdentityStore) -> None:
    (weak,) = _resolve(store, _seen(_ss("078051120")))
    (both,) = _resolve(store, _seen(_mr("1"), _ss("078051120"), case="c2"))
    (strong,) = _resolve(store, _seen(_mr("1"), case="c3"))
    assert weak.id == both.id == strong.id


def test_numbers_of_two_subjects_in_one_message_are_a_contradiction_and_change_nothing(store: IdentityStore) -> None:
    one, two = _resolve(store, _seen(_mr("1")), _seen(_mr("2"), case="c2"))
    (found,) = store.resolve([_seen(_mr("1"), _mr("2"), _mr("3"), case="c3")])
    assert found == Contradiction("identity-two-subjects", tuple(sorted((one.id, two.id))))
    (third,) = _resolve(store, _seen(_mr("3"), case="c4"))
    assert third.id not in (one.id, two.id)
    assert _resolve(store, _seen(_mr("1"), case="c5"))[0].sequence == 2


def test_a_second_value_of_a_single_valued_number_is_a_contradiction(store: IdentityStore) -> None:
    _resolve(store, _seen(_mr("1"), _ss("078051120")))
    for attempt in ("c2", "c3"):
        (found,) = store.resolve([_seen(_mr("1"), _ss("219099999"), case=attempt)])
        assert isinstance(found, Contradiction)
        assert found.code == "identity-two-values"
    (found,) = store.resolve([_seen(_mr("9"), _ss("219099999"), _ss("457555462"), case="c4")])
    assert isinstance(found, Contradiction)


def test_a_contradiction_about_one_person_holds_back_the_whole_case(store: IdentityStore) -> None:
    _resolve(store, _seen(_mr("1")), _seen(_mr("2"), case="c2"))
    found = store.resolve(
        [_seen(_mr("7"), case="c3"), _seen(_mr("1"), _mr("2"), case="c3"), _seen(_mr("7"), case="c4")]
    )
    assert [isinstance(one, Contradiction) for one in found] == [True, True, False]
    assert isinstance(found[2], Subject)
    assert found[2].sequence == 1


def test_whom_nothing_identifies_is_a_subject_of_the_case_alone(store: IdentityStore) -> None:
    first, second, again = _resolve(store, _seen(case="c1"), _seen(case="c2"), _seen(case="c1"))
    assert first.id == again.id != second.id
    assert first.sequence == 1


def test_what_is_known_comes_back_and_its_revision_grows_only_with_news(store: IdentityStore) -> None:
    (first,) = _resolve(store, _seen(_mr("1"), known=_name("Doe", "Jane")))
    (same,) = _resolve(store, _seen(_mr("1"), case="c2", known=_name("Doe", "Jane", "PID-5[2]")))
    (less,) = _resolve(store, _seen(_mr("1"), case="c3", known=_name("Doe", "Jane")[:1]))
    (married,) = _resolve(store, _seen(_mr("1"), case="c4", known=_name("Roe", "Jane")))
    assert first.revision == same.revision == less.revision < married.revision
    assert [item.value for item in married.known] == ["Doe", "Jane", "Roe", "Jane"]
    assert len({item.group for item in married.known}) == 2


def test_what_is_known_is_bounded_and_names_stay_longest(store: IdentityStore) -> None:
    phones = tuple(Known(Category.PHONE, Role.PATIENT, "phone", f"555-{number:04}") for number in range(500))
    (found,) = _resolve(store, _seen(_mr("1"), known=(*_name("Doe", "Jane"), *phones)))
    assert len(found.known) <= 300
    assert [item.value for item in found.known[:2]] == ["Doe", "Jane"]


def test_sex_and_language_stay_what_they_first_were(store: IdentityStore) -> None:
    (first,) = _resolve(store, _seen(_mr("1")))
    (second,) = _resolve(store, Seen((_mr("1"),), (), "male", "de", "adt", "c2"))
    assert (first.sex, first.language) == (second.sex, second.language) == ("female", "es")


def test_what_one_message_says_in_passing_travels_but_is_not_remembered(store: IdentityStore) -> None:
    doctor = Known(Category.NAME, Role.CLINICIAN, "family", "House", "PV1-7[1]")
    (found,) = _resolve(store, Seen((_mr("1"),), source="adt", case_id="c1", passing=(doctor,)))
    (later,) = _resolve(store, _seen(_mr("1"), case="c2"))
    assert [item.value for item in found.known] == ["House"]
    assert later.known == ()


def test_a_merge_lets_the_survivor_continue_with_all_that_is_known(store: IdentityStore) -> None:
    kept, gone = _resolve(
        store, _seen(_mr("1"), known=_name("Doe", "Jane")), _seen(_mr("2"), case="c2", known=_name("Roe", "J"))
    )
    assert store.merge(_seen(_mr("1")), _seen(_mr("2"))) == (kept.id, gone.id)
    assert store.merge(_seen(_mr("1")), _seen(_mr("2"))) == (kept.id, "")
    (later,) = _resolve(store, _seen(_mr("2"), case="c3"))
    assert later.id == kept.id
    assert {item.value for item in later.known} == {"Doe", "Jane", "Roe", "J"}
    assert later.revision > kept.revision
    assert set(store.cases(kept.id)) == {"c1", "c2", "c3"}


def test_a_merge_with_somebody_not_seen_yet_holds_for_later_messages(store: IdentityStore) -> None:
    kept, _ = store.merge(_seen(_mr("1")), _seen(_mr("2")))
    assert _resolve(store, _seen(_mr("2")))[0].id == kept


def test_an_unmerge_gives_the_numbers_back(store: IdentityStore) -> None:
    kept, gone = _resolve(store, _seen(_mr("1")), _seen(_mr("2"), case="c2"))
    store.merge(_seen(_mr("1")), _seen(_mr("2")))
    assert store.unmerge(_seen(_mr("1")), _seen(_mr("2"))) == (kept.id, gone.id)
    assert store.unmerge(_seen(_mr("1")), _seen(_mr("2")))[1] == ""
    one, two = _resolve(store, _seen(_mr("1"), case="c3"), _seen(_mr("2"), case="c4"))
    assert (one.id, two.id) == (kept.id, gone.id)


def test_an_unmerge_takes_back_what_was_merged_before(store: IdentityStore) -> None:
    a, b, c = _resolve(store, _seen(_mr("1")), _seen(_mr("2"), case="c2"), _seen(_mr("3"), case="c3"))
    store.merge(_seen(_mr("2")), _seen(_mr("1")))
    store.merge(_seen(_mr("3")), _seen(_mr("2")))
    store.unmerge(_seen(_mr("3")), _seen(_mr("2")))
    found = _resolve(store, *(_seen(_mr(number), case=f"d{number}") for number in "123"))
    assert [one.id for one in found] == [b.id, b.id, c.id]
    assert a.id not in (b.id, c.id)


def test_two_persons_that_one_message_had_joined_can_be_taken_apart(store: IdentityStore) -> None:
    (joined,) = _resolve(store, _seen(_mr("1"), _mr("2")))
    kept, apart = store.unmerge(_seen(_mr("1")), _seen(_mr("2")))
    one, two = _resolve(store, _seen(_mr("1"), case="c2"), _seen(_mr("2"), case="c3"))
    assert (kept, one.id, two.id) == (joined.id, joined.id, apart)
    assert apart not in ("", joined.id)


def test_a_move_takes_the_named_numbers_only(store: IdentityStore) -> None:
    target, origin = _resolve(store, _seen(_mr("1")), _seen(_mr("2"), _mr("3"), case="c2"))
    assert store.move(_seen(_mr("1")), _seen(_mr("2"))) == (target.id, origin.id)
    moved, stayed = _resolve(store, _seen(_mr("2"), case="c3"), _seen(_mr("3"), case="c4"))
    assert (moved.id, stayed.id) == (target.id, origin.id)


def test_erasure_forgets_the_subject_and_those_merged_into_it(store: IdentityStore) -> None:
    kept, _ = _resolve(store, _seen(_mr("1"), known=_name("Doe", "Jane")), _seen(_mr("2"), case="c2"))
    store.merge(_seen(_mr("1")), _seen(_mr("2")))
    store.erase(kept.id)
    assert store.cases(kept.id) == []
    found = _resolve(store, _seen(_mr("1"), case="c3"), _seen(_mr("2"), case="c4"))
    assert [one.known for one in found] == [(), ()]
    assert found[0].id != found[1].id


def test_learning_stamps_nothing(store: IdentityStore) -> None:
    (learned,) = _resolve(store, _seen(_mr("1"), case="", known=_name("Doe", "Jane")))
    (first,) = _resolve(store, _seen(_mr("1")))
    assert (learned.sequence, first.sequence) == (0, 1)
    assert list(store.cases(first.id)) == ["c1"]


def test_threads_that_race_agree_on_one_subject_and_share_out_the_sequence(store: IdentityStore) -> None:
    def work(worker: int) -> list[Subject]:
        return [
            _resolve(store, _seen(_mr("1"), _mr(f"w{worker}-{turn}"), case=f"{worker}-{turn}"))[0] for turn in range(8)
        ]

    with ThreadPoolExecutor(4) as pool:
        found = [one for several in pool.map(work, range(4)) for one in several]
    assert len({one.id for one in found}) == 1
    assert sorted(one.sequence for one in found) == list(range(1, 33))


def _replica(folder: str, name: str, keys: MemoryKeyRing, start: object, done: Callable[[object], None]) -> None:
    store = _sqlite(Path(folder), keys)
    start.wait()  # type: ignore[attr-defined]  # a multiprocessing Barrier
    done(
        [
            (one.id, one.sequence)
            for turn in range(10)
            for one in _resolve(store, _seen(_mr("1"), _mr(f"x{turn}"), case=f"{name}-{turn}"))
        ]
    )


def test_processes_that_race_agree_on_one_subject(tmp_path: Path, keys: MemoryKeyRing) -> None:
    keys.mac("lookup", b"")
    keys.mac("subject", b"")
    keys.seal("identity", b"", b"")
    _sqlite(tmp_path, keys).close()
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(2), context.SimpleQueue()
    workers = [
        context.Process(target=_replica, args=(str(tmp_path), name, keys, start, results.put)) for name in ("a", "b")
    ]
    for worker in workers:
        worker.start()
    found = [pair for _ in workers for pair in results.get()]
    for worker in workers:
        worker.join(10)
    assert len({subject for subject, _ in found}) == 1
    assert sorted(sequence for _, sequence in found) == list(range(1, 21))


def test_everything_survives_a_restart_and_another_process_is_believed_over_the_cache(
    tmp_path: Path, keys: MemoryKeyRing
) -> None:
    one, other = _sqlite(tmp_path, keys), _sqlite(tmp_path, keys)
    (first,) = _resolve(one, _seen(_mr("1"), known=_name("Doe", "Jane")))
    (second,) = _resolve(other, _seen(_mr("1"), case="c2", known=_name("Roe", "Jane")))
    (third,) = _resolve(one, _seen(_mr("1"), case="c3"))
    assert (first.id, second.id) == (second.id, third.id)
    assert third.known == second.known
    assert [one.sequence for one in (first, second, third)] == [1, 2, 3]


def test_the_file_holds_no_name_and_no_number_in_the_clear(tmp_path: Path, keys: MemoryKeyRing) -> None:
    store = _sqlite(tmp_path, keys)
    _resolve(store, _seen(_mr("MRN7654321"), _ss("078051120"), known=_name("Quisenberry", "Wilhelmina")))
    store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"MRN7654321", b"078051120", b"Quisenberry", b"Wilhelmina", b"hosp"):
        assert secret not in content


def test_a_database_that_cannot_be_opened_is_unavailable_and_says_nothing_of_content(
    tmp_path: Path, keys: MemoryKeyRing
) -> None:
    with pytest.raises(Unavailable):
        SqlIdentityStore(f"sqlite:///{tmp_path}/no/such/folder/identity.db", keys, _Clock())
    store = _sqlite(tmp_path, keys)
    store.close()
    lock = sqlite3.connect(tmp_path / "identity.db")
    lock.execute("DROP TABLE identifier")
    lock.commit()
    with pytest.raises(Unavailable) as caught:
        store.resolve([_seen(_mr("MRN7654321"))])
    assert "MRN" not in str(caught.value)


_PEOPLE = st.lists(
    st.tuples(st.sets(st.integers(0, 6), min_size=1, max_size=2), st.integers(0, 30)), min_size=1, max_size=25
)


@settings(max_examples=40, deadline=None)
@given(_PEOPLE, st.integers(1, 8))
def test_both_stores_say_the_same_whatever_the_batches(messages: list[tuple[set[int], int]], size: int) -> None:
    keys = MemoryKeyRing()
    memory = MemoryIdentityStore(keys)
    sql = SqlIdentityStore("sqlite://", keys, _Clock())
    seen = [
        _seen(*(_mr(str(number)) for number in sorted(numbers)), case=f"c{case}", known=_name(f"F{case}", "G"))
        for numbers, case in messages
    ]
    seen = list({one.case_id: one for one in seen}.values())
    one_by_one = [found for one in seen for found in memory.resolve([one])]
    batched = [found for at in range(0, len(seen), size) for found in sql.resolve(seen[at : at + size])]
    assert one_by_one == batched
    sql.close()
