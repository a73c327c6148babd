"""A rolling upgrade under load: every process is replaced by one of another version, and back, while 100 messages a second come in.

    python -m tests.chaos.upgrade [--from REVISION] [--rate 100] [--messages 12000]

The other version is a revision of this repository with another wire form, installed beside this one; by default the one before
``protos/`` last changed. Both run at once, on a real Kafka: cases that one has written, the other reads. Prints figures, all in the
last line; exits 1 where a message was lost or doubled, or the 99th of a hundred took five seconds from when it was due to its file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.adapters.kafka_client import Cluster
from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import Pace, send_all
from deidstream.stream.instances import Instance

from tests.bench.figure import Figure, summary, table
from tests.bench.kafka.topics import apply
from tests.bench.parts import percentile
from tests.chaos.feed import messages, number_of
from tests.chaos.trial import Persistent, delivered, drain
from tests.harness.deployment import SHARED, Running, deployment, is_ready
from tests.harness.kafka import broker

__all__ = ["Fleet", "installed"]

_ROOT = Path(__file__).parents[2]
_P99_MS = 5_000
_CONNECTIONS = 16
_READY_SECONDS = 120.0
_ENDS_SECONDS = 60.0
_MENDED = ("services/deidstream/adapters/kafka_reading.py",)
"""What this version lends the other one: before it, an ingest process did not start while others wrote to its topic."""
_TWICE = {"ingest": 2, "text": 2, "delivery": 2}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.chaos.upgrade", description=__doc__)
    parser.add_argument("--from", dest="revision", default="")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--messages", type=int, default=12_000)
    given = parser.parse_args()
    revision = given.revision or before_the_wire_changed()
    with (
        tempfile.TemporaryDirectory(prefix="deidstream-upgrade-") as place,
        installed(revision, Path(place)) as old,
        broker(Path(place) / "kafka") as kafka,
    ):
        processes = {"bus": f"kafka://{kafka.servers}/upgrade", "chains": SHARED["chains"], "replicas": _TWICE}
        with deployment(Path(place) / "site", processes) as running:
            apply(Cluster(kafka.servers, "upgrade"), running.folder / "deidstream.yaml")
            fleet = Fleet(running, old)
            try:
                figures = _measured(fleet, given.messages, given.rate)
            finally:
                fleet.stop()
    print(f"from {revision} to what is checked out, and back")
    print(table(figures))
    print(summary(figures))
    return 0 if not any(figure.short for figure in figures) else 1


def before_the_wire_changed() -> str:
    """The last revision whose wire form is not that of what is checked out."""
    changed = _git("log", "-1", "--format=%H", "--", "protos").strip()
    return _git("rev-parse", f"{changed}^").strip()


@contextmanager
def installed(revision: str, place: Path) -> Iterator[Path]:
    """A folder that, first on PYTHONPATH, is deidstream as it was at ``revision``, with this environment's libraries."""
    source, target = place / "source", place / "old"
    _git("worktree", "add", "--quiet", "--detach", str(source), revision)
    for name in _MENDED:
        shutil.copyfile(_ROOT / name, source / name)
    try:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(source))
        subprocess.run(pip, check=True, timeout=300)
        yield target
    finally:
        _git("worktree", "remove", "--force", str(source))


