from pathlib import Path

import pytest
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.ports import HoldShelf

from tests.adapters.hold.contract import HoldContract, SqlHoldContract, held


class TestMemory(HoldContract):
    @pytest.fixture
    def shelf(self) -> HoldShelf:
        return MemoryHold()


class TestSqlite(SqlHoldContract):
    @pytest.fixture
    def database(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/hold.db"


def test_what_waits_never_shows_its_payload() -> None:
    assert "sealed" not in repr(held("a"))
