"""Ordered delivery: within one source and subject, nobody overtakes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from deidstream.ports import Clock, DeliveryLedger, Held, HoldShelf, Lane
from deidstream.stages.delivery.config import DestinationSettings
from deidstream.stages.delivery.sending import Along, Sending
from deidstream.stream.parcel import GAP, Open, Parcel, Result, kind_of, releases, standing

__all__ = ["Lanes"]

Waiting = dict[Lane, dict[int, list[Parcel]]]


class Lanes:
    """Sends what is next in its lane, and what has no lane; the rest waits on the shelf for its predecessors.

    A predecessor is passed when it was delivered, refused, known never to come (a gap), or is overdue (a gap that is recorded).
    What comes after it was given up, or replaces what was sent, goes at once.
    """

    def __init__(
        self,
        settings: DestinationSettings,
        sending: Sending,
        ledger: DeliveryLedger,
        shelf: HoldShelf,
        open_: Open,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._sending = sending
        self._ledger = ledger
        self._shelf = shelf
        self._open = open_
        self._clock = clock
        self._stage = f"delivery.{settings.name}"
        self._shelved = {_lane_of(held) for held in shelf.list(self._stage)}

    def handle(self, parcels: Sequence[Parcel]) -> list[Result]:
        """What was sent or passed."""
        if not parcels:
            return []
        laned = [(lane, parcel) for parcel in parcels for lane in self._lanes(parcel)]
        positions = dict(self._ledger.positions(sorted({lane for lane, _ in laned})))
        waiting: Waiting = {}
        late: list[Parcel] = []
        for lane, parcel in laned:
            if parcel.sequence > positions.get(lane, 0):
                waiting.setdefault(lane, {}).setdefault(parcel.sequence, []).append(parcel)
            else:
                late.append(parcel)
        results = self._sending.send(releases(late))
        results += self._flow(waiting, positions)
        self._shelve(waiting)
        return results + self._sending.send(releases(one for one in parcels if not one.sequence))

    def tick(self, now: float) -> list[Result]:
        """What has waited too long goes; the sequences that it waited for become a gap."""
        due: dict[Lane, int] = {}
        overdue: dict[Lane, Parcel] = {}
        for held in self._shelf.due(self._stage, now):
            lane = _lane_of(held)
            if held.ordinal < due.get(lane, 1 << 62):
                due[lane] = held.ordinal
                overdue[lane] = self._open(held.reason, held.payload)
        if not due:
            return []
        positions = dict(self._ledger.positions(sorted(due)))
        gaps = []
        for lane, sequence in due.items():
            reached = positions.get(lane, 0)
            if reached < sequence - 1:
                positions[lane] = sequence - 1
                gaps.append(Result(overdue[lane], GAP, "order-timeout", 0, f"{reached + 1}-{sequence - 1}"))
        self._ledger.record([], {lane: positions[lane] for lane in due if lane in positions})
        waiting: Waiting = {lane: {} for lane in due}
        return gaps + self._flow(waiting, positions)

    def _lanes(self, parcel: Parcel) -> Iterator[Lane]:
        """The lanes in which it has a place: one, or for a gap that concerns everybody, one a project."""
        if parcel.sequence:
            for project in (parcel.project,) if parcel.project else self._settings.projects:
                yield parcel.lane(project)

    def _flow(self, waiting: Waiting, positions: dict[Lane, int]) -> list[Result]:
        """Sends round by round, one sequence a lane, as long as the next one is there. Leaves in ``waiting`` what must wait."""
        self._load(waiting, positions)
        results: list[Result] = []
        while True:
            going: list[tuple[Lane, list[Parcel]]] = []
            passed = self._pass_gaps(waiting, positions)
            for lane, by_sequence in waiting.items():
                following = positions.get(lane, 0) + 1
                if following in by_sequence:
                    positions[lane] = following
                    going.append((lane, by_sequence.pop(following)))
            if passed:
                self._ledger.record([], passed)
            if not going:
                return results
            sent = [parcel for _, parcels in going for parcel in standing(releases(parcels))]
            along = {one.id: Along(lane, positions[lane]) for lane, parcels in going for one in parcels}
            results += self._sending.send(sent, along)
            self._unshelve(going)

    def _pass_gaps(self, waiting: Waiting, positions: dict[Lane, int]) -> dict[Lane, int]:
        passed: dict[Lane, int] = {}
        for lane, by_sequence in waiting.items():
            following = positions.get(lane, 0) + 1
            while following in by_sequence and not releases(by_sequence[following]):
                self._unshelve([(lane, by_sequence.pop(following))])
                positions[lane] = passed[lane] = following
                following += 1
        return passed

    def _load(self, waiting: Waiting, positions: dict[Lane, int]) -> None:
        """Adds what waits on the shelf in the lanes concerned. What lies there in vain (its turn is past) is taken off."""
        for lane, by_sequence in waiting.items():
            if lane not in self._shelved:
                continue
            for held in self._shelf.group(self._stage, _group(lane)):
                parcel = self._open(held.reason, held.payload)
                if held.ordinal <= positions.get(lane, 0):
                    self._unshelve([(lane, [parcel])])
                elif parcel.id not in {one.id for one in by_sequence.get(held.ordinal, ())}:
                    by_sequence.setdefault(held.ordinal, []).append(parcel)

    def _shelve(self, waiting: Waiting) -> None:
        now = self._clock.now()
        items = [  # putting the same again keeps the first deadline
            Held(
                _held_id(lane, parcel),
                self._stage,
                kind_of(parcel),
                now + self._settings.order_seconds,
                parcel.sealed,
                _group(lane),
                sequence,
                now,
            )
            for lane, by_sequence in waiting.items()
            for sequence, parcels in by_sequence.items()
            for parcel in parcels
        ]
        self._shelf.put(items)
        self._shelved |= {lane for lane, by_sequence in waiting.items() if by_sequence}

    def _unshelve(self, going: Iterable[tuple[Lane, list[Parcel]]]) -> None:
        ids = [_held_id(lane, one) for lane, parcels in going if lane in self._shelved for one in parcels]
        if ids:
            self._shelf.take(self._stage, ids)


def _group(lane: Lane) -> str:
    return f"{lane.source}\n{lane.key}"


def _lane_of(held: Held) -> Lane:
    source, _, key = held.group.partition("\n")
    return Lane(source, key)


def _held_id(lane: Lane, parcel: Parcel) -> str:
    return parcel.id if parcel.release is not None else f"{parcel.id}{lane.source.partition('/')[0]}"
