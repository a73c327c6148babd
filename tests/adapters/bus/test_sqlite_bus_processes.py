"""The SQLite bus between real processes, some of which are killed."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deidstream.adapters.sqlite_bus import SqliteBusFactory

from tests.adapters.bus.contract import outputs, publish

WORKER = Path(__file__).with_name("worker.py")

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def start(instance: str, pause: float = 0.002) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, str(WORKER), str(tmp_path / "bus.db"), instance, str(pause)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        assert process.stdout is not None
        started.append(process)
        assert process.stdout.readline() == b"joined\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_for(factory: SqliteBusFactory, count: int) -> list[tuple[str, int]]:
    until = time.monotonic() + 60
    while True:
        found = [(record.key, int(record.value)) for record in factory.scan("out")]
        if len(found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.02)


def assert_exactly_once_in_order(found: list[tuple[str, int]], count: int) -> None:
    assert sorted(number for _, number in found) == list(range(count))
    for key in {key for key, _ in found}:
        numbers = [number for other, number in found if other == key]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize("seed", [1, 2])
def test_members_killed_at_any_moment_lose_nothing_double_nothing_and_keep_order(
    tmp_path: Path, start: Start, seed: int
) -> None:
    chance = random.Random(seed)
    factory = SqliteBusFactory(tmp_path / "bus.db")
    members = {name: start(name) for name in ("one", "two")}
    for batch in range(10):
        publish(factory, outputs(150, keys=40, first=150 * batch))
        time.sleep(chance.uniform(0, 0.05))
        if batch % 2:
            victim = chance.choice(sorted(members))
            members[victim].kill()
            members[victim] = start(victim)
    assert_exactly_once_in_order(wait_for(factory, 1500), 1500)


def test_the_lanes_of_a_killed_member_go_to_the_others_without_its_restart(tmp_path: Path, start: Start) -> None:
    factory = SqliteBusFactory(tmp_path / "bus.db")
    start("survivor")
    victim = start("victim", pause=600)
    publish(factory, outputs(40, keys=40))
    time.sleep(0.3)
    victim.kill()  # and left a zombie: nobody waits for it before the end
    assert_exactly_once_in_order(wait_for(factory, 40), 40)


def test_processes_that_start_at_once_make_one_bus(tmp_path: Path) -> None:
    arguments = [sys.executable, str(WORKER), str(tmp_path / "bus.db")]
    processes = [subprocess.Popen([*arguments, str(n), "0"], stdout=subprocess.PIPE) for n in range(3)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"joined\n"
        factory = SqliteBusFactory(tmp_path / "bus.db")
        publish(factory, outputs(60, keys=60))
        assert_exactly_once_in_order(wait_for(factory, 60), 60)
    finally:
        for process in processes:
            process.kill()
            process.wait()
