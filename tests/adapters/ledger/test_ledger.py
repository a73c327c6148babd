"""One contract, every ledger that needs no server."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger, MemoryDeliveryLedger
from deidstream.adapters.sqlite_ledger import SqliteAcceptanceLedger
from deidstream.core.errors import Unavailable
from deidstream.ports import AcceptanceLedger, DeliveryLedger, Doubt

from tests.adapters.ledger.contract import (
    AcceptanceContract,
    DeliveryContract,
    DurableAcceptanceContract,
    Open,
    SqlAcceptanceContract,
    SqlDeliveryContract,
)


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


class TestMemoryAcceptance(AcceptanceContract):
    @pytest.fixture
    def acceptance(self) -> AcceptanceLedger:
        return MemoryAcceptanceLedger()


class TestSqliteAcceptance(DurableAcceptanceContract):
    @pytest.fixture
    def durable(self, tmp_path: Path) -> Open:
        return lambda owner: SqliteAcceptanceLedger(tmp_path / "accepted.db", owner)


class TestSqlAcceptance(SqlAcceptanceContract):
    pass


class TestMemoryDelivery(DeliveryContract):
    @pytest.fixture
    def delivery(self) -> DeliveryLedger:
        return MemoryDeliveryLedger()


class TestSqlDelivery(SqlDeliveryContract):
    pass


def test_a_file_of_an_earlier_version_keeps_what_is_in_doubt(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "accepted.db")) as earlier:
        earlier.execute("CREATE TABLE in_doubt (owner TEXT PRIMARY KEY, case_ids TEXT NOT NULL) WITHOUT ROWID")
        earlier.execute("INSERT INTO in_doubt VALUES ('one', 'a b')")
        earlier.commit()
    ledgers = {owner: SqliteAcceptanceLedger(tmp_path / "accepted.db", owner) for owner in ("one", "two")}
    assert ledgers["one"].unsettled() == ledgers["two"].others() == [Doubt("one", 0.0, frozenset({"a", "b"}))]


def test_what_was_not_committed_is_not_accepted_because_the_ledger_was_away_when_it_was_told(tmp_path: Path) -> None:
    ledger = SqliteAcceptanceLedger(tmp_path / "accepted.db", "one")
    ledger._connection.execute("PRAGMA busy_timeout = 10")
    ledger.claim(["committed", "lost"], 1.0)
    with closing(sqlite3.connect(tmp_path / "accepted.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            ledger.resolve(["committed"])
    assert ledger.claim(["committed", "lost"], 2.0).accepted == {"committed"}
