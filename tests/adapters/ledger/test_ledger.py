"""One contract, every ledger that needs no server."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.adapters.memory_ledger import MemoryAcceptanceLedger, MemoryDeliveryLedger
from deidstream.adapters.sqlite_ledger import SqliteAcceptanceLedger
from deidstream.ports import AcceptanceLedger, DeliveryLedger

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
