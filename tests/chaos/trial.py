"""One trial: a feed with known numbers goes in while faults strike; what was acknowledged is compared with what came out."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.adapters.fhir_client import FhirAddress
from deidstream.adapters.mllp_client import MllpAddress
from deidstream.adapters.sending import FhirPort, MllpPort, Pace, send_all
from deidstream.adapters.sql_hold import SqlHold
from deidstream.core.errors import Unavailable
from deidstream.core.release import Release
from deidstream.stream.orphans import named, orphans

from tests.chaos.faults import Fault
from tests.chaos.feed import PLANTED, messages, number_of, observations
from tests.harness.deployment import Running

__all__ = ["QUIET_SECONDS", "Persistent", "Result", "delivered", "drain", "report", "trial"]

QUIET_SECONDS = 120.0
_SETTLED_SECONDS = 6.0
"""Longer than what becomes known late waits to be searched for."""
_FHIR_SHARE = 5
"""Of so many messages one comes as FHIR."""
_PROVENANCE = b'"Provenance"'
_COLUMNS = (
    f"{'kind':<14} {'seed':>4} {'acked':>6} {'lost':>5} {'doubled':>7} {'disorder':>8} {'delivered!=':>11} {'quarantined':>11} "
    f"{'leaks':>5} {'orphans':>7} {'seconds':>7}  faults"
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one trial showed.

    ``doubled``: releases that are there twice, and messages of which two stand. ``disordered``: releases that come before one of
    the same subject with a lower sequence. ``delivered_otherwise``: messages that the destination has another number of times than
    the bus. ``leaks``: files of the bus, the state and the logs in which something planted can be read. ``orphans``: artifacts
    that nothing names and that collecting did not find, or that are named and gone.
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
    orphans: int = 0
    leaks: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether every promise held, and everything was acknowledged in the end."""
        wrong = self.lost + self.doubled + self.disordered + self.delivered_otherwise + self.quarantined + self.orphans
        return not wrong and not self.leaks and self.acknowledged == self.sent

    def __str__(self) -> str:
        faults = " ".join(f"{name.replace(' ', '-')}:{count}" for name, count in sorted(self.faults.items()))
        return (
            f"{self.kind:<14} {self.seed:>4} {self.acknowledged:>6} {self.lost:>5} {self.doubled:>7} {self.disordered:>8} "
            f"{self.delivered_otherwise:>11} {self.quarantined:>11} {len(self.leaks):>5} {self.orphans:>7} {self.seconds:>7.1f}  "
            f"{faults}"
        )


def trial(
    kind: str,
    seed: int,
    count: int,
    rate: float,
    running: Running,
    faults: Sequence[Fault],
    places: Sequence[Path] = (),
    large: int = 0,
    quiet: float = QUIET_SECONDS,
) -> Result:
    """``running`` is ready; ``faults`` strike while it is fed. ``places``: further folders in which nothing planted may lie.
    ``large``: every so many-th HL7 message is. ``quiet``: after so many seconds without a release nothing more is expected."""
    began = time.monotonic()
    for fault in faults:
        fault.start()
    acknowledged, refused = _fed(running, count, seed, rate, large)
    for fault in faults:
        fault.finish()
    drain(running, len(acknowledged), quiet)
    releases = [release for release in running.releases() if _PROVENANCE not in release.content]
    ids = Counter(release.id for release in releases)
    recalled = {old for release in releases for old in release.superseded}
    standing = {release.id: release for release in releases if release.id not in recalled}
    released = Counter(number_of(release.content) for release in standing.values())
    files = Counter(number_of(content) for content in delivered(running))
    return Result(
        kind,
        seed,
        count,
        len(acknowledged),
        sum((fault.count for fault in faults), refused),
        sum(1 for number in acknowledged if not released[number]),
        sum(1 for times in (*ids.values(), *released.values()) if times > 1),
        _disordered(release for release in releases if not release.superseded),
        sum(1 for number in released | files if released[number] != files[number]),
        running.quarantined(),
        time.monotonic() - began,
        _astray(running),
        _leaks((running.state, *running.folder.glob("*.log"), *places)),
    )


