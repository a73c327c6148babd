"""Names between processes, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from deidstream.adapters.sql_engine import open_engine
from deidstream.adapters.sql_locks import SqlLocks
from deidstream.core.errors import Unavailable

from tests.adapters.locks.contract import LocksContract, Open
from tests.full.postgres import Postgres

pytestmark = pytest.mark.full


@pytest.fixture
def database(postgres: Postgres) -> str:
    return postgres.emptied()


class TestPostgres(LocksContract):
    @pytest.fixture
    def open_(self, database: str) -> Iterator[Open]:
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(SqlLocks(open_engine(database))))

    @pytest.fixture
    def made(self, database: str) -> str:
        return (
            f"from deidstream.adapters.sql_engine import open_engine; from deidstream.adapters.sql_locks import SqlLocks\n"
            f"locks = SqlLocks(open_engine({database!r}))"
        )

    def test_who_loses_its_session_says_so_and_begins_anew(self, open_: Open, postgres: Postgres) -> None:
        """What it had may be with another by now."""
        one, two = open_(), open_()
        one.hold({"a", "b"})
        two.hold({"c"})
        postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'deidstream'")
        for locks in (one, two):
            with pytest.raises(Unavailable):
                locks.hold({"a", "b", "c"})
        assert two.hold({"a"}) == {"a"}
        assert one.hold({"a", "b"}) == {"b"}
