"""The loop that every stage runs in: poll, decode, handle, commit; and what happens when that fails.

1. A batch is polled and noted (``attempts``); its records become cases.
2. Stages take their cases in the order of the pipeline. A case whose next stage is in this process is handed on in memory.
3. What leaves the chain is encoded: held cases go on the shelf, the rest is committed with the positions in one transaction.
4. ``Unavailable``: nothing is committed, the batch is given back, and after a pause it is polled again.
   ``Malformed``, ``Unsafe`` and whatever a stage should not raise: the batch is halved until the culprit is alone; it goes to
   quarantine, and the others go on.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from deidstream.core.case import Case
from deidstream.core.errors import Malformed, Unavailable, Unsafe
from deidstream.core.outcome import Outcome
from deidstream.ports import REBALANCED, Bus, CaseArchive, Clock, HoldShelf, KeyRing, Record
from deidstream.stream import log
from deidstream.stream.archiving import Archiving
from deidstream.stream.attempts import Attempts
from deidstream.stream.audit import AuditChain
from deidstream.stream.claims import Claims
from deidstream.stream.health import Pulse
from deidstream.stream.holds import Due, HoldCounts, take_due, watched
from deidstream.stream.outputs import Outputs
from deidstream.stream.pace import BatchSize, Pace
from deidstream.stream.passage import Passage, Stage
from deidstream.stream.stages import inbox, sections_of
from deidstream.stream.telemetry import Silent, Telemetry
from deidstream.stream.trickle import Trickle
from deidstream.wire import decode_case

__all__ = ["DRAINED", "QUARANTINE_LIMIT", "Runner", "Stage", "Surroundings"]

DRAINED = 0
QUARANTINE_LIMIT = 4
"""Exit codes."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a loop works with."""

    bus: Bus
    keys: KeyRing
    shelf: HoldShelf
    audit: AuditChain
    attempts: Attempts
    clock: Clock
    telemetry: Telemetry = field(default_factory=Silent)
    pulse: Pulse = field(default_factory=Pulse)
    pace: Pace = field(default_factory=Pace)
    claims: Claims = field(default_factory=Claims)
    archive: CaseArchive | None = None

    def outputs(self) -> Outputs:
        """What one commit will publish."""
        archiving = Archiving(self.archive, self.keys) if self.archive is not None else None
        return Outputs(self.keys, self.clock.now(), self.claims.lodging(), archiving=archiving)


