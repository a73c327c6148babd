"""One destination: what goes there, in which order, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from deidstream.ports import Clock, Committing, DeliveryLedger, Destination, Entry, HoldShelf
from deidstream.stages.delivery.batches import Batches
from deidstream.stages.delivery.config import DestinationSettings, DicomDestinationSettings
from deidstream.stages.delivery.lanes import Lanes
from deidstream.stages.delivery.pending import Pending, Place
from deidstream.stages.delivery.sending import Sending, Wait
from deidstream.stages.delivery.states import overtaken
from deidstream.stream.parcel import DELIVERED, RECALLED, Open, Parcel, Result, releases, standing

__all__ = ["Delivery"]


class _Arrangement(Protocol):
    def handle(self, parcels: Sequence[Parcel]) -> list[Result]: ...
    def tick(self, now: float) -> list[Result]: ...


class Delivery:
    """The worker of one destination, without its loop."""

    def __init__(
        self,
        settings: DestinationSettings,
        destination: Destination,
        ledger: DeliveryLedger,
        shelf: HoldShelf,
        open_: Open,
        clock: Clock,
        wait: Wait,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._destination = destination
        self._clock = clock
        self._states = settings.kind == "fhir"
        sending = Sending(destination, ledger, clock, wait, settings.error_attempts, states=self._states)
        self._arrangement: _Arrangement = _Direct(sending)
        if settings.ordered:
            self._arrangement = Lanes(settings, sending, ledger, shelf, open_, clock)
        elif settings.rejoin:
            self._arrangement = Batches(settings, sending, ledger, shelf, open_, clock)
        elif (
            isinstance(settings, DicomDestinationSettings)
            and settings.commitment
            and isinstance(destination, Committing)
        ):
            place = Place(ledger, shelf, open_, clock, wait)
            self._arrangement = Pending(settings, sending, destination, place, settings.commitment.outstanding)

    def handle(self, parcels: Sequence[Parcel]) -> list[Result]:
        """Delivers what goes here; what must wait is on the shelf, durably. Raises Unavailable when told to stop."""
        ours = list({parcel.id: parcel for parcel in parcels if self._goes_here(parcel)}.values())
        settled = self._ledger.settled([parcel.id for parcel in ours]) if ours else {}
        # What was refused is tried again: either a person replays it, or its quarantine was not committed.
        before = [parcel for parcel in ours if settled.get(parcel.id) == DELIVERED]
        fresh = [parcel for parcel in ours if settled.get(parcel.id) not in (DELIVERED, RECALLED)]
        going = standing(self._up_to_date(fresh))
        kept = {parcel.id for parcel in (*before, *going)}
        recalled = [Result(parcel, RECALLED, "superseded", 0) for parcel in ours if parcel.id not in kept]
        return [
            *recalled,
            *(Result(parcel, DELIVERED, "before", 0) for parcel in before),
            *self._arrangement.handle(going),
        ]

    def _up_to_date(self, parcels: list[Parcel]) -> list[Parcel]:
        """Without what would put an older state of a resource in the place of a newer one: neither is to be sent any more."""
        late = overtaken(parcels, self._ledger) if self._states else set()
        if late:
            gone = [one.release for one in parcels if one.release is not None and one.id in late]
            ids = [name for release in gone for name in (release.id, *release.superseded)]
            self._ledger.record([Entry(name, RECALLED, 0, self._clock.now()) for name in ids], {})
        return [parcel for parcel in parcels if parcel.id not in late]

    def tick(self, now: float) -> list[Result]:
        """What has waited long enough goes without what it waited for."""
        return self._arrangement.tick(now)

    def prune(self, now: float) -> None:
        """Forgets old results."""
        self._ledger.prune(now - self._settings.remember_days * 86_400)

    def wants(self, project: str) -> bool:
        """Whether releases of ``project`` go here; '' is one that its record does not name."""
        return not project or project in self._settings.projects

    def close(self) -> None:
        """Lets go of the destination."""
        self._destination.close()

    def _goes_here(self, parcel: Parcel) -> bool:
        projects = self._settings.projects
        return parcel.project in projects or (parcel.gap is not None and not parcel.project)


class _Direct:
    """No order and no waiting."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def handle(self, parcels: Sequence[Parcel]) -> list[Result]:
        return self._sending.send(releases(parcels), {})

    def tick(self, now: float) -> list[Result]:
        return []
