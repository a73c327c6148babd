import pytest
from deidstream.adapters.memory_bus import MemoryBusFactory

from tests.adapters.bus.contract import EmbeddedBusContract, MakeBus


@pytest.fixture
def make_bus() -> MakeBus:
    return MemoryBusFactory


class TestMemoryBus(EmbeddedBusContract):
    pass
