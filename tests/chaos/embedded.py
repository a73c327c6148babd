"""kill -9 of any process at any moment, in the middle of a feed, seeded: every acknowledged message released exactly once.

    python -m tests.chaos.embedded [--seeds 10] [--messages 2000]

Prints a row a seed and its figures last, in one line; exits 1 when anything was lost, doubled or quarantined.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import MllpPort, Pace, send_all

from tests.chaos.feed import messages, number_of
from tests.harness.deployment import SHARED, Running, deployment

_RATE = 150.0
_DRAIN_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Result:
    """What one seed showed."""

    seed: int
    acknowledged: int
    kills: Counter[str]
    lost: int
    doubled: int
    delivered_otherwise: int
    quarantined: int
    seconds: float

    @property
    def good(self) -> bool:
        """Whether every promise held."""
        return not (self.lost or self.doubled or self.delivered_otherwise or self.quarantined)


class Killer(threading.Thread):
    """Kills one process after another, the supervisor too, and starts the supervisor again."""

    def __init__(self, running: Running, seed: int) -> None:
        super().__init__(daemon=True)
        self._running = running
        self._random = random.Random(seed)
        self._done = threading.Event()
        self.kills: Counter[str] = Counter()

    def run(self) -> None:
        """Until ``finish``."""
        while not self._done.wait(self._random.uniform(0.2, 1.5)):
            supervisor = self._running.supervisor
            if supervisor is None:
                continue
            if self._random.random() < 0.15:
                supervisor.kill()
                supervisor.wait()
                self.kills["supervisor"] += 1
                self._running.start()
            elif children := self._running.children():
                victim = self._random.choice(children)
                name = _chain_of(victim)
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                self.kills[name] += 1

    def finish(self) -> None:
        """No more kills."""
        self._done.set()
        self.join()


def run(seed: int, count: int) -> Result:
    """One seed."""
    began = time.monotonic()
    with _deployed(seed) as running:
        running.start()
        running.wait_ready()
        killer = Killer(running, seed)
        killer.start()
        pace = Pace(connections=4, rate=_RATE, attempts=10_000, pause_seconds=0.05)
        address = MllpAddress("127.0.0.1", running.mllp, None, 2.0, 10.0)
        sent = list(send_all(messages(count, seed), lambda: MllpPort(address), pace))
        acknowledged = {one.number for one in sent if one.accepted}
        killer.finish()
        _drain(running, len(acknowledged))
        released = Counter(number_of(release.content) for release in running.releases())
        files = Counter(number_of(path.read_bytes()) for path in running.released.rglob("*.hl7"))
        return Result(
            seed,
            len(acknowledged),
            killer.kills,
            sum(1 for number in acknowledged if not released[number]),
            sum(1 for times in released.values() if times > 1),
            sum(1 for number in released | files if released[number] != files[number]),
            running.quarantined(),
            time.monotonic() - began,
        )


@contextmanager
def _deployed(seed: int) -> Iterator[Running]:
    """Every other seed with a chain that two processes share."""
    with (
        tempfile.TemporaryDirectory(prefix="deidstream-chaos-") as folder,
        deployment(Path(folder), SHARED if seed % 2 else None) as running,
    ):
        yield running


def _drain(running: Running, expected: int) -> None:
    """Until as many files are there as were acknowledged, and a little longer, for those too many."""
    until = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < until and sum(1 for _ in running.released.rglob("*.hl7")) < expected:
        time.sleep(0.2)
    time.sleep(1.0)


def _chain_of(process: int) -> str:
    try:
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return arguments[arguments.index(b"--chain") + 1].decode().partition("+")[0]
    except (OSError, ValueError):
        return "starting"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1)
    given = parser.parse_args()
    print(
        f"{'seed':>4} {'acked':>6} {'lost':>5} {'doubled':>7} {'delivered!=':>11} {'quarantined':>11} {'seconds':>7}  kills"
    )
    results = []
    for seed in range(given.first, given.first + given.seeds):
        one = run(seed, given.messages)
        results.append(one)
        kills = " ".join(f"{name}:{count}" for name, count in sorted(one.kills.items()))
        print(
            f"{one.seed:>4} {one.acknowledged:>6} {one.lost:>5} {one.doubled:>7} {one.delivered_otherwise:>11} "
            f"{one.quarantined:>11} {one.seconds:>7.1f}  {kills}",
            flush=True,
        )
    good = all(one.good and one.acknowledged == given.messages for one in results)
    print(
        f"chaos-embedded: seeds={len(results)} acknowledged={sum(one.acknowledged for one in results)} "
        f"kills={sum(one.kills.total() for one in results)} lost={sum(one.lost for one in results)} "
        f"doubled={sum(one.doubled for one in results)} {'ok' if good else 'FALLS SHORT'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
