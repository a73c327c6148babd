"""The suites of all stores, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from tests.adapters.hold.contract import SqlHoldContract
from tests.adapters.identity.contract import SqlIdentityContract
from tests.adapters.ledger.contract import SqlAcceptanceContract, SqlDeliveryContract

pytestmark = pytest.mark.full


class TestIdentity(SqlIdentityContract):
    pass


class TestHold(SqlHoldContract):
    pass


class TestAcceptance(SqlAcceptanceContract):
    pass


class TestDelivery(SqlDeliveryContract):
    pass
