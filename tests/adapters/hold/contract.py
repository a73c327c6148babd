"""What every shelf must do. A class with a fixture ``shelf``, or ``database`` where it is one of SQL, inherits the suite."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from deidstream.adapters.sql_hold import SqlHold
from deidstream.ports import Held, HoldShelf, Shelved


def held(name: str, deadline: float = 10.0, stage: str = "identify", **more: object) -> Held:
    return Held(name, stage, "contradiction", deadline, f"sealed {name}".encode(), **more)  # type: ignore[arg-type]


class HoldContract:
    def test_what_is_put_comes_back_whole(self, shelf: HoldShelf) -> None:
        item = Held("case-1", "review", "residue", 12.5, b"\x00\xff", "batch", 3, 1.5)
        shelf.put([item])
        assert list(shelf.list()) == [item]

    def test_putting_again_changes_nothing(self, shelf: HoldShelf) -> None:
        shelf.put([held("a", 5.0)])
        shelf.put([held("a", 99.0), held("b")])
        assert [(one.id, one.deadline) for one in shelf.list()] == [("a", 5.0), ("b", 10.0)]

    def test_due_is_what_has_passed_its_deadline_oldest_first(self, shelf: HoldShelf) -> None:
        shelf.put([held("late", 30.0), held("second", 20.0), held("first", 10.0), held("other", 1.0, stage="review")])
        assert [one.id for one in shelf.due("identify", 20.0)] == ["first", "second"]
        assert [one.id for one in shelf.due("identify", 20.0, limit=1)] == ["first"]
        assert list(shelf.due("identify", 9.9)) == []

    def test_what_one_process_leases_nobody_else_gets_until_then(self, shelf: HoldShelf) -> None:
        shelf.put([held("a", 10.0), held("b", 11.0), held("later", 30.0), held("other", 1.0, stage="review")])
        assert [one.id for one in shelf.lease("identify", 20.0, 80.0, limit=1)] == ["a"]
        assert [one.id for one in shelf.lease("identify", 20.0, 80.0)] == ["b"]
        assert list(shelf.lease("identify", 20.0, 80.0)) == []
        assert [one.id for one in shelf.lease("identify", 80.0, 140.0)] == ["later", "a", "b"]
        assert [one.id for one in shelf.due("review", 20.0)] == ["other"]

    def test_a_group_comes_by_ordinal(self, shelf: HoldShelf) -> None:
        shelf.put([held(f"m{n}", group="batch", ordinal=n) for n in (2, 0, 1)] + [held("x", group="other")])
        assert [one.ordinal for one in shelf.group("identify", "batch")] == [0, 1, 2]

    def test_a_group_comes_one_by_one_as_well(self, shelf: HoldShelf) -> None:
        shelf.put([held(f"m{n}", group="batch", ordinal=n) for n in (2, 0, 1)] + [held("x", group="other")])
        assert list(shelf.each("identify", "batch")) == list(shelf.group("identify", "batch"))
        assert list(shelf.each("review", "batch")) == []

    def test_a_group_is_rescheduled_together_and_nothing_else_is(self, shelf: HoldShelf) -> None:
        shelf.put([held("a", 10.0, group="one"), held("b", 20.0, group="one"), held("c", 30.0, group="other")])
        shelf.put([held("d", 30.0, stage="review", group="one")])
        assert shelf.reschedule("identify", "one", 50.0) == 2
        assert [(one.id, one.deadline) for one in shelf.due("identify", 99.0)] == [
            ("c", 30.0),
            ("a", 50.0),
            ("b", 50.0),
        ]
        assert shelf.reschedule("identify", "one", 5.0) == 2
        assert [one.id for one in shelf.due("identify", 5.0)] == ["a", "b"]
        assert [one.deadline for one in shelf.due("review", 99.0)] == [30.0]
        assert shelf.reschedule("identify", "nothing", 1.0) == 0

    def test_the_same_id_may_wait_at_two_stages(self, shelf: HoldShelf) -> None:
        shelf.put([held("a"), held("a", stage="review")])
        shelf.take("review", ["a"])
        assert [one.stage for one in shelf.list()] == ["identify"]
        assert list(shelf.list("review")) == []

    def test_taking_removes_and_ignores_what_is_not_there(self, shelf: HoldShelf) -> None:
        shelf.put([held(str(n)) for n in range(5)])
        shelf.take("identify", ["1", "3", "nothing", *map(str, range(1000, 2000))])
        assert sorted(one.id for one in shelf.list("identify")) == ["0", "2", "4"]

    def test_counts_are_by_stage_and_say_how_much_is_overdue(self, shelf: HoldShelf) -> None:
        assert shelf.counts(1.0) == {}
        shelf.put([held("a", 10.0), held("b", 20.0), held("c", 30.0), held("a", 20.0, stage="review")])
        assert shelf.counts(20.0) == {"identify": Shelved(3, 1), "review": Shelved(1, 0)}

    def test_an_empty_put_is_no_transaction(self, shelf: HoldShelf) -> None:
        shelf.put([])
        assert list(shelf.list()) == []


class SqlHoldContract(HoldContract):
    @pytest.fixture
    def shelf(self, database: str) -> Iterator[SqlHold]:
        made = SqlHold(database)
        yield made
        made.close()

    def test_what_waits_survives_the_process(self, database: str) -> None:
        for names in (["a"], ["a"]):
            shelf = SqlHold(database)
            shelf.put([held("a")])
            assert [one.id for one in shelf.list()] == names
            shelf.close()

    def test_of_several_that_lease_at_once_each_item_goes_to_one(self, shelf: SqlHold, database: str) -> None:
        names = [f"{number:03}" for number in range(200)]
        shelf.put([held(name) for name in names])

        def work(_: int) -> list[str]:
            own = SqlHold(database)
            got: list[str] = []
            while items := own.lease("identify", 20.0, 80.0, limit=7):
                got += [item.id for item in items]
                own.take("identify", [items[0].id])
            own.close()
            return got

        with ThreadPoolExecutor(4) as pool:
            found = [name for several in pool.map(work, range(4)) for name in several]
        # Who finds the rest locked by others goes away empty-handed: what is left of it is due again for the next.
        found += [item.id for item in shelf.lease("identify", 20.0, 80.0, limit=200)]
        assert sorted(found) == names

    def test_the_same_items_put_by_several_at_once_in_any_order_wait_once(self, shelf: SqlHold, database: str) -> None:
        def work(turn: int) -> None:
            own = SqlHold(database)
            names = [f"{number:03}" for number in range(100)]
            own.put([held(name) for name in (names if turn % 2 else reversed(names))])
            own.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(8)))
        assert len(shelf.list()) == 100
