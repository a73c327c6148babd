"""What a deployment depends on, taken away for a while: the store, the database, the disk, the destination; and its own size."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.faults import BrokerFault, Fault
from tests.full.postgres import Postgres
from tests.full.seaweed import Seaweed
from tests.harness.deployment import Running, is_ready

__all__ = ["DatabaseOutages", "DestinationOutages", "FullBroker", "FullDisk", "StoreOutages", "Twins"]

_LAST_WORDS = 2.0
"""Seconds a broker takes to end after it could not write."""


class StoreOutages(Fault):
    """The S3 server dies and comes back, or stands still."""

    pauses = (3.0, 8.0)

    def __init__(self, running: Running, seed: int, server: Seaweed) -> None:
        super().__init__(running, seed)
        self.server = server

    def strike(self) -> None:
        assert self.server.process is not None
        if self.random.random() < 0.5:
            self.server.process.send_signal(signal.SIGSTOP)
            self.done.wait(self.random.uniform(2.0, 12.0))
            self.server.process.send_signal(signal.SIGCONT)
            self.count["store paused"] += 1
        else:
            self.server.kill()
            self.done.wait(self.random.uniform(0.0, 3.0))
            self.server.start()
            self.count["store killed"] += 1


class DatabaseOutages(Fault):
    """PostgreSQL is stopped without tidying up, or stands still."""

    pauses = (3.0, 8.0)

    def __init__(self, running: Running, seed: int, server: Postgres) -> None:
        super().__init__(running, seed)
        self.server = server

    def strike(self) -> None:
        if self.random.random() < 0.5:
            with self.server.stopped():
                self.done.wait(self.random.uniform(2.0, 12.0))
            self.count["database paused"] += 1
        else:
            self.server.stop(signal.SIGQUIT)
            self.done.wait(self.random.uniform(0.0, 3.0))
            self.server.start()
            self.count["database killed"] += 1


class FullDisk(Fault):
    """The disk with the state, the log and the destination's folder has no room for a while."""

    pauses = (3.0, 7.0)

    def strike(self) -> None:
        with filled(self.running.folder):
            self.count["disk full"] += 1
            self.done.wait(self.random.uniform(1.0, 5.0))


class FullBroker(BrokerFault):
    """The broker's disk has no room for a while. A broker that cannot write its log ends, and is started again."""

    pauses = (3.0, 7.0)

    def strike(self) -> None:
        with filled(self.broker.nodes[0].folder):
            self.count["disk full"] += 1
            self.done.wait(self.random.uniform(1.0, 5.0))
        time.sleep(_LAST_WORDS)
        for node in self.broker.nodes:
            if node.process is not None and node.process.poll() is not None:
                self.count["broker ended"] += 1
                node.restart()


class DestinationOutages(Fault):
    """Nobody may write where the destination is."""

    pauses = (2.0, 6.0)

    def strike(self) -> None:
        self.running.released.chmod(0)
        self.done.wait(self.random.uniform(1.0, 8.0))
        self.running.released.chmod(0o755)
        self.count["destination"] += 1


class Twins(Fault):
    """One more process of the chain after identify comes, works for a while, and leaves: drained, or by kill -9."""

    pauses = (0.5, 2.0)

    def strike(self) -> None:
        number = len(self.running.configured.instances)
        replica = str(1 + sum("text" in one.chain for one in self.running.configured.instances))
        command = [
            sys.executable,
            "-m",
            "deidstream.cli.chains",
            "--config",
            str(self.running.folder / "deidstream.yaml"),
        ]
        command += ["--chain", "fields+text+resolver+writer", "--replica", replica, "--number", str(number)]
        with (self.running.folder / "up.log").open("ab") as log:
            twin = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not is_ready(self.running.health + number) and twin.poll() is None and not self.done.wait(0.1):
            pass
        self.done.wait(self.random.uniform(2.0, 8.0))
        drained = self.random.random() < 0.5
        twin.send_signal(signal.SIGTERM if drained else signal.SIGKILL)
        twin.wait(60)
        self.count["twin drained" if drained else "twin killed"] += 1


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Without room there, until the end."""
    junk = folder / "junk"
    try:
        with junk.open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
    except OSError:
        yield
    finally:
        junk.unlink()


def small_disk(folder: Path, megabytes: int) -> None:
    """Mounts one at ``folder``. Raises CalledProcessError where that is not allowed."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)


def gone(folder: Path) -> None:
    """Takes it away again."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def mountable() -> bool:
    """Whether a small disk can be had: root alone does not say so, a container may forbid it."""
    if os.geteuid() or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as place:
        try:
            small_disk(Path(place) / "disk", 1)
        except subprocess.CalledProcessError:
            return False
        gone(Path(place) / "disk")
    return True
