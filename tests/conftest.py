"""Real servers that several packages of tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.kafka import Broker, broker


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One node."""
    with broker(tmp_path_factory.mktemp("kafka") / "cluster") as made:
        yield made
