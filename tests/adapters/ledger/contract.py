"""What every ledger must do. A class with the fixture that a suite names (``durable``, say, or ``database``) inherits it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from deidstream.adapters.sql_ledger import SqlAcceptanceLedger, SqlDeliveryLedger, ledger_engine
from deidstream.core.errors import Unavailable
from deidstream.ports import AcceptanceLedger, Claim, DeliveryLedger, Doubt, Entry, Lane
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError

Open = Callable[[str], AcceptanceLedger]


@contextmanager
def _answer_lost(engine: Engine, committed: bool) -> Iterator[None]:
    """The connection breaks at the next commit: the database has carried it out, or has not."""

    def lose(connection: DBAPIConnection) -> None:
        connection.commit() if committed else connection.rollback()
        raise OperationalError("COMMIT", None, sqlite3.OperationalError())

    before = engine.dialect.do_commit
    engine.dialect.do_commit = lose  # type: ignore[method-assign]
    try:
        yield
    finally:
        engine.dialect.do_commit = before  # type: ignore[method-assign]


class AcceptanceContract:
    def test_what_was_accepted_is_known_the_second_time(self, acceptance: AcceptanceLedger) -> None:
        assert acceptance.claim(["a", "b"], 1.0).accepted == frozenset()
        assert acceptance.claim(["b", "c"], 2.0).accepted == {"b"}
        acceptance.settle()
        assert acceptance.claim(["a", "b", "c"], 3.0).accepted == {"a", "b", "c"}

    def test_what_failed_to_commit_is_new_the_second_time(self, acceptance: AcceptanceLedger) -> None:
        acceptance.claim(["a"], 1.0)
        acceptance.abandon()
        assert acceptance.claim(["a"], 2.0).accepted == frozenset()
        assert acceptance.claim(["a"], 3.0).accepted == {"a"}

    def test_old_acceptances_are_forgotten(self, acceptance: AcceptanceLedger) -> None:
        acceptance.claim(["old"], 1.0)
        acceptance.claim(["new"], 9.0)
        acceptance.settle()
        acceptance.prune(5.0)
        assert acceptance.claim(["old", "new"], 10.0).accepted == {"new"}

    def test_what_is_settled_is_known_and_what_is_being_accepted_is_not_yet(self, acceptance: AcceptanceLedger) -> None:
        acceptance.claim(["a"], 1.0)
        assert acceptance.known(["a", "b"]) == frozenset()
        acceptance.settle()
        acceptance.claim(["b"], 2.0)
        assert acceptance.known(["a", "b"]) == {"a"}
        acceptance.abandon()
        acceptance.settle()
        assert acceptance.known(["a", "b", *(f"case-{number}" for number in range(1203))]) == {"a"}

    def test_many_ids_fit_into_one_claim(self, acceptance: AcceptanceLedger) -> None:
        ids = [f"case-{number}" for number in range(1203)]
        acceptance.claim(ids, 1.0)
        assert acceptance.claim(ids, 2.0).accepted == set(ids)


class DurableAcceptanceContract(AcceptanceContract):
    """With a fixture ``durable``, which opens the same ledger for an owner, again and again."""

    @pytest.fixture
    def acceptance(self, durable: Open) -> AcceptanceLedger:
        return durable("one")

    def test_what_a_crash_left_in_doubt_can_be_settled_either_way(self, durable: Open) -> None:
        durable("one").claim(["committed", "lost"], 1.0)
        again = durable("one")
        assert again.unsettled() == [Doubt("one", 1.0, frozenset({"committed", "lost"}))]
        again.resolve(["committed"])
        assert again.unsettled() == []
        assert again.claim(["committed", "lost"], 2.0).accepted == {"committed"}

    def test_what_is_settled_is_not_in_doubt(self, durable: Open) -> None:
        first = durable("one")
        first.claim(["a"], 1.0)
        first.settle()
        assert durable("one").unsettled() == []
        first.claim(["b"], 2.0)
        first.claim(["c"], 3.0)
        assert durable("one").unsettled() == [Doubt("one", 3.0, frozenset({"c"}))]

    def test_two_instances_do_not_accept_the_same_case_at_once(self, durable: Open) -> None:
        one, two = durable("one"), durable("two")
        one.claim(["a"], 1.0)
        assert two.claim(["a", "b"], 1.0).elsewhere == {"a"}
        one.settle()
        assert two.claim(["a"], 2.0).accepted == {"a"}

    def test_what_another_instance_left_in_doubt_can_be_settled_in_its_place(self, durable: Open) -> None:
        durable("one").claim(["committed", "lost"], 1.0)
        two = durable("two")
        two.claim(["own"], 2.0)
        (doubt,) = two.others()
        assert (doubt.owner, doubt.case_ids) == ("one", {"committed", "lost"})
        two.inherit(doubt, ["committed"])
        assert two.others() == []
        assert [doubt.case_ids for doubt in two.unsettled()] == [{"own"}]
        claim = two.claim(["committed", "lost"], 3.0)
        assert (claim.accepted, claim.elsewhere) == ({"committed"}, frozenset())
        assert durable("one").unsettled() == []

    def test_an_instance_that_is_back_before_its_heir_keeps_what_it_claims_now(self, durable: Open) -> None:
        durable("one").claim(["a"], 1.0)
        two = durable("two")
        (doubt,) = two.others()
        again = durable("one")
        again.resolve([])
        again.claim(["a"], 2.0)
        two.inherit(doubt, [])
        assert two.claim(["a"], 3.0).elsewhere == {"a"}

    @pytest.mark.parametrize("way", ["claim", "settle", "resolve"])
    def test_what_was_inherited_from_an_instance_that_lives_is_not_taken_back_by_it(
        self, durable: Open, way: str
    ) -> None:
        one, two = durable("one"), durable("two")
        one.claim(["a"], 1.0)
        one.abandon()
        (doubt,) = two.others()
        two.inherit(doubt, [])
        assert two.claim(["a"], 2.0).accepted == frozenset()
        two.settle()
        {"claim": lambda: one.claim(["b"], 3.0), "settle": one.settle, "resolve": lambda: one.resolve([])}[way]()
        assert two.claim(["a"], 4.0).accepted == {"a"}

    def test_of_instances_that_race_for_a_case_one_accepts_it(self, durable: Open) -> None:
        ids = [f"case-{number}" for number in range(40)]
        start = threading.Barrier(4)

        def work(owner: int) -> list[Claim]:
            ledger = durable(str(owner))
            start.wait(30)
            return [ledger.claim(ids[at : at + 4], 1.0) for at in range(0, len(ids), 4)]

        with ThreadPoolExecutor(4) as pool:
            claims = [claim for claims in pool.map(work, range(4)) for claim in claims]
        refused = sum(len(claim.accepted | claim.elsewhere) for claim in claims)
        assert refused == 3 * len(ids)


class DeliveryContract:
    def test_a_later_result_replaces_an_earlier_one(self, delivery: DeliveryLedger) -> None:
        delivery.record([Entry("r1", "delivered", 1, 1.0)], {})
        delivery.record([Entry("r2", "refused", 3, 2.0)], {})
        delivery.record([Entry("r2", "delivered", 1, 3.0)], {})
        assert delivery.settled(["r1", "r2", "r3"]) == {"r1": "delivered", "r2": "delivered"}

    def test_lanes_remember_how_far_they_are(self, delivery: DeliveryLedger) -> None:
        delivery.record([], {Lane("adt", "p1"): 1, Lane("adt", "p2"): 7})
        delivery.record([], {Lane("adt", "p1"): 2})
        assert delivery.positions([Lane("adt", "p1"), Lane("adt", "p2"), Lane("oru", "p1")]) == {
            Lane("adt", "p1"): 2,
            Lane("adt", "p2"): 7,
        }

    def test_old_results_are_forgotten_but_lanes_stay(self, delivery: DeliveryLedger) -> None:
        delivery.record([Entry("r1", "delivered", 1, 1.0)], {Lane("adt", "p1"): 3})
        delivery.prune(2.0)
        assert delivery.settled(["r1"]) == {}
        assert delivery.positions([Lane("adt", "p1")]) == {Lane("adt", "p1"): 3}


class SqlAcceptanceContract(DurableAcceptanceContract):
    @pytest.fixture
    def durable(self, database: str) -> Open:
        return lambda owner: SqlAcceptanceLedger(ledger_engine(database), owner)

    @pytest.mark.parametrize("committed", [False, True], ids=["rolled back", "committed"])
    def test_a_claim_of_which_nobody_knows_whether_it_was_written_loses_and_doubles_nothing(
        self, database: str, committed: bool
    ) -> None:
        engine = ledger_engine(database)
        ledger = SqlAcceptanceLedger(engine, "one")
        ledger.claim(["published"], 1.0)
        with _answer_lost(engine, committed), pytest.raises(Unavailable):
            ledger.claim(["published", "never published"], 2.0)
        again = ledger.claim(["published", "never published"], 3.0)
        assert (again.accepted, again.elsewhere) == ({"published"}, frozenset())

    def test_what_failed_is_not_forgotten_when_the_database_goes_away_meanwhile(self, database: str) -> None:
        engine = ledger_engine(database)
        ledger = SqlAcceptanceLedger(engine, "one")
        ledger.claim(["a"], 1.0)
        ledger.abandon()
        for _ in range(2):
            with _answer_lost(engine, False), pytest.raises(Unavailable):
                ledger.claim(["b"], 2.0)
        assert ledger.claim(["a", "b"], 3.0).accepted == frozenset()

    def test_what_turns_out_not_to_be_on_the_bus_is_forgotten_and_taken_again(self, database: str) -> None:
        engine = ledger_engine(database)
        ledger = SqlAcceptanceLedger(engine, "one")
        for moment, case in enumerate(("old", "there", "lost"), 1):
            ledger.claim([case], float(moment))
            ledger.settle()
        operator = SqlAcceptanceLedger(engine, "operator")
        assert operator.accepted_since(2.0) == {"there", "lost"}
        operator.forget(operator.accepted_since(2.0) - {"there"})
        again = SqlAcceptanceLedger(engine, "two").claim(["old", "there", "lost"], 4.0)
        assert (again.accepted, again.elsewhere) == ({"old", "there"}, frozenset())


class SqlDeliveryContract(DeliveryContract):
    @pytest.fixture
    def delivery(self, database: str) -> DeliveryLedger:
        return SqlDeliveryLedger(ledger_engine(database), "folder")

    def test_destinations_share_a_database_without_sharing_results(self, database: str) -> None:
        engine = ledger_engine(database)
        SqlDeliveryLedger(engine, "one").record([Entry("r1", "delivered", 1, 1.0)], {Lane("adt", "p1"): 3})
        other = SqlDeliveryLedger(engine, "two")
        assert (other.settled(["r1"]), other.positions([Lane("adt", "p1")])) == ({}, {})

    def test_many_results_are_written_in_as_many_statements_as_few(self, database: str) -> None:
        engine = ledger_engine(database)
        statements: list[str] = []
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        counts = []
        for size in (1, 100):
            statements.clear()
            entries = [Entry(f"r{size}-{n}", "delivered", 1, 1.0) for n in range(size)]
            SqlDeliveryLedger(engine, "folder").record(entries, {Lane("adt", f"p{n}"): n for n in range(size)})
            counts.append(len(statements))
        assert counts[0] == counts[1] <= 3  # with BEGIN, where it is one of them
