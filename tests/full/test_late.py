"""Late identifiers on Kafka and PostgreSQL, killed on the way."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.test_late import SOON, first_of, noted, releases_of, second_of, taught
from tests.harness.client import cli, eventually
from tests.harness.deployment import SHARED, deployment
from tests.harness.kafka import Broker

pytestmark = pytest.mark.full

PEOPLE = [str(79000 + number) for number in range(6)]
ALWAYS = ("--from", "2020-01-01T00:00Z", "--to", "2099-01-01T00:00Z", "--project", "research")


def test_what_is_learned_late_supersedes_once_and_can_be_replayed(kafka: Broker, database: str, tmp_path: Path) -> None:
    places = {"bus": f"kafka://{kafka.servers}/late", "database": database}
    with deployment(tmp_path, SHARED | places, identity=SOON) as running:
        assert cli(running, "topics", "apply").returncode == 0
        running.start()
        running.wait_ready(120)
        cases = [noted(running, f"K{person}", person, "Quiltrane") for person in PEOPLE]
        old = [first_of(running, case) for case in cases]
        for person in PEOPLE:
            taught(running, f"T{person}", person, "Quiltrane")
        for child in running.children()[1:]:  # all but ingest
            os.kill(child, signal.SIGKILL)
        assert eventually(lambda: all(len(releases_of(running, case)) > 1 for case in cases), 150)
        new = [second_of(running, case) for case in cases]
        assert [one.supersedes for one in new] == [one.id for one in old]
        assert [len({one.id for one in releases_of(running, case)}) for case in cases] == [2] * len(cases)
        current = {f"{one.id}.hl7" for one in new}
        assert eventually(lambda: current <= {path.name for path in running.released.iterdir()}, 60)
        assert not [path for path in running.released.glob("*.hl7") if b"Quiltrane" in path.read_bytes()]

        ran = cli(running, "replay", *ALWAYS, "--policy", "hipaa-safe-harbor", "--diff", "--json")
        assert ran.returncode == 0, ran.stderr
        difference = json.loads(ran.stdout)["difference"]
        assert set(cases) <= set(difference["changed"])
        assert difference["unknown_before"] == 0
