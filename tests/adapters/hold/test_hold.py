from pathlib import Path

import pytest
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.adapters.sql_hold import SqlHold
from deidstream.ports import Held, HoldShelf


@pytest.fixture(params=["memory", "sqlite"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> HoldShelf:
    return MemoryHold() if request.param == "memory" else SqlHold(f"sqlite:///{tmp_path}/hold.db")


def held(name: str, deadline: float = 10.0, stage: str = "identify", **more: object) -> Held:
    return Held(name, stage, "contradiction", deadline, f"sealed {name}".encode(), **more)  # type: ignore[arg-type]


def test_what_is_put_comes_back_whole(shelf: HoldShelf) -> None:
    item = Held("case-1", "review", "residue", 12.5, b"\x00\xff", "batch", 3, 1.5)
    shelf.put([item])
    assert list(shelf.list()) == [item]


def test_putting_again_changes_nothing(shelf: HoldShelf) -> None:
    shelf.put([held("a", 5.0)])
    shelf.put([held("a", 99.0), held("b")])
    assert [(one.id, one.deadline) for one in shelf.list()] == [("a", 5.0), ("b", 10.0)]


def test_due_is_what_has_passed_its_deadline_oldest_first(shelf: HoldShelf) -> None:
    shelf.put([held("late", 30.0), held("second", 20.0), held("first", 10.0), held("other", 1.0, stage="review")])
    assert [one.id for one in shelf.due("identify", 20.0)] == ["first", "second"]
    assert [one.id for one in shelf.due("identify", 20.0, limit=1)] == ["first"]
    assert list(shelf.due("identify", 9.9)) == []


def test_what_one_process_leases_nobody_else_gets_until_then(shelf: HoldShelf) -> None:
    shelf.put([held("a", 10.0), held("b", 11.0), held("later", 30.0), held("other", 1.0, stage="review")])
    assert [one.id for one in shelf.lease("identify", 20.0, 80.0, limit=1)] == ["a"]
    assert [one.id for one in shelf.lease("identify", 20.0, 80.0)] == ["b"]
    assert list(shelf.lease("identify", 20.0, 80.0)) == []
    assert [one.id for one in shelf.lease("identify", 80.0, 140.0)] == ["later", "a", "b"]
    assert [one.id for one in shelf.due("review", 20.0)] == ["other"]


def test_a_group_comes_by_ordinal(shelf: HoldShelf) -> None:
    shelf.put([held(f"m{n}", group="batch", ordinal=n) for n in (2, 0, 1)] + [held("x", group="other")])
    assert [one.ordinal for one in shelf.group("identify", "batch")] == [0, 1, 2]


def test_the_same_id_may_wait_at_two_stages(shelf: HoldShelf) -> None:
    shelf.put([held("a"), held("a", stage="review")])
    shelf.take("review", ["a"])
    assert [one.stage for one in shelf.list()] == ["identify"]
    assert list(shelf.list("review")) == []


def test_taking_removes_and_ignores_what_is_not_there(shelf: HoldShelf) -> None:
    shelf.put([held(str(n)) for n in range(5)])
    shelf.take("identify", ["1", "3", "nothing", *map(str, range(1000, 2000))])
    assert sorted(one.id for one in shelf.list("identify")) == ["0", "2", "4"]


def test_what_waits_survives_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hold.db"
    SqlHold(url).put([held("a")])
    assert [one.id for one in SqlHold(url).list()] == ["a"]


def test_an_empty_put_is_no_transaction(shelf: HoldShelf) -> None:
    shelf.put([])
    assert list(shelf.list()) == []


def test_what_waits_never_shows_its_payload() -> None:
    assert "sealed" not in repr(held("a"))
