"""A real deployment on loopback: configuration, ``deidstream up``, its processes, and what came out of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.adapters.opening import open_bus
from deidstream.cli.demo.ports import free_row
from deidstream.core.release import Release
from deidstream.ports import BusFactory
from deidstream.stages.process import Process
from deidstream.stream import quarantine
from deidstream.stream.deployment import Deployment
from deidstream.stream.instances import Instance
from deidstream.stream.settings import Settings
from deidstream.stream.stages import RELEASES
from deidstream.wire import decode_release

SHARED = {
    "chains": [["ingest"], ["identify"], ["fields", "text", "resolver", "writer"], ["delivery"]],
    "replicas": {"text": 2},
}
"""Two processes share the work that comes after identify."""
_MOST_PROCESSES = 8
ISSUERS = {"stmary": ["STMARY", "urn:oid:2.16.840.1.113883.19.5"]}


@dataclass(slots=True)
class Running:
    """A deployment in ``folder``. ``mllp``, ``fhir`` and ``health`` are its ports."""

    folder: Path
    mllp: int
    fhir: int
    health: int
    supervisor: subprocess.Popen[bytes] | None = None
    log: Any = field(default=None, repr=False)

    @property
    def released(self) -> Path:
        """Where the folder destination writes."""
        return self.folder / "released"

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / "state"

    @property
    def configured(self) -> Deployment:
        """The section ``deployment`` of its configuration."""
        return Deployment.of(Settings.load(self.folder / "deidstream.yaml"))

    def start(self) -> None:
        """Starts the supervisor and waits until every chain says that it is ready."""
        self.log = self.log or (self.folder / "up.log").open("ab")
        command = [sys.executable, "-m", "deidstream.cli", "up", "--config", str(self.folder / "deidstream.yaml")]
        self.supervisor = subprocess.Popen(
            [*_as_any_user(), *command], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Until every chain's ``/readyz`` answers 200."""
        until = time.monotonic() + seconds
        for port in range(self.health, self.health + len(self.configured.instances)):
            while not is_ready(port):
                if time.monotonic() > until or (self.supervisor and self.supervisor.poll() is not None):
                    raise TimeoutError(f"chain at {port} is not ready: see {self.folder / 'up.log'}")
                time.sleep(0.1)

    def children(self) -> list[int]:
        """Process ids of the chains."""
        return [] if self.supervisor is None else _children(self.supervisor.pid)

    def stop(self) -> None:
        """Drains and ends; whatever does not end is killed."""
        if self.supervisor is None:
            return
        children = self.children()
        self.supervisor.send_signal(signal.SIGTERM)
        try:
            self.supervisor.wait(40)
        except subprocess.TimeoutExpired:
            self.supervisor.kill()
            for child in children:
                os.kill(child, signal.SIGKILL)
        self.supervisor = None

    @property
    def bus(self) -> BusFactory:
        """The bus of this deployment."""
        return open_bus(Deployment.of(Settings.load(self.folder / "deidstream.yaml")).bus_url)

    def releases(self) -> list[Release]:
        """Everything on the releases topic, opened."""
        keys = FileKeyRing(self.state / "keys", create=False)
        fetch = self.process().claims.fetch
        records = self.bus.scan(RELEASES)
        kinds = [record for record in records if record.headers.get("kind") == "release"]
        return [decode_release(record.value, keys, fetch) for record in kinds]

    def process(self) -> Process:
        """The deployment as an operator's command opens it."""
        return Process.of(Settings.load(self.folder / "deidstream.yaml"), Instance(()))

    def quarantined(self) -> int:
        """How many cases are in quarantine."""
        return len(quarantine.list_open(self.bus))


@contextmanager
def deployment(folder: Path, processes: dict[str, Any] | None = None, **sections: Any) -> Iterator[Running]:
    """A deployment with one MLLP and one FHIR source, one watched folder, one project and a folder destination.

    ``processes``: chains and replicas, where they are not the default. ``sections`` replace those of the configuration.
    """
    running = Running(folder, *free_row(2 + _MOST_PROCESSES)[:3])
    (folder / "drop").mkdir(parents=True, exist_ok=True)
    running.released.mkdir(exist_ok=True)
    tree = {
        "deployment": {"state": str(running.state), "health": {"port": running.health}} | (processes or {}),
        "ingest": {
            "mllp": [{"name": "adt", "port": running.mllp}],
            "fhir": [{"port": running.fhir, "sources": [{"name": "fhir"}]}],
            "folders": [{"name": "drop", "path": str(folder / "drop"), "settle_seconds": 0.2}],
        },
        "identity": {"issuer_aliases": ISSUERS},
        "resolver": {"projects": [{"name": "research"}]},
        "delivery": {
            "destinations": [
                {"name": "folder", "kind": "folder", "path": str(running.released), "projects": ["research"]}
            ]
        },
    }
    (folder / "deidstream.yaml").write_text(yaml.safe_dump(tree | sections))
    try:
        yield running
    finally:
        running.stop()


def cpu_seconds(processes: Sequence[int]) -> float:
    """User and system time of ``processes`` so far."""
    ticks = 0
    for process in processes:
        after_name = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(after_name[11]) + int(after_name[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_bytes(process: int) -> int:
    """Memory that ``process`` holds now."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def _as_any_user() -> list[str]:
    """Root that reads and writes only what it may: as the service does, which is not root."""
    if os.geteuid() or not shutil.which("setpriv"):
        return []
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"]


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[1]) == parent and fields[0] != "Z":
                found.append(int(entry.name))
    return sorted(found)


def is_ready(port: int) -> bool:
    """Whether the process with its health pages at ``port`` says that it is."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
