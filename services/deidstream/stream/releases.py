"""The loop of delivery: one for each destination, each a group of its own on the releases topic."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from deidstream.core.errors import DeidstreamError, Malformed, Misconfigured, Unavailable, Unsafe
from deidstream.core.outcome import Audit
from deidstream.ports import Bus, Clock, KeyRing, Output, Record
from deidstream.stream import log
from deidstream.stream.audit import AuditChain
from deidstream.stream.claims import Claims
from deidstream.stream.health import Pulse
from deidstream.stream.holds import HoldCounts
from deidstream.stream.pace import Pace
from deidstream.stream.parcel import DELIVERED, RECALLED, REFUSED, Parcel, Result
from deidstream.stream.quarantine import quarantine_id
from deidstream.stream.stages import QUARANTINE, RELEASES
from deidstream.stream.telemetry import Silent, Telemetry
from deidstream.stream.trickle import Trickle
from deidstream.wire import LARGE, QuarantineRecord, decode_gap, decode_release, encode_quarantine

__all__ = ["Courier", "ReleaseLoop", "Waiting", "open_parcel"]

_PRUNE_EVERY = 3600.0
_PORTION = 32 << 20
"""Bytes of releases that are in memory together."""


class Courier(Protocol):
    """What a destination's worker does."""

    def handle(self, parcels: Sequence[Parcel]) -> list[Result]:
        """What was sent. What waits is durable elsewhere."""

    def tick(self, now: float) -> list[Result]:
        """What has waited long enough."""

    def prune(self, now: float) -> None:
        """Forgets what is old."""

    def wants(self, project: str) -> bool:
        """Whether releases of this project go here."""


def open_parcel(kind: str, sealed: bytes, keys: KeyRing, claims: Claims | None = None) -> Parcel:
    """From its kind (``release``, ``gap``) and wire form. Raises Malformed, Unsafe, and Unavailable without the store."""
    if kind == "gap":
        return Parcel(sealed, gap=decode_gap(sealed))
    return Parcel(sealed, release=decode_release(sealed, keys, claims.fetch if claims else None))


class Waiting:
    """What stands in the way of one destination: pauses, longer each time, until it is gone or the process must stop."""

    def __init__(self, destination: str, stop: threading.Event, pulse: Pulse, telemetry: Telemetry) -> None:
        self._destination = destination
        self._stop = stop
        self._pulse = pulse
        self._telemetry = telemetry
        self._telemetry.waiting(destination, False)
        self._pace = Pace()
        self._pause = 0.0

    @property
    def open(self) -> bool:
        """Whether the destination takes releases, as far as is known."""
        return not self._pause

    def __call__(self, error: DeidstreamError | None) -> bool:
        """Pauses for ``error``; None: the way is free. False when the process must stop."""
        if error is None:
            if self._pause:
                log.emit("delivery.resumed", destination=self._destination)
                self._telemetry.waiting(self._destination, False)
            self._pause = 0.0
            self._pulse.beat()
            return True
        self._pause = min(self._pace.longest_pause, max(self._pace.first_pause, 2 * self._pause))
        pause = self._pause * random.uniform(0.5, 1.0)
        self._pulse.beat(error.code)
        self._telemetry.retried(error.code)
        self._telemetry.waiting(self._destination, True)
        log.emit(
            "delivery.waiting",
            logging.WARNING,
            destination=self._destination,
            code=error.code,
            place=error.place,
            pause=round(pause, 3),
        )
        return not self._stop.wait(pause)