def _fed(running: Running, count: int, seed: int, rate: float, large: int) -> tuple[set[int], Counter[str]]:
    """The numbers of the messages that were acknowledged, each sent until it was; and with what others were refused for good."""
    fhir = count // _FHIR_SHARE
    hl7 = count - fhir
    mllp_address = MllpAddress("127.0.0.1", running.mllp, None, 2.0, 25.0)
    fhir_address = FhirAddress(f"http://127.0.0.1:{running.fhir}/fhir")
    with ThreadPoolExecutor(2) as both:
        lab = both.submit(
            lambda: list(
                send_all(messages(hl7, seed, large), lambda: Persistent(mllp_address), _pace(4, rate * hl7 / count))
            )
        )
        api = both.submit(
            lambda: list(
                send_all(observations(fhir, seed, hl7), lambda: FhirPort(fhir_address), _pace(2, rate * fhir / count))
            )
        )
        refused = Counter(f"refused {one.status}" for one in (*lab.result(), *api.result()) if not one.accepted)
        of_lab = {one.number for one in lab.result() if one.accepted}
        return of_lab | {one.number + hl7 for one in api.result() if one.accepted}, refused


class Persistent(MllpPort):
    """A sender that sends again what was turned away for now."""

    def send(self, message: bytes) -> tuple[bool, str]:
        """See ``Port``."""
        accepted, code = super().send(message)
        if code in ("AE", "CE"):
            raise Unavailable(f"answered-{code.lower()}", "mllp")
        return accepted, code


def _pace(connections: int, rate: float) -> Pace:
    return Pace(connections=connections, rate=rate, attempts=10_000, pause_seconds=0.05)


def delivered(running: Running) -> Iterator[bytes]:
    """What recipients find: neither Provenance nor notices of what was recalled."""
    for path in running.released.rglob("*.*"):
        if path.suffix in (".hl7", ".json") and path.parent.name != "recalled":
            with suppress(FileNotFoundError):  # recalled at this moment
                content = path.read_bytes()
                if _PROVENANCE not in content:
                    yield content


def _astray(running: Running) -> int:
    """Of what the artifact store holds after collecting: what nothing names, and of what is named what it does not hold."""
    store, shelf = running.process().artifacts(), SqlHold(running.configured.database_url("hold"))
    if store is None:
        return 0
    for one in orphans(store, running.bus, shelf, time.time() + 60):
        store.delete(one.key)
    there = {one.key for area in ("raw", "cases", "releases") for one in store.list(f"{area}/")}
    return len(there ^ named(running.bus, shelf))


def report(name: str, trials: Iterable[Callable[[], Result]]) -> int:
    """Runs and prints them, a row each, and their figures last, in one line; 1 when any promise was broken or a trial broke off."""
    print(_COLUMNS, flush=True)
    results, broken_off = [], 0
    for run in trials:
        try:
            results.append(run())
        except Exception:  # noqa: BLE001 - the others are wanted all the same
            traceback.print_exc()
            broken_off += 1
        else:
            print(results[-1], flush=True)
    good = bool(results) and not broken_off and all(one.good for one in results)
    print(_summary(name, results, broken_off, "ok" if good else "FALLS SHORT"))
    return 0 if good else 1


def _summary(name: str, results: Sequence[Result], broken_off: int, verdict: str) -> str:
    return (
        f"{name}: trials={len(results)} broken_off={broken_off} acknowledged={sum(one.acknowledged for one in results)} "
        f"faults={sum(one.faults.total() for one in results)} lost={sum(one.lost for one in results)} "
        f"doubled={sum(one.doubled for one in results)} disordered={sum(one.disordered for one in results)} "
        f"leaks={sum(len(one.leaks) for one in results)} orphans={sum(one.orphans for one in results)} "
        f"{verdict}"
    )


def drain(running: Running, expected: int, quiet: float = QUIET_SECONDS) -> None:
    """Until as many are there as were acknowledged and none has changed for a while, or nothing has come for long."""
    found: list[bytes] = []
    since = time.monotonic()
    while time.monotonic() - since < (_SETTLED_SECONDS if len(found) >= expected else quiet):
        time.sleep(0.5)
        now = sorted(delivered(running))
        if now != found:
            found, since = now, time.monotonic()


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
