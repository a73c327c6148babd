"""A deployment that keeps identities, holds and ledgers in PostgreSQL."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import MllpPort, Pace, send_all

from tests.chaos.feed import messages, number_of
from tests.full.java import wait_for
from tests.full.postgres import PASSWORD, Postgres
from tests.harness.client import cli, eventually, fates, log_lines, message, mllp
from tests.harness.deployment import SHARED, Running, deployment

pytestmark = pytest.mark.full

COUNT = 400


def send(running: Running) -> int:
    """Sends the feed until each message is acknowledged; how many are."""
    pace = Pace(connections=4, rate=80.0, attempts=10_000, pause_seconds=0.05)
    address = MllpAddress("127.0.0.1", running.mllp, None, 2.0, 20.0)
    return sum(1 for one in send_all(messages(COUNT, 7), lambda: MllpPort(address), pace) if one.accepted)


def delivered(running: Running) -> Counter[int]:
    return Counter(number_of(path.read_bytes()) for path in running.released.rglob("*.hl7"))


def rows(postgres: Postgres, database: str, table: str) -> int:
    (row,) = postgres.run(f"SELECT count(*) FROM {table}", database.rpartition("/")[2])
    return int(str(row[0]))


@pytest.mark.parametrize("processes", [{}, SHARED], ids=["default", "replicas"])
def test_a_feed_is_released_exactly_once_while_the_database_server_is_restarted(
    postgres: Postgres, database: str, tmp_path: Path, processes: dict[str, object]
) -> None:
    there = {"name": "folder", "kind": "folder", "path": str(tmp_path / "released"), "projects": ["research"]}
    ordered = {"destinations": [there | {"ordered": True}]}
    with deployment(tmp_path, {"database": database, **processes}, delivery=ordered) as running:
        running.start()
        running.wait_ready()
        with ThreadPoolExecutor(1) as beside:
            fed = threading.Event()
            restarts = beside.submit(_restart, postgres, fed)
            assert send(running) == COUNT
            fed.set()
            assert restarts.result() > 1
        wait_for(lambda: len(delivered(running)) == COUNT, "all is delivered", 90)
        assert send(running) == COUNT  # again: each is known, and none is a second case
        assert mllp(running.mllp, message("H1", "8100001", identifiers="~8100002^^^STMARY^MR")) == ["CA"]
        assert eventually(lambda: {"held"} in fates(running).values())
        assert "identity-two-subjects" in cli(running, "hold", "list").stdout
        running.stop()
        assert delivered(running).total() >= COUNT
        assert {number: times for number, times in delivered(running).items() if times > 1} == {}
        assert (
            Counter(number_of(one.content) for one in running.releases() if b"2823-3" in one.content).total() == COUNT
        )
        assert running.quarantined() == 0
        assert rows(postgres, database, "accepted") + rows(postgres, database, "accepting") == COUNT + 1
        assert rows(postgres, database, "delivered") == rows(postgres, database, "subject_case") == COUNT
        assert not [path.name for path in running.state.glob("*.sqlite") if path.name != "bus.sqlite"]
        assert PASSWORD not in (tmp_path / "up.log").read_text()
        assert all(line["level"] in ("info", "warning") for line in log_lines(running))


def _restart(postgres: Postgres, fed: threading.Event) -> int:
    """How often, until the feed is over."""
    times = 0
    while not fed.wait(1.5):
        postgres.restart()
        times += 1
    return times


def test_a_deployment_without_tables_does_not_start_and_says_what_to_run(postgres: Postgres, tmp_path: Path) -> None:
    with deployment(tmp_path, {"database": postgres.new()}) as running:
        running.start()
        assert running.supervisor is not None
        assert running.supervisor.wait(60) == 2
        assert "run: deidstream database upgrade" in (tmp_path / "up.log").read_text()
        assert cli(running, "database", "upgrade").returncode == 0
        running.start()
        running.wait_ready()
        assert mllp(running.mllp, message("C1", "1")) == ["CA"]
        assert eventually(lambda: list(fates(running).values()) == [{"released"}])
