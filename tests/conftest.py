"""Real servers that several packages of tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.certificates import Certificates, make_certificates
from tests.harness.kafka import Broker, Secured, broker, secured_broker


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One node."""
    with broker(tmp_path_factory.mktemp("kafka") / "cluster") as made:
        yield made


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """One node that asks who comes, and what that user may."""
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with secured_broker(tmp_path_factory.mktemp("secured") / "kafka", certificates) as made:
        yield made


@pytest.fixture(scope="session")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """From an authority that the secured broker does not know."""
    return make_certificates(tmp_path_factory.mktemp("strangers"))
