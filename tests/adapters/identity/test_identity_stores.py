"""One contract, every identity store that needs no server."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from deidstream.adapters.memory_identity import MemoryIdentityStore
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.adapters.sql_identity import SqlIdentityStore
from deidstream.core.errors import Unavailable
from deidstream.ports import IdentityStore
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.identity.contract import Clock, IdentityContract, SqlIdentityContract, mr, name, resolve, seen, ss


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'identity.db'}"


class TestMemory(IdentityContract):
    @pytest.fixture
    def store(self, keys: MemoryKeyRing) -> IdentityStore:
        return MemoryIdentityStore(keys, Clock())


class TestSqlite(SqlIdentityContract):
    def test_the_file_holds_no_name_and_no_number_in_the_clear(
        self, store: SqlIdentityStore, database: str, tmp_path: Path
    ) -> None:
        resolve(store, seen(mr("MRN7654321"), ss("078051120"), known=name("Quisenberry", "Wilhelmina")))
        store.close()
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        for secret in (b"MRN7654321", b"078051120", b"Quisenberry", b"Wilhelmina", b"hosp"):
            assert secret not in content

    def test_a_database_that_cannot_be_opened_is_unavailable_and_says_nothing_of_content(
        self, store: SqlIdentityStore, keys: MemoryKeyRing, tmp_path: Path
    ) -> None:
        with pytest.raises(Unavailable):
            SqlIdentityStore(f"sqlite:///{tmp_path}/no/such/folder/identity.db", keys, Clock())
        store.close()
        lock = sqlite3.connect(tmp_path / "identity.db")
        lock.execute("DROP TABLE identifier")
        lock.commit()
        with pytest.raises(Unavailable) as caught:
            store.resolve([seen(mr("MRN7654321"))])
        assert "MRN" not in str(caught.value)


_PEOPLE = st.lists(
    st.tuples(st.sets(st.integers(0, 6), min_size=1, max_size=2), st.integers(0, 30)), min_size=1, max_size=25
)


@settings(max_examples=40, deadline=None)
@given(_PEOPLE, st.integers(1, 8))
def test_both_stores_say_the_same_whatever_the_batches(messages: list[tuple[set[int], int]], size: int) -> None:
    keys = MemoryKeyRing()
    memory = MemoryIdentityStore(keys, Clock())
    sql = SqlIdentityStore("sqlite://", keys, Clock())
    said = [
        seen(*(mr(str(number)) for number in sorted(numbers)), case=f"c{case}", known=name(f"F{case}", "G"))
        for numbers, case in messages
    ]
    said = list({one.case_id: one for one in said}.values())
    one_by_one = [found for one in said for found in memory.resolve([one])]
    batched = [found for at in range(0, len(said), size) for found in sql.resolve(said[at : at + size])]
    assert one_by_one == batched
    sql.close()