class ReleaseLoop:
    """Polls, lets the courier deliver, commits positions with audit and quarantine records."""

    def __init__(
        self,
        name: str,
        courier: Courier,
        bus: Bus,
        keys: KeyRing,
        audit: AuditChain,
        clock: Clock,
        waiting: Waiting,
        batch: int = 50,
        telemetry: Telemetry | None = None,
        claims: Claims | None = None,
        holds: HoldCounts | None = None,
    ) -> None:
        self._claims = claims
        self._holds = holds
        self._name = name
        self._courier = courier
        self._bus = bus
        self._keys = keys
        self._audit = audit
        self._clock = clock
        self._waiting = waiting
        self._batch = batch
        self._telemetry = telemetry or Silent()
        self._pace = Pace()
        self._trickle = Trickle(bus, self._pace.linger_seconds)
        self._ticked = self._pruned = self._looked = 0.0
        self.lag: Mapping[str, int] = {}
        """Records not yet done, a topic, as of lately."""

    def run(self, stop: threading.Event) -> None:
        """Turns until ``stop`` is set. Raises Misconfigured when another instance has taken over."""
        while not stop.is_set():
            try:
                self._tick()
                records = self._trickle.poll(self._batch, self._pace.poll_seconds, self._pace.least_batch)
                if records:
                    self._turn(records)
                elif self._waiting.open:
                    self._waiting(None)
            except Misconfigured:
                raise
            except DeidstreamError as error:
                self._give_back(error)
            except Exception as error:  # noqa: BLE001 - a fault in one destination must not take the others with it
                log.emit(
                    "stage.crashed",
                    logging.ERROR,
                    stage=self._name,
                    error=type(error).__name__,
                    at=log.crash_site(error),
                )
                self._give_back(Unavailable("destination-crashed", self._name))

    def _turn(self, records: Sequence[Record]) -> None:
        now, began = self._clock.now(), time.time()
        outputs: list[Output] = []
        results: list[Result] = []
        for parcels in self._portions(records, outputs, now):
            results += [_light(result) for result in self._courier.handle(parcels)]
        self._commit(results, outputs, now, began)

    def _portions(self, records: Sequence[Record], outputs: list[Output], now: float) -> Iterator[list[Parcel]]:
        """The parcels in order, so many at a time as may be in memory together; at least one portion, if of none."""
        arrived: list[Parcel] = []
        taken = 0
        for record in records:
            kind = record.headers.get("kind", "release")
            if kind == "release" and not self._courier.wants(record.headers.get("project", "")):
                continue  # not even fetched
            try:
                parcel = open_parcel(kind, record.value, self._keys, self._claims)
            except (Malformed, Unsafe) as error:
                outputs.append(self._quarantine(record.headers.get("case", ""), error, record.value, record.key, now))
                continue
            size = len(parcel.release.content) if parcel.release is not None else 0
            if arrived and taken + size > _PORTION:
                yield arrived
                arrived, taken = [], 0
            arrived.append(parcel)
            taken += size
        yield arrived

    def _tick(self) -> None:
        steady = time.monotonic()
        if steady - self._ticked < self._pace.tick_seconds:
            return
        self._ticked = steady
        now = self._clock.now()
        self._look(steady, now)
        results = self._courier.tick(now)
        if results:
            self._commit(results, [], now, now)
        if steady - self._pruned > _PRUNE_EVERY:
            self._pruned = steady
            self._courier.prune(now)

    def _look(self, steady: float, now: float) -> None:
        if steady - self._looked >= self._pace.hold_seconds:
            self._looked = steady
            self.lag = self._bus.lag()
            if self._holds is not None:
                self._holds.look(now)

    def _commit(self, results: Sequence[Result], outputs: list[Output], now: float, began: float) -> None:
        audits = []
        for result in results:
            audits += self._account(result)
            if result.status == REFUSED:
                outputs.append(self._refused(result, now))
        outputs += self._audit.record(audits, now)
        self._bus.commit(outputs)
        self._audit.committed()
        delivered = [
            result.parcel.release for result in results if result.status == DELIVERED and result.parcel.release
        ]
        self._telemetry.delivered(self._name, delivered, began)

    def _account(self, result: Result) -> list[Audit]:
        details: dict[str, object] = {"destination": self._name, "code": result.code}
        if result.place:
            details["place"] = result.place
        case, release = _case_id(result.parcel), result.parcel.release
        if release is None:
            return [Audit(f"release.{result.status}", case, details)]
        details |= {"release": release.id, "attempts": result.attempts}
        audits = [Audit(f"release.{result.status}", case, details)]
        for one in release.superseded if result.status == DELIVERED else ():
            recalled = {"destination": self._name, "release": one, "superseded_by": release.id}
            audits.append(Audit(f"release.{RECALLED}", case, dict(recalled)))
        return audits

    def _refused(self, result: Result, now: float) -> Output:
        release = result.parcel.release
        log.emit(
            "release.refused",
            logging.WARNING,
            destination=self._name,
            release=release.id if release else "",
            code=result.code,
            place=result.place,
            trace=release.trace if release else "",
        )
        error = Malformed(result.code, result.place)
        return self._quarantine(
            _case_id(result.parcel), error, result.parcel.sealed, release.key if release else "", now
        )

    def _quarantine(self, case_id: str, error: DeidstreamError, sealed: bytes, key: str, now: float) -> Output:
        name = quarantine_id(case_id)
        stage = f"delivery.{self._name}"
        record = QuarantineRecord(
            name, case_id, stage, RELEASES, error.code, error.place, now, sealed, key, kind="release"
        )
        return Output(QUARANTINE, key, encode_quarantine(record), {"case": case_id, "id": name})

    def _give_back(self, error: DeidstreamError) -> None:
        self._bus.abort()
        self._audit.rewind()
        self._waiting(error)


def _light(result: Result) -> Result:
    """Without the content of a large release: it is in memory no longer than its portion."""
    release = result.parcel.release
    if release is None or len(release.content) <= LARGE:
        return result
    return result._replace(parcel=replace(result.parcel, release=replace(release, content=b"")))


def _case_id(parcel: Parcel) -> str:
    if parcel.release is not None:
        return parcel.release.case_id
    return parcel.gap.case.id if parcel.gap is not None else ""
