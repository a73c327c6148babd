"""Several processes of a new deployment open its files at the same moment."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from deidstream.adapters.bus_limits import BusLimits
from deidstream.adapters.sql_engine import open_engine
from deidstream.adapters.sqlite_ledger import SqliteAcceptanceLedger
from deidstream.adapters.sqlite_locked import patiently
from deidstream.adapters.sqlite_log import SqliteLog


def _engine(path: Path, _: str) -> None:
    engine = open_engine(f"sqlite:///{path}")
    with engine.connect():
        pass
    engine.dispose()


def _ledger(path: Path, name: str) -> None:
    SqliteAcceptanceLedger(path, name)


def _bus(path: Path, _: str) -> None:
    SqliteLog(path, BusLimits()).close()


@pytest.mark.parametrize("opened", [_engine, _ledger, _bus])
def test_a_new_file_is_opened_by_all_at_once(opened: Callable[[Path, str], None], tmp_path: Path) -> None:
    start = threading.Barrier(4)

    def work(name: int) -> None:
        for turn in range(50):
            start.wait(30)
            opened(tmp_path / f"{turn}.db", str(name))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [None] * 4
    with closing(sqlite3.connect(tmp_path / "0.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_is_no_lock_is_not_waited_for(tmp_path: Path) -> None:
    tries: list[int] = []
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, pytest.raises(sqlite3.OperationalError):
        patiently(lambda: (tries.append(1), connection.execute("SELECT 1 FROM nowhere")))
    assert len(tries) == 1