@dataclass
class Fleet:
    """The processes of ``running``, each of the version that it was last started with; ``old``: where the other one is."""

    running: Running
    old: Path
    processes: dict[Instance, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, instance: Instance, old: bool) -> None:
        """Until it says that it is ready."""
        chain, log = "+".join(instance.chain), self.running.folder / f"{instance.name}.log"
        command = [
            sys.executable,
            "-m",
            "deidstream.cli.chains",
            "--config",
            str(self.running.folder / "deidstream.yaml"),
        ]
        command += ["--chain", chain, "--replica", str(instance.replica), "--number", str(instance.number)]
        environment = os.environ | ({"PYTHONPATH": str(self.old)} if old else {})
        with log.open("ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment)
        self.processes[instance] = process
        until = time.monotonic() + _READY_SECONDS
        while not is_ready(self.running.health + instance.number):
            if process.poll() is not None or time.monotonic() > until:
                raise TimeoutError(f"{instance.name} is not ready: see {log}")
            time.sleep(0.1)

    def replace(self, instance: Instance, old: bool) -> None:
        """As a StatefulSet does: the one drains and ends, then the other takes its name."""
        ended = self.processes.pop(instance)
        ended.terminate()
        if ended.wait(_ENDS_SECONDS) != 0:
            raise RuntimeError(f"{instance.name} ended with {ended.returncode}")
        self.start(instance, old)

    def roll(self, old: bool) -> None:
        """One after the other, the last stage first: who reads a newer wire form comes before who writes it."""
        for instance in reversed(self.running.configured.instances):
            self.replace(instance, old)

    def stop(self) -> None:
        """Drains and ends all."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(_ENDS_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


class _Rolling(threading.Thread):
    """Upgrades, then rolls back, while the feed goes on."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(daemon=True)
        self.fleet = fleet
        self.seconds: list[float] = []
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            for old in (False, True):
                began = time.monotonic()
                self.fleet.roll(old)
                self.seconds.append(time.monotonic() - began)
        except Exception as error:  # noqa: BLE001 - raised again where the figures are made
            self.failed = error


def _measured(fleet: Fleet, count: int, rate: float) -> list[Figure]:
    for instance in fleet.running.configured.instances:
        fleet.start(instance, old=True)
    rolling = _Rolling(fleet)
    address = MllpAddress("127.0.0.1", fleet.running.mllp, None, 2.0, 25.0)
    pace = Pace(_CONNECTIONS, rate, attempts=10_000, pause_seconds=0.05)
    rolling.start()
    began, due = time.monotonic(), time.time_ns()
    sent = list(send_all(messages(count, 1), lambda: Persistent(address), pace))
    feeding = time.monotonic() - began
    begun = [due + round(number * 1e9 / rate) for number in range(count)]
    still = rolling.is_alive()
    rolling.join()
    if rolling.failed is not None:
        raise rolling.failed
    accepted = {one.number for one in sent if one.accepted}
    drain(fleet.running, len(accepted))
    return _judged(fleet.running, begun, accepted, rolling.seconds, feeding, still)


def _judged(
    running: Running, begun: Sequence[int], accepted: set[int], seconds: Sequence[float], feeding: float, still: bool
) -> list[Figure]:
    files = Counter(number_of(content) for content in delivered(running))
    there = {number_of(path.read_bytes()): path.stat().st_ctime_ns for path in running.released.rglob("*.hl7")}
    waits = sorted(there[number] - begun[number] for number in accepted if number in there)
    upgrade, back = seconds
    return [
        Figure("lost", len(accepted - set(files)), "messages", "at most", 0),
        Figure("doubled", sum(1 for times in files.values() if times > 1), "messages", "at most", 0),
        Figure("refused", len(begun) - len(accepted), "messages", "at most", 0),
        Figure("quarantined", running.quarantined(), "messages", "at most", 0),
        Figure("upgrade_p99", percentile(waits, 0.99), "ms", "under", _P99_MS, "from when it was due to its file"),
        Figure("upgrade_p50", percentile(waits, 0.5), "ms"),
        Figure("upgrade_max", percentile(waits, 1), "ms"),
        Figure("rate", len(begun) / feeding, "messages/s", note="fed"),
        Figure("fed_throughout", 0 if still else 1, "", "at least", 1, "the feed outlasted upgrade and roll-back"),
        Figure("upgrade_seconds", upgrade, "s", note=f"{len(running.configured.instances)} processes, one by one"),
        Figure("rollback_seconds", back, "s"),
    ]


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(_ROOT), *arguments], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
