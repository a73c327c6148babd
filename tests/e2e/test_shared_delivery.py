"""Two processes of delivery share the destinations; each destination gets everything once, whichever of them dies."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path
from urllib.request import urlopen

import pytest
from deidstream.stream.audit import entries_of
from deidstream.stream.stages import AUDIT

from tests.chaos.feed import messages, number_of
from tests.harness.client import cli, eventually, mllp
from tests.harness.deployment import Running, deployment

pytestmark = pytest.mark.slow

_MESSAGES = 150
_NAMES = ("one", "two", "three")


@pytest.fixture
def running(tmp_path: Path):
    places = {name: tmp_path / name for name in _NAMES}
    for place in places.values():
        place.mkdir()
    destinations = [
        {"name": name, "kind": "folder", "path": str(place), "projects": ["research"]} for name, place in places.items()
    ]
    with deployment(tmp_path / "site", {"replicas": {"delivery": 2}}, delivery={"destinations": destinations}) as up:
        up.start()
        up.wait_ready()
        yield up


def got(running: Running, name: str) -> Counter[int]:
    folder = running.folder.parent / name
    return Counter(number_of(path.read_bytes()) for path in folder.glob("*.hl7"))


def delivered_by(running: Running, number: int) -> float:
    """How many releases the process of delivery at place ``number`` has delivered, as it says itself."""
    page = urlopen(f"http://127.0.0.1:{running.health + number}/metrics").read().decode()
    found = re.findall(r'^deidstream_cases_total\{[^}]*outcome="delivered"[^}]*\} ([\d.]+)', page, re.MULTILINE)
    return sum(map(float, found))


def firsts(running: Running) -> list[int]:
    """The first process of delivery, when it is there."""
    commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in running.children()}
    return [child for child, command in commands.items() if b"--chain\0delivery\0--replica\x001\0" in command]


def told(running: Running) -> list[tuple[str, str, str]]:
    """Destination, release and code of each delivery that the audit tells of."""
    entries = [entry for record in running.bus.scan(AUDIT) for entry in entries_of(record)]
    found = [entry["details"] for entry in entries if entry["event"] == "release.delivered"]
    return [(one["destination"], one["release"], one["code"]) for one in found]


def test_destinations_are_shared_and_a_killed_process_loses_and_doubles_nothing(running: Running) -> None:
    feed = list(messages(_MESSAGES, seed=3))
    first, rest = feed[: _MESSAGES // 2], feed[_MESSAGES // 2 :]
    for message in first:
        mllp(running.mllp, message)
    assert eventually(lambda: all(len(got(running, name)) == len(first) for name in _NAMES))
    places = [one.number for one in running.configured.instances if one.chain == ("delivery",)]
    assert all(delivered_by(running, place) >= len(first) for place in places)
    for number, message in enumerate(rest):
        if number % 30 == 10:
            (process,) = eventually(lambda: firsts(running))
            os.kill(process, signal.SIGKILL)
        mllp(running.mllp, message)
    assert eventually(lambda: all(len(got(running, name)) >= _MESSAGES for name in _NAMES), 60)
    for name in _NAMES:
        assert got(running, name) == Counter(range(_MESSAGES))
    # The audit is written after the file. Who dies in between leaves it to a successor to tell, which finds it delivered before.
    assert eventually(
        lambda: len({(destination, release) for destination, release, _ in told(running)}) == len(_NAMES) * _MESSAGES
    )
    at_first = Counter((destination, release) for destination, release, code in told(running) if code != "before")
    assert max(at_first.values()) == 1
    assert cli(running, "audit", "verify").returncode == 0
