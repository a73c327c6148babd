"""Both kinds of ledger keep the same promises."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger, MemoryDeliveryLedger
from deidstream.adapters.sql_ledger import SqlAcceptanceLedger, SqlDeliveryLedger, ledger_engine
from deidstream.adapters.sqlite_ledger import SqliteAcceptanceLedger
from deidstream.ports import AcceptanceLedger, DeliveryLedger, Entry, Lane


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


Open = Callable[[str], AcceptanceLedger]


@pytest.fixture(params=["sql", "sqlite"])
def durable(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Open:
    """Opens the same database again and again."""
    if request.param == "sql":
        return lambda owner: SqlAcceptanceLedger(ledger_engine(url), owner)
    return lambda owner: SqliteAcceptanceLedger(tmp_path / "accepted.db", owner)


@pytest.fixture(params=["memory", "sql", "sqlite"])
def acceptance(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> AcceptanceLedger:
    match request.param:
        case "memory":
            return MemoryAcceptanceLedger()
        case "sql":
            return SqlAcceptanceLedger(ledger_engine(url), "one")
    return SqliteAcceptanceLedger(tmp_path / "accepted.db", "one")


@pytest.fixture(params=["memory", "sql"])
def delivery(request: pytest.FixtureRequest, url: str) -> DeliveryLedger:
    return MemoryDeliveryLedger() if request.param == "memory" else SqlDeliveryLedger(ledger_engine(url), "folder")


def test_what_was_accepted_is_known_the_second_time(acceptance: AcceptanceLedger) -> None:
    assert acceptance.claim(["a", "b"], 1.0).accepted == frozenset()
    assert acceptance.claim(["b", "c"], 2.0).accepted == {"b"}
    acceptance.settle()
    assert acceptance.claim(["a", "b", "c"], 3.0).accepted == {"a", "b", "c"}


def test_what_failed_to_commit_is_new_the_second_time(acceptance: AcceptanceLedger) -> None:
    acceptance.claim(["a"], 1.0)
    acceptance.abandon()
    assert acceptance.claim(["a"], 2.0).accepted == frozenset()
    assert acceptance.claim(["a"], 3.0).accepted == {"a"}


def test_old_acceptances_are_forgotten(acceptance: AcceptanceLedger) -> None:
    acceptance.claim(["old"], 1.0)
    acceptance.claim(["new"], 9.0)
    acceptance.settle()
    acceptance.prune(5.0)
    assert acceptance.claim(["old", "new"], 10.0).accepted == {"new"}


def test_what_a_crash_left_in_doubt_can_be_settled_either_way(durable: Open) -> None:
    durable("one").claim(["committed", "lost"], 1.0)
    again = durable("one")
    assert again.unsettled() == {"committed", "lost"}
    again.resolve(["committed"])
    assert again.unsettled() == frozenset()
    assert again.claim(["committed", "lost"], 2.0).accepted == {"committed"}


def test_what_is_settled_is_not_in_doubt(durable: Open) -> None:
    first = durable("one")
    first.claim(["a"], 1.0)
    first.settle()
    assert durable("one").unsettled() == frozenset()
    first.claim(["b"], 2.0)
    first.claim(["c"], 3.0)
    assert durable("one").unsettled() == {"c"}


def test_two_instances_do_not_accept_the_same_case_at_once(durable: Open) -> None:
    one, two = durable("one"), durable("two")
    one.claim(["a"], 1.0)
    assert two.claim(["a", "b"], 1.0).elsewhere == {"a"}
    one.settle()
    assert two.claim(["a"], 2.0).accepted == {"a"}


def test_many_ids_fit_into_one_claim(acceptance: AcceptanceLedger) -> None:
    ids = [f"case-{number}" for number in range(1203)]
    acceptance.claim(ids, 1.0)
    assert acceptance.claim(ids, 2.0).accepted == set(ids)


def test_a_later_result_replaces_an_earlier_one(delivery: DeliveryLedger) -> None:
    delivery.record([Entry("r1", "delivered", 1, 1.0)], {})
    delivery.record([Entry("r2", "refused", 3, 2.0)], {})
    delivery.record([Entry("r2", "delivered", 1, 3.0)], {})
    assert delivery.settled(["r1", "r2", "r3"]) == {"r1": "delivered", "r2": "delivered"}


def test_lanes_remember_how_far_they_are(delivery: DeliveryLedger) -> None:
    delivery.record([], {Lane("adt", "p1"): 1, Lane("adt", "p2"): 7})
    delivery.record([], {Lane("adt", "p1"): 2})
    assert delivery.positions([Lane("adt", "p1"), Lane("adt", "p2"), Lane("oru", "p1")]) == {
        Lane("adt", "p1"): 2,
        Lane("adt", "p2"): 7,
    }


def test_old_results_are_forgotten_but_lanes_stay(delivery: DeliveryLedger) -> None:
    delivery.record([Entry("r1", "delivered", 1, 1.0)], {Lane("adt", "p1"): 3})
    delivery.prune(2.0)
    assert delivery.settled(["r1"]) == {}
    assert delivery.positions([Lane("adt", "p1")]) == {Lane("adt", "p1"): 3}


def test_destinations_share_a_database_without_sharing_results(url: str) -> None:
    engine = ledger_engine(url)
    SqlDeliveryLedger(engine, "one").record([Entry("r1", "delivered", 1, 1.0)], {Lane("adt", "p1"): 3})
    other = SqlDeliveryLedger(engine, "two")
    assert (other.settled(["r1"]), other.positions([Lane("adt", "p1")])) == ({}, {})
