"""Our FHIR endpoint as HAPI's generic client sees it."""

from __future__ import annotations

import pytest

from tests.full.conftest import Exchange
from tests.full.java import Java

pytestmark = pytest.mark.full


def test_the_client_understands_every_answer(exchange: Exchange, java: Java) -> None:
    lines = java.run("FhirClient", exchange.base)
    assert lines[0].startswith("capabilities 4.0.1 instance ")
    assert int(lines[0].split()[-1]) > 140, "resource types that can be created, updated and deleted"
    assert lines[1:] == [
        "create 201 information true",
        "update 200 information false",
        "delete 200 information false",
        "transaction transaction-response 2 200 OK",
        "read 405 not-supported",
    ]
