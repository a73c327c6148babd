"""One worker a destination, each with its own thread, connection to the bus, ledger and audit chain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
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
    """All destinations of one process."""

    def __init__(self, destinations: Sequence[DestinationSettings], place: Workplace) -> None:
        self._destinations = destinations
        self._place = place
        self._pulses = [Pulse() for _ in destinations]
        self._failed: list[DeidstreamError] = []
        self.pulse: Pulse = _Together(self._pulses)

    def run(self, stop: threading.Event) -> None:
        """Delivers until ``stop`` is set. Raises Misconfigured when a destination's settings are wrong, or another instance
        of this process has taken over; then all stop."""
        threads = [
            threading.Thread(target=self._run_one, args=(settings, pulse, stop), name=f"delivery.{settings.name}")
            for settings, pulse in zip(self._destinations, self._pulses, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not threads:
            stop.wait()
        if self._failed:
            raise self._failed[0]

    def _run_one(self, settings: DestinationSettings, pulse: Pulse, stop: threading.Event) -> None:
        try:
            self._deliver(settings, pulse, stop)
        except DeidstreamError as error:
            self._failed.append(error)
        finally:
            stop.set()

    def _deliver(self, settings: DestinationSettings, pulse: Pulse, stop: threading.Event) -> None:
        place, name = self._place, settings.name
        waiting = Waiting(name, stop, pulse, place.telemetry)
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
            holds = HoldCounts(place.shelf, (f"delivery.{name}",))
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
                holds,
            )
            place.telemetry.watch_lag(f"delivery.{name}", lambda: loop.lag)
            place.telemetry.watch_holds(lambda: holds.latest)
            loop.run(stop)
        finally:
            bus.close()
            courier.close()


class _Together(Pulse):
    """The pulse of a process with several workers: it hangs when one does, and gets on as long as one does."""

    def __init__(self, pulses: Sequence[Pulse]) -> None:
        self._pulses = pulses

    @property
    def trouble(self) -> str:  # type: ignore[override]  # read only: the workers' own say it
        """The trouble of the first, when all are in trouble: one destination that is away is no reason to stop the others."""
        troubles = [pulse.trouble for pulse in self._pulses]
        return troubles[0] if troubles and all(troubles) else ""

    @property
    def alive(self) -> bool:
        """Whether all have turned lately."""
        return all(pulse.alive for pulse in self._pulses)
