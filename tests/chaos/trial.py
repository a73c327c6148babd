"""One trial: a feed with known numbers goes in while faults strike; what was acknowledged is compared with what came out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import MllpPort, Pace, send_all
from deidstream.core.release import Release

from tests.chaos.faults import Fault
from tests.chaos.feed import PLANTED, messages, number_of
from tests.harness.deployment import Running

__all__ = ["Result", "report", "trial"]

_QUIET_SECONDS = 45.0
_COLUMNS = (
    f"{'kind':<14} {'seed':>4} {'acked':>6} {'lost':>5} {'doubled':>7} {'disorder':>8} {'delivered!=':>11} {'quarantined':>11} "
    f"{'leaks':>5} {'seconds':>7}  faults"
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one trial showed. ``delivered_otherwise``: messages that the destination has another number of times than the bus.

    ``disordered``: releases that come before one of the same subject with a lower sequence. ``leaks``: files of the bus, the state
    and the logs in which something planted can be read.
    """

    kind: str
    seed: int
    sent: int
    acknowledged: int
    faults: Counter[str]
    lost: int
    doubled: int
    disordered: int
    delivered_otherwise: int
    quarantined: int
    seconds: float
    leaks: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every promise held, and everything was acknowledged in the end."""
        wrong = (
            self.lost + self.doubled + self.disordered + self.delivered_otherwise + self.quarantined + len(self.leaks)
        )
        return not wrong and self.acknowledged == self.sent

    def __str__(self) -> str:
        faults = " ".join(f"{name}:{count}" for name, count in sorted(self.faults.items()))
        return (
            f"{self.kind:<14} {self.seed:>4} {self.acknowledged:>6} {self.lost:>5} {self.doubled:>7} {self.disordered:>8} "
            f"{self.delivered_otherwise:>11} {self.quarantined:>11} {len(self.leaks):>5} {self.seconds:>7.1f}  {faults}"
        )


def trial(
    kind: str, seed: int, count: int, rate: float, running: Running, faults: Sequence[Fault], *more: Path
) -> Result:
    """``running`` is ready; ``faults`` strike while it is fed. ``more``: further folders in which nothing planted may lie."""
    began = time.monotonic()
    for fault in faults:
        fault.start()
    pace = Pace(connections=4, rate=rate, attempts=10_000, pause_seconds=0.05)
    address = MllpAddress("127.0.0.1", running.mllp, None, 2.0, 25.0)
    sent = list(send_all(messages(count, seed), lambda: MllpPort(address), pace))
    acknowledged = {one.number for one in sent if one.accepted}
    for fault in faults:
        fault.finish()
    _drain(running, len(acknowledged))
    releases = running.releases()
    released = Counter(number_of(release.content) for release in releases)
    files = Counter(number_of(path.read_bytes()) for path in running.released.rglob("*.hl7"))
    return Result(
        kind,
        seed,
        count,
        len(acknowledged),
        sum((fault.count for fault in faults), Counter()),
        sum(1 for number in acknowledged if not released[number]),
        sum(1 for times in released.values() if times > 1),
        _disordered(releases),
        sum(1 for number in released | files if released[number] != files[number]),
        running.quarantined(),
        time.monotonic() - began,
        _leaks((running.state, running.folder / "up.log", *more)),
    )


def report(name: str, trials: Iterable[Callable[[], Result]]) -> int:
    """Runs and prints them, a row each, and their figures last, in one line; 1 when any promise was broken, else 0."""
    print(_COLUMNS)
    results = []
    for run in trials:
        results.append(run())
        print(results[-1], flush=True)
    print(_summary(name, results))
    return 0 if all(one.good for one in results) else 1


def _summary(name: str, results: Sequence[Result]) -> str:
    good = all(one.good for one in results)
    return (
        f"{name}: trials={len(results)} acknowledged={sum(one.acknowledged for one in results)} "
        f"faults={sum(one.faults.total() for one in results)} lost={sum(one.lost for one in results)} "
        f"doubled={sum(one.doubled for one in results)} disordered={sum(one.disordered for one in results)} "
        f"leaks={sum(len(one.leaks) for one in results)} {'ok' if good else 'FALLS SHORT'}"
    )


def _drain(running: Running, expected: int) -> None:
    """Until as many files are there as were acknowledged, or none has come for long; and a little longer, for those too many."""
    count, since = -1, time.monotonic()
    while count < expected and time.monotonic() - since < _QUIET_SECONDS:
        time.sleep(0.2)
        now = sum(1 for _ in running.released.rglob("*.hl7"))
        if now != count:
            count, since = now, time.monotonic()
    time.sleep(1.0)


def _disordered(releases: Iterable[Release]) -> int:
    """``releases`` as they lie in the topic, each partition in order."""
    reached: dict[tuple[str, str, str], int] = {}
    wrong = 0
    for one in releases:
        lane = (one.project, one.source, one.key)
        wrong += one.sequence < reached.get(lane, 0)
        reached[lane] = max(one.sequence, reached.get(lane, 0))
    return wrong


def _leaks(places: Iterable[Path]) -> list[str]:
    """Everything on disk: the bus too, since what the broker keeps is there."""
    files = [path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*")))]
    found = []
    for path in files:
        if path.is_file() and path.suffix != ".jsa":
            content = path.read_bytes()
            found += [path.name for word in PLANTED if word in content]
    return found
