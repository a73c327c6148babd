"""Group commit: many connections hand cases in, one thread makes them durable together.

As soon as one commit is done, whatever has come in the meantime is the next one; so one synced commit serves a single
message at a quiet hour and a hundred at a busy one. A case that the ledger knows is not published again, and its sender gets the
same positive answer.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed, Unavailable, Unsafe
from deidstream.core.outcome import Audit, Quarantine
from deidstream.ports import AcceptanceLedger, Bus, Clock, KeyRing, Output
from deidstream.stream.audit import AuditChain
from deidstream.stream.claims import CASES, Claims, Lodging
from deidstream.stream.claims import RAW as RAW_AREA
from deidstream.stream.outputs import Outputs
from deidstream.stream.stages import RAW, inbox
from deidstream.stream.telemetry import Silent, Telemetry
from deidstream.wire import encode_case

__all__ = ["GroupCommit", "IntakeOptions"]

_PRUNE_EVERY = 600.0
_SETTLE_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """How much may wait, how much goes into one commit, and what is told of it."""

    waiting_cases: int = 20_000
    waiting_bytes: int = 64 << 20
    commit_cases: int = 500
    commit_bytes: int = 16 << 20
    patience_seconds: float = 15.0
    """How long a commit is tried again before the senders are told that it failed."""
    remember_seconds: float = 7 * 86_400.0
    """How long a message that is sent again is recognised."""
    raw: bool = False
    """Whether the same bytes also go to the raw log."""
    audit: AuditChain | None = None
    telemetry: Telemetry = field(default_factory=Silent)
    claims: Claims = field(default_factory=Claims)


@dataclass(slots=True)
class _Handed:
    """What one call handed in."""

    cases: Sequence[Case]
    size: int
    bad: Mapping[str, Malformed]
    marks: Mapping[str, str]
    done: Future[None] = field(default_factory=Future)


class GroupCommit:
    """The port ``Intake`` over a bus. Cases go to the inbox at the head of their itinerary.

    Call ``start``, and ``close`` at the end: it commits what waits. ``failed`` says why the thread has given up, if it has.
    """

    def __init__(
        self,
        bus: Bus,
        ledger: AcceptanceLedger,
        keys: KeyRing,
        clock: Clock,
        options: IntakeOptions | None = None,
    ) -> None:
        self._bus = bus
        self._ledger = ledger
        self._keys = keys
        self._clock = clock
        self._limits = options or IntakeOptions()
        self._waiting: deque[_Handed] = deque()
        self._in_hand: list[_Handed] = []
        self._cases = self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._unsettled = False
        self._pruned = clock.now()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self.failed: BaseException | None = None
        self.on_failure: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins to commit."""
        self._thread.start()

    def submit(
        self,
        cases: Sequence[Case],
        bad: Mapping[str, Malformed] | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> Future[None]:
        """See ``ports.Intake``."""
        handed = _Handed(cases, sum(len(case.source) for case in cases), bad or {}, marks or {})
        with self._changed:
            if self._closing or self.failed is not None:
                raise Unavailable("intake-closed", "ingest")
            if self._cases and (
                self._cases + len(cases) > self._limits.waiting_cases or self._bytes > self._room_left_for(handed.size)
            ):
                raise Unavailable("intake-full", "ingest")
            self._cases += len(cases)
            self._bytes += handed.size
            self._waiting.append(handed)
            self._changed.notify()
        return handed.done

    def accepted(self, ids: Sequence[str]) -> frozenset[str]:
        """See ``ports.Intake``."""
        return self._ledger.known(ids)

    @property
    def waiting(self) -> int:
        """Cases handed in and not yet durable."""
        return self._cases

    def close(self) -> None:
        """Commits what waits and ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _room_left_for(self, size: int) -> int:
        """How many bytes may wait already. What is larger than all the room comes in when half of it is free: small ones that keep
        coming would never leave it all of it."""
        limit = self._limits.waiting_bytes
        return limit - size if size <= limit else limit // 2

    def _run(self) -> None:
        try:
            while (group := self._next()) is not None:
                self._in_hand = group
                if group:
                    self._commit(group)
                elif self._unsettled:
                    self._settle()
        except BaseException as error:  # noqa: BLE001  # the senders must get an answer whatever went wrong
            self._give_up(error)

    def _settle(self) -> None:
        """While it is quiet; again and again, because after a minute other instances would take us for gone."""
        try:
            self._ledger.settle()
            self._unsettled = False
        except Unavailable:
            with self._changed:
                self._unsettled = not self._closing  # at the end the next start settles it
                if self._unsettled and not self._waiting:
                    self._changed.wait(_SETTLE_AGAIN)

    def _next(self) -> list[_Handed] | None:
        """The next group; [] when it is quiet; None at the end."""
        with self._changed:
            if not self._waiting and not self._closing:
                self._changed.wait(timeout=0.05 if self._unsettled else None)
            if not self._waiting:
                return None if self._closing and not self._unsettled else []
            group: list[_Handed] = []
            cases = size = 0
            while self._waiting and (
                not group or (cases < self._limits.commit_cases and size < self._limits.commit_bytes)
            ):
                handed = self._waiting.popleft()
                group.append(handed)
                cases, size = cases + len(handed.cases), size + handed.size
            return group

    def _commit(self, group: list[_Handed]) -> None:
        error: DeidstreamError | None = None
        refused: Mapping[int, DeidstreamError] = {}
        try:
            refused = self._publish(group)
        except Unavailable as raised:
            error = raised
        except (
            Unsafe
        ) as raised:  # one is too large for the bus, and nothing was committed: it must not hold back the others
            if len(group) > 1:
                for handed in group:
                    self._commit([handed])
                return
            error = raised
        with self._changed:
            self._cases -= sum(len(handed.cases) for handed in group)
            self._bytes -= sum(handed.size for handed in group)
        for number, handed in enumerate(group):
            _answer(handed.done, error or refused.get(number))

    def _publish(self, group: list[_Handed]) -> dict[int, DeidstreamError]:
        """Commits all that is new; says which hand-ins were not, by their number."""
        now, began = self._clock.now(), time.time()
        by_id = {case.id: case for handed in group for case in handed.cases}
        marks = {case_id: mark for handed in group for case_id, mark in handed.marks.items()}
        claim = self._ledger.claim([*by_id, *dict.fromkeys(marks.values())], now)
        self._unsettled = True
        late = _with_their_company(group, claim.elsewhere & by_id.keys()) - claim.accepted
        wanted = [case for case in by_id.values() if case.id not in claim.accepted and case.id not in late]
        bad = {case_id: error for handed in group for case_id, error in handed.bad.items()}
        # With the raw log, case and raw record name one artifact, which is kept as long as the raw log is.
        lodging = self._limits.claims.lodging(RAW_AREA if self._limits.raw else CASES)
        try:
            outputs, unfit = self._encode([case for case in wanted if case.id not in bad], lodging)
            aside = self._aside([case for case in wanted if case.id in bad], bad, now, lodging)
        except Unavailable:  # the artifact store is away, and there is no room to wait for it
            self._undo()
            raise
        if outputs or aside.records:
            taken = [case for case in wanted if case.id not in unfit]
            told = [_accepted(case) for case in taken] + aside.audit
            self._commit_patiently([*outputs, *aside.records, *self._audited(told, now)], lodging)
            counts = {"forward": len(taken) - aside.quarantined, "quarantine": aside.quarantined}
            counts = {outcome: count for outcome, count in counts.items() if count}
            self._limits.telemetry.handled("ingest", taken, began, counts)
            self._limits.telemetry.committed(())
        if unfit or late - claim.elsewhere or marks.keys() & late:
            # Those were claimed with the others but not committed: forget them, remember the others.
            fit = [case.id for case in wanted if case.id not in unfit]
            self._ledger.resolve([*fit, *(marks[one] for one in (*fit, *claim.accepted) if one in marks)])
            self._unsettled = False
        self._prune(now)
        failed = {**dict.fromkeys(late, Unavailable("accepted-elsewhere", "ingest")), **unfit}
        return _by_hand(group, failed) if failed else {}

    def _commit_patiently(self, outputs: list[Output], lodging: Lodging) -> None:
        """A full inbox or a slow disk delays senders; only when it lasts are they told to come back later."""
        deadline = time.monotonic() + self._limits.patience_seconds
        pause = 0.02
        while True:
            try:
                lodging.settle()
                self._bus.commit(outputs)
                break
            except Unsafe:
                self._undo()
                raise
            except Unavailable as error:
                self._limits.telemetry.retried(error.code)
                if time.monotonic() + pause > deadline or self._closing:
                    self._undo()
                    raise
            time.sleep(pause)
            pause = min(pause * 2, 0.5)
        if self._limits.audit is not None:
            self._limits.audit.committed()

    def _undo(self) -> None:
        self._ledger.abandon()
        if self._limits.audit is not None:
            self._limits.audit.rewind()

    def _audited(self, entries: Sequence[Audit], now: float) -> list[Output]:
        return [] if self._limits.audit is None else self._limits.audit.record(entries, now)

    def _aside(self, cases: Sequence[Case], bad: Mapping[str, Malformed], now: float, lodging: Lodging) -> Outputs:
        """What puts ``cases`` into quarantine."""
        made = Outputs(self._keys, now, lodging)
        for case in cases:
            error = bad[case.id]
            made.add("ingest", Quarantine(case, error.code, error.place))
        return made

    def _encode(self, cases: Sequence[Case], lodging: Lodging) -> tuple[list[Output], dict[str, DeidstreamError]]:
        outputs: list[Output] = []
        unfit: dict[str, DeidstreamError] = {}
        for case in cases:
            try:
                value = encode_case(case, self._keys, lodging.lodge)
            except Malformed as error:
                unfit[case.id] = error
                continue
            headers = {"case": case.id}
            outputs.append(Output(inbox(case.header.itinerary[0]), case.header.key, value, headers))
            if self._limits.raw:
                outputs.append(Output(RAW, case.header.key, value, headers))
        return outputs, unfit

    def _prune(self, now: float) -> None:
        if now - self._pruned > _PRUNE_EVERY:
            self._pruned = now
            self._ledger.prune(now - self._limits.remember_seconds)

    def _give_up(self, error: BaseException) -> None:
        with self._changed:
            self.failed = error
            rest = [*self._in_hand, *self._waiting]
            self._waiting.clear()
            self._in_hand = []
        for handed in rest:
            _answer(handed.done, Unavailable("intake-closed", "ingest"))
        self.on_failure()


def _accepted(case: Case) -> Audit:
    header = case.header
    details: dict[str, object] = {"source": header.source, "format": header.format, "bytes": len(case.source)}
    return Audit("case.accepted", case.id, details)


def _with_their_company(group: list[_Handed], elsewhere: frozenset[str]) -> frozenset[str]:
    """``elsewhere`` and what was handed in together with it: one commit takes them all, so that none overtakes another."""
    if not elsewhere:
        return elsewhere
    companies = (frozenset(case.id for case in handed.cases) for handed in group)
    return frozenset().union(*(company for company in companies if company & elsewhere))


def _by_hand(group: list[_Handed], bad: Mapping[str, DeidstreamError]) -> dict[int, DeidstreamError]:
    return {number: bad[case.id] for number, handed in enumerate(group) for case in handed.cases if case.id in bad}


def _answer(done: Future[None], error: BaseException | None) -> None:
    if done.done() or not done.set_running_or_notify_cancel():
        return  # the connection is gone; the case is durable all the same
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
