"""Deliveries without order to a receiver that settles later: what awaits its word holds up nothing behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from deidstream.core.errors import DeidstreamError, Unavailable
from deidstream.ports import Clock, Committing, DeliveryLedger, Entry, Held, HoldShelf, Receipt
from deidstream.stages.delivery.config import DicomDestinationSettings
from deidstream.stages.delivery.sending import NOT_SENT, UNSETTLED, Sending, Wait
from deidstream.stream.parcel import DELIVERED, RECALLED, REFUSED, Open, Parcel, Result, releases

__all__ = ["Pending", "Place"]

_RELEASE = "release"
"""What the shelf calls them; news that none will come means nothing here."""
_OVERDUE = 3600.0
"""Seconds after which what waits for a receiver's word counts as overdue."""
_MOST_BYTES = 256 << 20
"""Of sealed releases on the shelf; where artifacts are kept elsewhere these are short."""
_TOGETHER = 32 << 20
"""Bytes of those that are sent again together."""


class _Waiting(NamedTuple):
    """One that was sent: its parcel without content, None where it is to be sent again; its bytes on the shelf, and where there."""

    light: Parcel | None
    size: int
    group: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where what was sent waits."""

    ledger: DeliveryLedger
    shelf: HoldShelf
    open: Open
    clock: Clock
    wait: Wait


class Pending:
    """Sends; what the receiver has taken and not settled lies on the shelf meanwhile, durably, at most ``most`` of them: with more,
    everything waits. What lies there when a process starts is sent again, and so is what the receiver says it has not got, some
    times. What is superseded is not sent again from then on; it is recalled when what takes its place is delivered, and goes on
    waiting for its word where that is refused.
    """

    def __init__(
        self, settings: DicomDestinationSettings, sending: Sending, destination: Committing, place: Place, most: int
    ) -> None:
        self._settings = settings
        self._sending = sending
        self._destination = destination
        self._place = place
        self._most = most
        self._stage = f"delivery.{settings.name}"
        self._failed: Counter[str] = Counter()
        self._superseded: set[str] = set()
        # Those that waited for their turn too, where the destination was in order before.
        self._waiting = {
            one.id: _Waiting(None, len(one.payload), one.group)
            for one in place.shelf.list(self._stage)
            if one.reason == _RELEASE
        }

    def handle(self, parcels: Sequence[Parcel]) -> list[Result]:
        """What was settled by now. Raises Unavailable when told to stop."""
        going = [one for one in releases(parcels) if one.id not in self._waiting]
        results = self._made_room(going)
        self._give_way(going)
        sent, unsettled = self._sending.hand_over(going)
        self._shelve(unsettled)
        return results + self._followed(sent)

    def tick(self, now: float) -> list[Result]:
        """What the receiver has settled since; what it must get again is sent."""
        if not self._waiting:
            return []
        results: list[Result] = []
        again: list[Parcel] = []
        for name, answer in self._destination.outcomes(list(self._waiting)).items():
            light = self._waiting[name].light
            if isinstance(answer, Receipt) and light is not None:
                results += self._done([Result(light, DELIVERED, answer.status)])
            elif isinstance(answer, DeidstreamError) and answer.code != NOT_SENT:
                results += self._failing(name, answer)
        for name in [one for one, waiting in self._waiting.items() if waiting.light is None]:
            if len(again) < self._settings.batch and sum(len(one.sealed) for one in again) < _TOGETHER:
                again += self._taken(name)
        return self._followed(results + self._again(again))

    def _failing(self, name: str, why: DeidstreamError) -> list[Result]:
        """The receiver has not got it: it is sent again, or refused, when it has said so often enough; recalled, if superseded."""
        if name in self._superseded:
            return self._recalled([name])
        self._failed[name] += 1
        self._waiting[name] = self._waiting[name]._replace(light=None)
        if self._failed[name] < self._settings.error_attempts:
            return []
        refused = [Result(one, REFUSED, why.code, self._failed[name], why.place) for one in self._taken(name)]
        return self._done(refused)

    def _taken(self, name: str) -> list[Parcel]:
        """The whole parcel from the shelf; none where it is not there any more."""
        held = self._place.shelf.group(self._stage, self._waiting[name].group)
        found = [self._place.open(one.reason, one.payload) for one in held if one.id == name]
        if not found:
            del self._waiting[name]
        return found

    def _again(self, parcels: Sequence[Parcel]) -> list[Result]:
        """Sends what the receiver has not got, or an earlier process has sent: but for what ended before it was taken from here."""
        settled = self._place.ledger.settled([one.id for one in parcels]) if parcels else {}
        over = [one for one in parcels if settled.get(one.id) in (DELIVERED, RECALLED)]
        ended = [Result(one, settled[one.id], "before", 0) for one in over]
        sent, unsettled = self._sending.hand_over([one for one in parcels if one not in over])
        for one in unsettled:
            self._waiting[one.id] = self._waiting[one.id]._replace(light=_light(one))
        return self._done(ended + sent, known=True)

    def _give_way(self, going: Sequence[Parcel]) -> None:
        """What is superseded by what goes now is never sent again, by no later process either, whatever becomes of what goes."""
        gone = [name for one in going if one.release for name in one.release.superseded if name in self._waiting]
        for name in [one for one in gone if self._waiting[one].light is None]:
            for parcel in self._taken(name):
                self._waiting[name] = self._waiting[name]._replace(light=_light(parcel))
        self._superseded |= self._waiting.keys() & set(gone)
        if gone:
            now = self._place.clock.now()
            self._place.ledger.record([Entry(name, RECALLED, 0, now) for name in gone], {})

    def _followed(self, results: list[Result]) -> list[Result]:
        """``results``, and what they mean for what they supersede: recalled where it was replaced, or where nobody will ever say
        more of it."""
        ends = [(one.status, name) for one in results if one.parcel.release for name in one.parcel.release.superseded]
        over = {
            name for status, name in ends if status == DELIVERED or (status == REFUSED and not self._is_there(name))
        }
        return results + self._recalled(sorted(over & self._superseded))

    def _is_there(self, name: str) -> bool:
        """Whether this process has sent it."""
        answer = self._destination.outcomes([name]).get(name)
        return not (isinstance(answer, DeidstreamError) and answer.code == NOT_SENT)

    def _recalled(self, names: Sequence[str]) -> list[Result]:
        lights = [self._waiting[name].light for name in names]
        return self._done([Result(one, RECALLED, "superseded", 0) for one in lights if one is not None])

    def _made_room(self, going: Sequence[Parcel]) -> list[Result]:
        results: list[Result] = []
        waited = False
        while going and self._waiting and self._is_full(going):
            results += self.tick(self._place.clock.now())
            if self._is_full(going):
                waited, trouble = True, Unavailable(UNSETTLED, "dicom", f"{len(self._waiting)} await commitment")
                if not self._place.wait(trouble):
                    raise trouble
        if waited:
            self._place.wait(None)
        return results

    def _is_full(self, going: Sequence[Parcel]) -> bool:
        held = sum(one.size for one in self._waiting.values()) + sum(len(one.sealed) for one in going)
        return len(self._waiting) + len(going) > self._most or held > _MOST_BYTES

    def _shelve(self, parcels: Sequence[Parcel]) -> None:
        now = self._place.clock.now()
        self._place.shelf.put(
            [Held(one.id, self._stage, _RELEASE, now + _OVERDUE, one.sealed, one.id, 0, now) for one in parcels]
        )
        self._waiting |= {one.id: _Waiting(_light(one), len(one.sealed), one.id) for one in parcels}

    def _done(self, results: list[Result], known: bool = False) -> list[Result]:
        """``known``: the ledger has them already."""
        if results and not known:
            self._sending.record(results)
        names = [one.parcel.id for one in results]
        self._place.shelf.take(self._stage, names)
        for name in names:
            self._waiting.pop(name, None)
            self._failed.pop(name, None)
            self._superseded.discard(name)
        return results


def _light(parcel: Parcel) -> Parcel:
    assert parcel.release is not None
    return Parcel(b"", release=replace(parcel.release, content=b""))
