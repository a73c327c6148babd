"""Batch files: the members wait for one another and go out as one file again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from deidstream.ports import Clock, DeliveryLedger, Held, HoldShelf
from deidstream.stages.delivery.config import DestinationSettings
from deidstream.stages.delivery.rejoin import join, joined_id
from deidstream.stages.delivery.sending import Along, Sending
from deidstream.stream.parcel import DELIVERED, Open, Parcel, Result, kind_of, releases, standing

__all__ = ["Batches"]


class Batches:
    """Gathers members on the shelf, by container and project. A gap stands for a member that will not come.

    When all are there, or the deadline has passed, one release of those that are goes out; what comes later goes alone.
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
        self._present: dict[str, set[int]] = {}
        for held in shelf.list(self._stage):
            self._present.setdefault(held.group, set()).add(held.ordinal)

    def handle(self, parcels: Sequence[Parcel]) -> list[Result]:
        """What was sent: single messages, batch files that are complete, and members that come after theirs has gone."""
        members = [one for one in parcels if one.container and 1 < one.place[1] <= self._settings.rejoin_members]
        gone = self._gone(members)
        late = [one for one in members if one.release is not None and joined_id(one.release) in gone]
        apart = {one.id for one in late}
        early = [one for one in members if one.id not in apart]
        self._gather(early)
        waits = {one.id for one in members}
        single = releases(one for one in parcels if one.id not in waits)
        return self._sending.send(single + [_of_batch(one) for one in late]) + self._send_complete(early)

    def tick(self, now: float) -> list[Result]:
        """Batch files that have waited long enough go without what is missing."""
        groups = dict.fromkeys(held.group for held in self._shelf.due(self._stage, now))
        return [result for group in groups for result in self._send_group(group)]

    def _gone(self, members: Sequence[Parcel]) -> set[str]:
        ids = {joined_id(one.release) for one in members if one.release is not None}
        settled = self._ledger.settled(sorted(ids)) if ids else {}
        return {one for one, status in settled.items() if status == DELIVERED}

    def _gather(self, members: Sequence[Parcel]) -> None:
        if not members:
            return
        now = self._clock.now()
        deadline = now + self._settings.rejoin_seconds
        items = [
            Held(one.id, self._stage, kind_of(one), deadline, one.sealed, _group(one), one.place[0], now)
            for one in members
        ]
        self._shelf.put(items)
        for item in items:
            self._present.setdefault(item.group, set()).add(item.ordinal)

    def _send_complete(self, members: Sequence[Parcel]) -> list[Result]:
        results: list[Result] = []
        for container, size in {one.container: one.place[1] for one in members}.items():
            for_all = self._present.get(f"{container}/", set())
            for group in [one for one in self._present if one.startswith(f"{container}/") and one != f"{container}/"]:
                if len(self._present[group] | for_all) >= size:
                    results += self._send_group(group)
        return results

    def _send_group(self, group: str) -> list[Result]:
        held = self._shelf.group(self._stage, group)
        parcels = standing(releases(self._open(one.reason, one.payload) for one in held))
        results = self._send_joined(parcels) if parcels else []
        self._shelf.take(self._stage, [one.id for one in held])
        self._present.pop(group, None)
        return results

    def _send_joined(self, members: Sequence[Parcel]) -> list[Result]:
        """One result for each member: a file that is refused goes to quarantine as its members, which can be opened."""
        joined = Parcel(b"", join([one.release for one in members if one.release is not None]))
        along = {joined.id: Along(members=tuple(one.id for one in members))}
        return [result._replace(parcel=member) for result in self._sending.send([joined], along) for member in members]


def _group(parcel: Parcel) -> str:
    """Container and project; a gap that concerns all projects stands in a group without one."""
    return f"{parcel.container}/{parcel.project}"


def _of_batch(parcel: Parcel) -> Parcel:
    """A member that comes after its batch file has gone, and says which that was: what it supersedes stands in there."""
    assert parcel.release is not None
    attributes = (*parcel.release.attributes, ("batch", joined_id(parcel.release)))
    return replace(parcel, release=replace(parcel.release, attributes=attributes))
