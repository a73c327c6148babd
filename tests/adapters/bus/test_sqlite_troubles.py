import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.adapters import sqlite_locked
from deidstream.adapters.bus_limits import BusLimits, assign, partition_of
from deidstream.adapters.liveness import is_alive, own_mark
from deidstream.adapters.sqlite_bus import SqliteBusFactory
from deidstream.adapters.sqlite_log import SqliteLog
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.ports import Output

from tests.adapters.bus.contract import IN, OUT, drain, outputs, publish


def test_a_full_disk_commits_nothing_and_later_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    factory = SqliteBusFactory(tmp_path / "bus.db")
    publish(factory, outputs(3))
    bus = factory.open("g", [IN], "one")
    records = drain(bus)
    log: SqliteLog = bus._log  # type: ignore[attr-defined]
    pages = log.rows("PRAGMA page_count")[0][0]
    log.rows(f"PRAGMA max_page_count = {pages}")
    big = [Output(OUT, record.key, bytes(100_000)) for record in records]
    with pytest.raises(Unavailable, match="disk-full"):
        bus.commit(big)
    assert factory.scan(OUT) == []
    log.rows("PRAGMA max_page_count = 1000000")
    bus.commit(big)
    assert len(factory.scan(OUT)) == 3
    assert drain(bus) == []


def test_a_locked_file_is_unavailable_and_not_an_error_of_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_locked, "_PATIENCE", 0.05)
    factory = SqliteBusFactory(tmp_path / "bus.db")
    bus = factory.open("", [], "one")
    other = sqlite3.connect(tmp_path / "bus.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="bus-locked"):
        bus.commit(outputs(1))
    other.execute("ROLLBACK")
    bus.commit(outputs(1))


@pytest.mark.parametrize("damage", [b"this is no database at all", bytes(4096)])
def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "bus.db"
    publish(SqliteBusFactory(path), outputs(3))
    with path.open("r+b") as file:
        file.write(damage)
    with pytest.raises(Misconfigured, match=r"bus-corrupt: bus\.db: move the file away"):
        SqliteBusFactory(path).open("g", [IN], "one")


def test_a_file_of_another_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bus.db"
    publish(SqliteBusFactory(path), outputs(1))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Misconfigured, match="bus-version"):
        SqliteBusFactory(path).open("g", [IN], "one")


def test_the_number_of_partitions_cannot_change(tmp_path: Path) -> None:
    path = tmp_path / "bus.db"
    publish(SqliteBusFactory(path), outputs(1))
    with pytest.raises(Misconfigured, match="bus-partitions"):
        publish(SqliteBusFactory(path, BusLimits(partitions=4)), outputs(1))


def test_a_folder_that_cannot_be_made_is_misconfigured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="bus-cannot-open"):
        SqliteBusFactory(tmp_path / "file" / "bus.db").open("g", [IN], "one")


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    publish(SqliteBusFactory(tmp_path / "bus.db"), outputs(1))
    os.umask(before)
    assert stat.S_IMODE((tmp_path / "bus.db").stat().st_mode) == 0o600


def test_a_commit_is_synced_before_it_returns(tmp_path: Path) -> None:
    log: SqliteLog = SqliteBusFactory(tmp_path / "bus.db").open("", [], "one")._log  # type: ignore[attr-defined]
    assert log.rows("PRAGMA synchronous") == [(2,)]
    assert log.rows("PRAGMA journal_mode") == [("wal",)]


def test_a_group_that_was_forgotten_holds_nothing_back(tmp_path: Path) -> None:
    factory = SqliteBusFactory(tmp_path / "bus.db")
    factory.open("gone", [OUT], "one").close()
    factory.forget("gone")
    log: SqliteLog = factory.open("", [], "x")._log  # type: ignore[attr-defined]
    assert log.rows("SELECT count(*) FROM shares") == [(0,)]


def test_a_killed_process_is_dead_though_nobody_has_waited_for_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=-1)
    assert child.stdout is not None
    child.stdout.read(1)
    started = Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    own = own_mark()
    mark = replace(own, pid=child.pid, started=started)
    assert is_alive(mark, own, 0)
    assert not is_alive(replace(mark, started="1"), own, 0), "the number was given to another process"
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(mark, own, 0)
    child.wait()
    assert not is_alive(mark, own, 0)


def test_a_process_of_another_boot_is_dead_and_one_of_another_container_lives_while_it_gives_signs() -> None:
    own = own_mark()
    boot = own.place.split()[0]
    assert not is_alive(replace(own, place="another-boot 1"), own, 0)
    assert is_alive(replace(own, place=f"{boot} another"), own, 10)
    assert not is_alive(replace(own, place=f"{boot} another"), own, 1000)


def test_the_partition_of_a_key_never_changes() -> None:
    # CRC-32 (ISO 3309) of "123456789" is CBF43926.
    assert partition_of("123456789", 8) == 0xCBF43926 % 8


@pytest.mark.parametrize(("lanes", "members"), [(8, 1), (8, 3), (8, 8), (8, 11), (5, 2)])
def test_lanes_are_spread_evenly_and_only_as_many_move_as_must(lanes: int, members: int) -> None:
    names = [f"m{n:02}" for n in range(members)]
    first = assign(range(lanes), names, {})
    counts = [list(first.values()).count(name) for name in names]
    assert max(counts) - min(counts) <= 1
    assert assign(range(lanes), names, first) == first
    second = assign(range(lanes), [*names, "new"], first)
    moved = [lane for lane in range(lanes) if first[lane] != second[lane]]
    assert all(second[lane] == "new" for lane in moved)
    assert len(moved) == lanes // (members + 1)