class Runner:
    """Runs ``stages`` (by name, in the order of the pipeline) until told to stop."""

    def __init__(self, stages: Mapping[str, Stage], around: Surroundings) -> None:
        self._stages = stages
        self._passage = Passage(stages, around.telemetry)
        self._of_inbox = {inbox(name): name for name in stages}
        self._sections = sections_of(stages)
        self._around = around
        self._pace = around.pace
        self._trickle = Trickle(around.bus, around.pace.linger_seconds)
        self._recent: deque[tuple[int, int]] = deque()
        self._size = BatchSize(self._pace)
        self._pause = 0.0
        self._ticked = self._looked = 0.0
        self.holds = HoldCounts(around.shelf, watched(stages))
        self.lag: Mapping[str, int] = {}
        """Records not yet done, a topic, as of lately."""
        self.cases = 0
        """Records done so far."""

    def run(self, stop: threading.Event) -> int:
        """Turns until ``stop`` is set; the batch in work is then finished. Returns an exit code. Raises Misconfigured."""
        if self._around.attempts.careful:
            log.emit("batch.suspect", logging.WARNING, partitions=self._around.attempts.suspects)
        while not stop.is_set():
            if self._turn(stop) and self._over_limit():
                return QUARANTINE_LIMIT
        return DRAINED

    def _turn(self, stop: threading.Event) -> bool:
        """One batch, or a tick. Whether anything was done."""
        records: Sequence[Record] = ()
        try:
            self._tick(stop)
            records = self._trickle.poll(self._limit(), self._pace.poll_seconds, self._pace.least_batch)
            if records:
                self._around.attempts.begin(records)
                self._batch(records, stop)
                self._around.attempts.done(records)
            else:
                self._around.attempts.quiet()
            self._around.pulse.beat()
            self._pause = 0.0
        except Unavailable as error:
            self._back_off(error, records, stop)
            return False
        return bool(records)

    def _batch(self, records: Sequence[Record], stop: threading.Event) -> None:
        began = time.perf_counter()
        outputs = self._around.outputs()
        for waiting in self._portions(records, outputs):
            self._passage.through(waiting, outputs)
            self._around.pulse.stir()
        self._commit(outputs, stop)
        self._account(len(records), outputs.quarantined, time.perf_counter() - began)

    def _portions(self, records: Sequence[Record], outputs: Outputs) -> Iterator[dict[str, list[Case]]]:
        """The cases in ``records``, in order, by the stage that they wait for; each portion a few, or one large one.

        Decoded one by one: what a record names in the artifact store is in memory no longer than its portion.
        """
        waiting: dict[str, list[Case]] = {}
        taken = 0
        for record in records:
            stage = self._of_inbox[record.topic]
            try:
                case = self._case(record)
            except (Malformed, Unsafe) as error:
                outputs.unreadable(stage, record, error.code, error.place)
                self._passage.refused(stage, record.headers.get("case", ""), error)
                continue
            size = max(len(record.value), len(case.source))
            if waiting and taken + size > self._pace.portion_bytes:
                yield waiting
                waiting, taken = {}, 0
            waiting.setdefault(stage, []).append(case)
            taken += size
        if waiting:
            yield waiting

    def _case(self, record: Record) -> Case:
        if self._around.attempts.deadly(record):
            raise Unsafe("killed-twice", self._of_inbox[record.topic])
        return decode_case(record.value, self._around.keys, self._sections, self._around.claims.fetch)

    def _commit(self, outputs: Outputs, stop: threading.Event) -> None:
        """Tries the same commit again while the bus is away, since the work is done; gives up when told to stop, or when the
        records have gone to another process."""
        around = self._around
        # Artifacts first, then shelf and archive, then the bus: what a record names is there before it.
        self._patiently(outputs.lodging.settle, stop)
        if outputs.held:
            around.shelf.put(outputs.held)
        if outputs.archiving is not None:
            outputs.archiving.put()
        outputs.records += around.audit.record(outputs.audit, outputs.now)
        self._patiently(lambda: around.bus.commit(outputs.records), stop)
        around.audit.committed()
        around.telemetry.committed(outputs.latencies)

    def _patiently(self, work: Callable[[], None], stop: threading.Event) -> None:
        while True:
            try:
                return work()
            except Unavailable as error:
                if stop.is_set() or error.code == REBALANCED:
                    raise
                self._wait(error, stop)

    def _tick(self, stop: threading.Event) -> None:
        """Lets stages do what time makes them do, and looks after what was held too long."""
        now = time.monotonic()
        if now - self._ticked < self._pace.tick_seconds:
            return
        self._ticked = now
        outputs = self._around.outputs()
        waiting: dict[str, list[Case]] = {}
        for name, stage in self._stages.items():
            tick: Callable[[float], list[Outcome]] | None = getattr(stage, "tick", None)
            if tick is not None:
                self._passage.hand_on(name, tick(outputs.now), (), waiting, outputs)
        due = self._due(now, waiting, outputs)
        self._passage.through(waiting, outputs)
        if outputs.records or outputs.held or outputs.audit:
            self._commit(outputs, stop)
        for one in due:
            self._around.shelf.take(one.stage, one.ids)

    def _due(self, now: float, waiting: dict[str, list[Case]], outputs: Outputs) -> list[Due]:
        if now - self._looked < self._pace.hold_seconds:
            return []
        self._looked = now
        self.lag = self._around.bus.lag()
        self.holds.look(outputs.now)
        found = []
        for name in watched(self._stages):
            around, handler = self._around, self._stages.get(name)
            due = take_due(around.shelf, around.keys, name, handler, outputs.now, around.claims.fetch)
            self._passage.hand_on(name, due.outcomes, (), waiting, outputs)
            if due.ids:
                found.append(due)
        return found

    def _limit(self) -> int:
        if self._around.attempts.careful:
            return 1
        return self._size.records

    def _account(self, records: int, quarantined: int, seconds: float) -> None:
        self.cases += records
        self._size.took(records, seconds)
        self._recent.append((records, quarantined))
        while sum(count for count, _ in self._recent) - self._recent[0][0] >= self._pace.quarantine_window:
            self._recent.popleft()

    def _over_limit(self) -> bool:
        total = sum(count for count, _ in self._recent)
        bad = sum(count for _, count in self._recent)
        if bad < self._pace.quarantine_least or bad <= self._pace.quarantine_share * total:
            return False
        log.emit("quarantine.limit", logging.ERROR, quarantined=bad, of=total)
        return True

    def _back_off(self, error: Unavailable, records: Sequence[Record], stop: threading.Event) -> None:
        self._around.bus.abort()
        self._around.audit.rewind()
        self._around.attempts.done(())
        self._wait(error, stop)

    def _wait(self, error: Unavailable, stop: threading.Event) -> None:
        """Pauses, twice as long each time, with jitter so that processes do not come back all at once."""
        self._pause = min(self._pace.longest_pause, max(self._pace.first_pause, 2 * self._pause))
        pause = self._pause * random.uniform(0.5, 1.0)
        self._around.pulse.beat(error.code)
        self._around.telemetry.retried(error.code)
        log.emit("batch.retried", logging.WARNING, code=error.code, place=error.place, pause=round(pause, 3))
        stop.wait(pause)
