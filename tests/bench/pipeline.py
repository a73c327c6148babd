"""A running deployment, watched from outside: what it has used, what it has still to do, what it has released."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.positions import Positions, SqlitePositions
from tests.bench.sender import Job, Sending, Sent
from tests.harness.deployment import Running, cpu_seconds, resident_bytes

__all__ = ["Load", "Pipeline", "chain_of"]

_STALLED = 60.0


@dataclass(slots=True)
class Load:
    """What a job cost and brought. ``samples`` are (seconds, releases committed) from its beginning on."""

    sent: Sent
    cpu: float
    """Of all processes of the deployment, less what they use when idle."""
    seconds: float
    released: int
    samples: list[tuple[float, int]] = field(default_factory=list)
    chains: dict[str, float] = field(default_factory=dict)
    """CPU of each chain, by its first stage; what it uses when idle is in it."""


class Pipeline:
    """A deployment that is ready. ``start_up`` is how many seconds that took. ``positions``: of a bus that is not embedded."""

    def __init__(self, running: Running, positions: Positions | None = None) -> None:
        self._running = running
        self.mllp, self.fhir = running.mllp, running.fhir
        began = time.monotonic()
        running.start()
        running.wait_ready(120.0)
        self.start_up = time.monotonic() - began
        self.start_up_cpu = self.cpu()
        self.idle = 0.0
        self.positions = positions or SqlitePositions(running.state)

    def measure_idle(self, seconds: float = 5.0) -> None:
        """How much CPU a second it uses when nothing comes (``idle``)."""
        before = self.cpu()
        time.sleep(seconds)
        self.idle = (self.cpu() - before) / seconds

    def run(self, job: Job, what: str) -> Load:
        """Sends ``job`` and waits until all of it has gone through. Shows progress."""
        used, began, before = self.cpu(), time.monotonic(), self.positions.released()
        chains = self.chains()
        samples: list[tuple[float, int]] = []
        sending = Sending(job, self._running.folder)

        def look() -> bool:
            samples.append((time.monotonic() - began, self.positions.released() - before))
            _show(f"{what}: {samples[-1][1]} of {len(job.requests)} released")
            return sending.done and not self.positions.backlog()

        try:
            self._until(look)
        finally:
            sending.stop()
        sent = sending.result()
        seconds = time.monotonic() - began
        cpu = self.cpu() - used - self.idle * seconds
        _show("")
        by_chain = {name: now - chains.get(name, 0.0) for name, now in self.chains().items()}
        return Load(sent, cpu, seconds, samples[-1][1], samples, by_chain)

    def cpu(self) -> float:
        """User and system seconds of the supervisor and its chains so far."""
        return cpu_seconds([*self._supervisor(), *self._running.children()])

    def chains(self) -> dict[str, float]:
        """User and system seconds of each chain so far."""
        return {chain_of(child): cpu_seconds([child]) for child in self._running.children()}

    def resident(self) -> dict[str, tuple[int, int]]:
        """For each process the bytes it holds, now and at most."""
        processes = dict(zip(("supervisor",), self._supervisor(), strict=False)) | {
            chain_of(child): child for child in self._running.children()
        }
        return {name: (resident_bytes(one), _peak(one)) for name, one in processes.items()}

    def _until(self, done: Callable[[], bool]) -> None:
        """Looks four times a second. Gives up when nothing has changed for a minute."""
        last, at = (-1, -1), time.monotonic()
        while not done():
            state = (self.positions.released(), self.positions.backlog())
            if state != last:
                last, at = state, time.monotonic()
            elif time.monotonic() - at > _STALLED:
                raise SystemExit(f"the pipeline stands still with {state[1]} records to do: see {self._running.folder}")
            time.sleep(0.25)

    def _supervisor(self) -> list[int]:
        return [self._running.supervisor.pid] if self._running.supervisor else []


def _show(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()
    elif not line:
        sys.stderr.write(".")
        sys.stderr.flush()


def chain_of(process: int) -> str:
    """The first stage of the chain that ``process`` runs; from the second replica on with its number."""
    arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    stage, replica = (arguments[arguments.index(name) + 1].decode() for name in (b"--chain", b"--replica"))
    return stage.partition("+")[0] + ("" if replica == "1" else f"_{replica}")


def _peak(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
