"""The deployment of the demo: its folder, its configuration, and ``deidstream up`` as a child process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from deidstream.cli.demo.ports import free_row
from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.stream.instances import instances

__all__ = ["FHIR", "MLLP", "Deployment", "running"]

MLLP = "adt"
"""Name of the HL7 source."""
FHIR = "fhir"
"""Name of the FHIR source."""

_READY_SECONDS = 60.0
_STOP_SECONDS = 40.0
_TURN = 0.1

_CONFIG = """\
# Made by "deidstream demo". Start it again with: deidstream up --config {config}
deployment:
  state: {state}
  health: {{port: {health}}}
ingest:
  mllp: [{{name: {mllp_name}, port: {mllp}}}]
  fhir: [{{port: {fhir}, sources: [{{name: {fhir_name}}}]}}]
identity:
  # The hospital's HL7 feed and its FHIR server number patients alike: both issue the same record numbers.
  issuer_aliases: {{stmary: [STMARY, "urn:oid:2.16.840.1.113883.19.5"]}}
resolver:
  projects: [{{name: research, policy: research-dates-shifted}}]
delivery:
  destinations: [{{name: folder, kind: folder, path: {released}, projects: [research]}}]
"""


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where everything of one demo lies, and the ports that it listens on."""

    folder: Path
    mllp: int
    fhir: int
    health: int

    @classmethod
    def prepare(cls, folder: Path) -> Deployment:
        """Writes the configuration, with ports that are free now. Raises Misconfigured when the folder is in use already."""
        mllp, fhir, *pages = free_row(2 + len(instances()))
        made = cls(folder.resolve(), mllp, fhir, pages[0])
        if made.config.exists():
            raise Misconfigured("demo-folder", "--dir", "holds an earlier demo; give a new folder")
        try:
            made.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made.config.write_text(made._configuration(), encoding="utf-8")
        except OSError as error:
            raise Misconfigured("demo-folder", "--dir", f"cannot be written (errno {error.errno})") from None
        return made

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "deidstream.yaml"

    @property
    def state(self) -> Path:
        """Bus, identities, ledgers, keys."""
        return self.folder / "state"

    @property
    def released(self) -> Path:
        """Where the destination writes."""
        return self.folder / "released"

    @property
    def log(self) -> Path:
        """What the processes say."""
        return self.folder / "pipeline.log"

    @property
    def pages(self) -> tuple[str, ...]:
        """The base addresses of the health pages, one a process."""
        return tuple(f"http://127.0.0.1:{self.health + number}" for number in range(len(instances())))

    def _configuration(self) -> str:
        return _CONFIG.format(
            config=self.config,
            state=_quoted(self.state),
            released=_quoted(self.released),
            health=self.health,
            mllp=self.mllp,
            fhir=self.fhir,
            mllp_name=MLLP,
            fhir_name=FHIR,
        )


@contextmanager
def running(deployment: Deployment) -> Iterator[subprocess.Popen[bytes]]:
    """``deidstream up`` on ``deployment``, ready when this yields, drained and gone when it ends.

    Raises Unavailable when it ends by itself or is not ready in time; its log says why.
    """
    command = [sys.executable, "-m", "deidstream.cli", "up", "--config", str(deployment.config)]
    with deployment.log.open("wb") as log:
        # A session of its own: Ctrl-C reaches the demo alone, which then lets the pipeline drain.
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _await_ready(deployment, child)
        yield child
    finally:
        _stop(child)


def _await_ready(deployment: Deployment, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _READY_SECONDS
    waiting = list(deployment.pages)
    while waiting:
        if child.poll() is not None:
            raise Unavailable("pipeline-ended", f"exit code {child.returncode}", f"see {deployment.log}")
        if time.monotonic() > until:
            raise Unavailable("pipeline-not-ready", f"{_READY_SECONDS:.0f} seconds", f"see {deployment.log}")
        waiting = [page for page in waiting if not _is_ready(page)]
        if waiting:
            time.sleep(_TURN)


def _is_ready(page: str) -> bool:
    try:
        with urlopen(f"{page}/readyz", timeout=2.0) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
