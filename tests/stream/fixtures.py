"""A bus in memory, stages that do what their cases say, and a chain to run them in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from deidstream.adapters.memory_bus import MemoryBusFactory
from deidstream.adapters.memory_hold import MemoryHold
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Header
from deidstream.core.errors import Malformed, Unavailable, Unsafe
from deidstream.core.outcome import Audit, Done, Forward, Gap, Hold, Outcome, Quarantine, Released
from deidstream.core.release import Release
from deidstream.ports import BusFactory, CaseArchive, HoldShelf, KeyRing, Output, Record
from deidstream.stream.chain import ChainOptions, StageSpec, run_chain
from deidstream.stream.claims import Claims
from deidstream.stream.health import Pulse
from deidstream.stream.pace import Pace
from deidstream.stream.stages import RELEASES, inbox
from deidstream.wire import decode_release, encode_case

__all__ = ["Deaf", "Scripted", "World", "case"]

QUICK = Pace(
    poll_seconds=0.01, linger_seconds=0.0, tick_seconds=0.01, hold_seconds=0.01, first_pause=0.001, longest_pause=0.01
)


def case(name: str, word: str = "", key: str = "k", itinerary: tuple[str, ...] = ("identify", "writer")) -> Case:
    """A case whose source is a word that tells ``Scripted`` what to do."""
    return Case(Header(name, "source", "hl7v2", 1000.0, itinerary, key), word.encode() or b"plain")


class Scripted:
    """A stage that does what the source of the case says, and remembers which batches it saw."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.batches: list[list[str]] = []
        self.away = 0
        self.on_tick: list[Outcome] = []

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        self.batches.append([one.id for one in cases])
        if self.away:
            self.away -= 1
            raise Unavailable("model-away", self.name)
        return [self._outcome(one) for one in cases]

    def tick(self, now: float) -> list[Outcome]:
        due, self.on_tick = self.on_tick, []
        return due

    def _outcome(self, one: Case) -> Outcome:
        word, _, where = one.source.decode().rstrip("\n").partition("@")
        if where in ("", self.name) and word != "plain":
            return self._special(one, word)
        stamped = one if one.header.sequence else one.with_header(sequence=5)
        audit = (Audit(f"{self.name}.done", one.id, {"count": 1}),)
        if len(one.header.itinerary) > 1:
            return Forward(stamped.advance(), audit)
        return Released(_release(stamped), audit)

    def _special(self, one: Case, word: str) -> Outcome:
        if word == "malformed":
            raise Malformed("bad-segment", "PID-3")
        if word == "unsafe":
            raise Unsafe("residue", "OBX-5")
        if word == "crash":
            raise ValueError(f"secret {one.source!r}")
        if word == "hold":
            return Hold(one, self.name, "contradiction", deadline=2000.0, group="g")
        if word == "gap":
            return Gap(one, "filtered", "study")
        if word == "quarantine":
            return Quarantine(one, "policy", "PID-5")
        if word == "surrogate":
            return Forward(replace(one, location="\ud800").advance())
        return Done(one.id)


def _release(one: Case) -> Release:
    header = one.header
    return Release(f"r-{one.id}", one.id, "study", "source", "hl7v2", header.key, 5, header.received, one.source)


class Deaf:
    """A bus factory whose commits fail as often as told."""

    def __init__(self, inner: BusFactory, failures: int, code: str = "bus-locked") -> None:
        self._inner = inner
        self._code = code
        self.failures = failures

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def open(self, group: str, inboxes: Sequence[str], instance: str) -> object:
        bus = self._inner.open(group, inboxes, instance)
        commit = bus.commit

        def failing(outputs: Sequence[Output]) -> None:
            if self.failures:
                self.failures -= 1
                raise Unavailable(self._code, "bus")
            commit(outputs)

        bus.commit = failing  # type: ignore[method-assign]
        return bus


class _Clock:
    at = 1500.0

    def now(self) -> float:
        return self.at


@dataclass
class World:
    """Everything around a chain, in memory."""

    state: Path
    bus: BusFactory = field(default_factory=MemoryBusFactory)
    keys: KeyRing = field(default_factory=MemoryKeyRing)
    shelf: HoldShelf = field(default_factory=MemoryHold)
    clock: _Clock = field(default_factory=_Clock)
    pace: Pace = QUICK
    claims: Claims = field(default_factory=Claims)
    archive: CaseArchive | None = None
    pulse: Pulse = field(default_factory=Pulse)

    def send(self, *cases: Case) -> None:
        """Publishes cases to the inboxes at the head of their itineraries."""
        lodging = self.claims.lodging()
        encoded = [(one.header, encode_case(one, self.keys, lodging.lodge)) for one in cases]
        lodging.settle()
        self.publish([Output(inbox(header.itinerary[0]), header.key, value) for header, value in encoded])

    def publish(self, outputs: Sequence[Output]) -> None:
        bus = self.bus.open("", [], "sender")
        bus.commit(outputs)
        bus.close()

    def run(self, *stages: Scripted, until: Callable[[], bool] | None = None, **options: object) -> int:
        """Runs a chain until its inboxes are done and ``until`` holds; returns its exit code."""
        stop = threading.Event()
        specs = [StageSpec(stage.name, stage) for stage in stages]
        topics = [inbox(stage.name) for stage in stages]
        result: list[int] = []

        def chain() -> None:
            chosen = ChainOptions("core-0", self.state, pace=self.pace, **options)  # type: ignore[arg-type]
            around = (self.bus, self.keys, self.shelf, chosen)
            more = {"clock": self.clock, "claims": self.claims, "archive": self.archive, "pulse": self.pulse}
            result.append(run_chain(specs, *around, stop=stop, **more))  # type: ignore[arg-type]

        thread = threading.Thread(target=chain)
        thread.start()
        deadline = time.monotonic() + 30
        while thread.is_alive() and time.monotonic() < deadline:
            if (until or (lambda: self._done(topics)))():
                stop.set()
            thread.join(0.002)
        assert not thread.is_alive(), "the chain did not end"
        return result[0]

    def released(self) -> list[Release]:
        """What was released, in order within a key."""
        kinds = [one for one in self.records(RELEASES) if one.headers["kind"] == "release"]
        return [decode_release(one.value, self.keys, self.claims.fetch) for one in kinds]

    def records(self, topic: str) -> Sequence[Record]:
        return self.bus.scan(topic)

    def _done(self, topics: Sequence[str]) -> bool:
        log = self.bus._log  # type: ignore[attr-defined]  # the test looks into the bus in memory
        with log.changed:
            heads = {lane: head for lane, head in log.heads.items() if lane[0] in topics}
            return all(log.done["deidstream", lane] == head for lane, head in heads.items())
