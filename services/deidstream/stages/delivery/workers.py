"""One worker a destination, whichever process it is in, with its own thread, connection to the bus, ledger and audit chain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deidstream.core.errors import DeidstreamError
from deidstream.ports import BusFactory, Clock, DeliveryLedger, Destination, HoldShelf, KeyRing
from deidstream.stages.delivery.config import DestinationSettings
from deidstream.stages.delivery.service import Delivery
from deidstream.stream.audit import AuditChain
from deidstream.stream.claims import Claims
from deidstream.stream.health import Pulse
from deidstream.stream.holds import HoldCounts
from deidstream.stream.releases import ReleaseLoop, Waiting, open_parcel
from deidstream.stream.shares import LOOK_SECONDS, Shares
from deidstream.stream.stages import RELEASES
from deidstream.stream.telemetry import Telemetry

__all__ = ["Workers", "Workplace"]


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the workers share, and how each gets its own."""

    bus: BusFactory
    keys: KeyRing
    shelf: HoldShelf
    clock: Clock
    telemetry: Telemetry
    ledger: Callable[[str], DeliveryLedger]
    audit: Callable[[str], AuditChain]
    open: Callable[[DestinationSettings], Destination]
    claims: Claims = field(default_factory=Claims)


class Workers:
    """The destinations of one process: those that are its share of ``destinations``, or, without ``shares``, all."""

    def __init__(
        self, destinations: Sequence[DestinationSettings], place: Workplace, shares: Shares | None = None
    ) -> None:
        self._destinations = {one.name: one for one in destinations}
        self._place = place
        self._shares = shares
        self._crew: dict[str, _Worker] = {}
        self._failed: list[DeidstreamError] = []
        self._holds: dict[str, HoldCounts] = {}
        self._pulse = Pulse()
        self.pulse: Pulse = _Together(self._pulse, self._crew)

    def run(self, stop: threading.Event) -> None:
        """Delivers until ``stop`` is set. Raises Misconfigured when a destination's settings are wrong, or another instance
        of this process has taken over; then all stop."""
        try:
            while not stop.is_set():
                self._arrange(stop)
                self._pulse.beat()
                stop.wait(LOOK_SECONDS)
        finally:
            self._let_go(self._crew)
            for worker in self._crew.values():
                worker.thread.join()
            if self._shares is not None:
                self._shares.close()
        if self._failed:
            raise self._failed[0]

    def _arrange(self, stop: threading.Event) -> None:
        """Takes up what is ours now, and ends what is not any more: another process begins with it when it has ended here."""
        for name in [name for name, worker in self._crew.items() if not worker.thread.is_alive()]:
            del self._crew[name]
        names = list(self._destinations)
        ours = frozenset(names) if self._shares is None else self._shares.look(names, self._crew)
        self._let_go(self._crew.keys() - ours)
        for name in names:
            if name in ours and name not in self._crew:
                self._crew[name] = worker = _Worker()
                work = (self._destinations[name], worker, stop)
                worker.thread = threading.Thread(target=self._run_one, args=work, name=f"delivery.{name}")
                worker.thread.start()

    def _let_go(self, names: Iterable[str]) -> None:
        for name in names:
            self._crew[name].stop.set()

    def _run_one(self, settings: DestinationSettings, worker: _Worker, stop: threading.Event) -> None:
        try:
            self._deliver(settings, worker)
        except DeidstreamError as error:
            self._failed.append(error)
        finally:
            if not worker.stop.is_set():
                stop.set()

    def _deliver(self, settings: DestinationSettings, worker: _Worker) -> None:
        place, name = self._place, settings.name
        waiting = Waiting(name, worker.stop, worker.pulse, place.telemetry)
        courier = Delivery(
            settings,
            place.open(settings),
            place.ledger(name),
            place.shelf,
            lambda kind, sealed: open_parcel(kind, sealed, place.keys, place.claims),
            place.clock,
            waiting,
        )
        bus = place.bus.open(f"delivery.{name}", (RELEASES,), f"delivery.{name}")
        try:
            audit = place.audit(f"delivery.{name}")
            loop = ReleaseLoop(
                name,
                courier,
                bus,
                place.keys,
                audit,
                place.clock,
                waiting,
                settings.batch,
                place.telemetry,
                place.claims,
                self._counts(name),
            )
            place.telemetry.watch_lag(f"delivery.{name}", lambda: loop.lag)
            loop.run(worker.stop)
        finally:
            place.telemetry.watch_lag(f"delivery.{name}", dict)
            self._counts(name).forget()
            bus.close()
            courier.close()

    def _counts(self, name: str) -> HoldCounts:
        """Shown by this process while the destination is its own."""
        if name not in self._holds:
            self._holds[name] = found = HoldCounts(self._place.shelf, (f"delivery.{name}",))
            self._place.telemetry.watch_holds(lambda: found.latest)
        return self._holds[name]


@dataclass(slots=True)
class _Worker:
    """One destination's."""

    pulse: Pulse = field(default_factory=Pulse)
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread = field(default_factory=threading.Thread)


class _Together(Pulse):
    """The pulse of a process with several workers: it hangs when one does, and gets on as long as one does, or none is there."""

    def __init__(self, own: Pulse, crew: Mapping[str, _Worker]) -> None:
        self._own = own
        self._crew = crew

    @property
    def trouble(self) -> str:  # type: ignore[override]  # read only: the workers' own say it
        """The trouble of the first, when all are in trouble: one destination that is away is no reason to stop the others."""
        troubles = [worker.pulse.trouble for worker in tuple(self._crew.values())] or [self._own.trouble]
        return troubles[0] if all(troubles) else ""

    @property
    def alive(self) -> bool:
        """Whether all have turned lately."""
        return self._own.alive and all(worker.pulse.alive for worker in tuple(self._crew.values()))
