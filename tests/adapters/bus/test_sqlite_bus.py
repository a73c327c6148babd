from pathlib import Path

import pytest
from deidstream.adapters.sqlite_bus import SqliteBusFactory

from tests.adapters.bus.contract import EmbeddedBusContract, MakeBus


@pytest.fixture
def make_bus(tmp_path: Path) -> MakeBus:
    return lambda limits: SqliteBusFactory(tmp_path / "bus.db", limits)


class TestSqliteBus(EmbeddedBusContract):
    pass
