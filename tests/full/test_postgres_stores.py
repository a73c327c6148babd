"""The suites of all stores, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from tests.adapters.archive.contract import SqlArchiveContract
from tests.adapters.hold.contract import SqlHoldContract
from tests.adapters.identity.contract import SqlIdentityContract
from tests.adapters.ledger.contract import SqlAcceptanceContract, SqlDeliveryContract
from tests.full.postgres import Postgres

pytestmark = pytest.mark.full


@pytest.fixture
def database(postgres: Postgres) -> str:
    return postgres.emptied()


class TestIdentity(SqlIdentityContract):
    pass


class TestArchive(SqlArchiveContract):
    pass


class TestHold(SqlHoldContract):
    pass


class TestAcceptance(SqlAcceptanceContract):
    pass


class TestDelivery(SqlDeliveryContract):
    pass
