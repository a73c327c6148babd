"""Sending until it is done: what a destination does not take now is tried again, what it refuses is given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from deidstream.core.errors import DeidstreamError, Malformed, Unavailable, Unsafe
from deidstream.core.release import Release
from deidstream.ports import Clock, DeliveryLedger, Destination, Entry, Lane, Receipt
from deidstream.stages.delivery.states import state
from deidstream.stream.parcel import DELIVERED, RECALLED, REFUSED, Parcel, Result

__all__ = ["APPLICATION_ERROR", "NOT_SENT", "UNSETTLED", "Along", "Sending", "Wait"]

APPLICATION_ERROR = "application-error"
"""Code of an Unavailable by which the receiver says that it has a problem with this very message, perhaps not for ever."""

UNSETTLED = "not-committed-yet"
"""Code of an Unavailable by which the receiver has taken the message, and does not say yet whether it keeps it."""

NOT_SENT = "not-sent"
"""Code of an Unavailable by which a destination says that it has not sent the message since it was opened."""

Wait = Callable[[DeidstreamError | None], bool]
"""Called with what stands in the way, pauses; False when the worker must stop. Called with None when it goes on again."""


class Along(NamedTuple):
    """What a result means beyond its own release."""

    lane: Lane | None = None
    sequence: int = 0
    """How far it moves the lane."""
    members: tuple[str, ...] = ()
    """The releases that were sent as part of it."""


class Sending:
    """Sends through one destination and writes the ledger after each go. ``states``: with the last state of each resource."""

    def __init__(
        self,
        destination: Destination,
        ledger: DeliveryLedger,
        clock: Clock,
        wait: Wait,
        error_attempts: int,
        *,
        states: bool = False,
    ) -> None:
        self._states = states
        self._destination = destination
        self._ledger = ledger
        self._clock = clock
        self._wait = wait
        self._error_attempts = error_attempts

    def send(self, parcels: Sequence[Parcel], along: Mapping[str, Along] | None = None) -> list[Result]:
        """Sends all, in order; returns when every one is delivered or refused. Raises Unavailable when told to stop.

        ``along`` gives, by release id, what the ledger learns in the same transaction as the result.
        """
        return self._sent(parcels, along or {}, ())[0]

    def hand_over(self, parcels: Sequence[Parcel]) -> tuple[list[Result], list[Parcel]]:
        """As ``send``; but what the destination has taken and not settled yet is given back, second."""
        return self._sent(parcels, {}, (UNSETTLED,))

    def record(self, results: Sequence[Result]) -> None:
        """Writes results that came later into the ledger."""
        self._record(results, {})

    def _sent(
        self, parcels: Sequence[Parcel], along: Mapping[str, Along], left_open: tuple[str, ...]
    ) -> tuple[list[Result], list[Parcel]]:
        results: list[Result] = []
        unsettled: list[Parcel] = []
        attempts: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        left = list(parcels)
        while left:
            given, troubles = self._once(left, attempts, errors)
            self._record(given, along)
            results += given
            unsettled += [one for one in left if one.id in troubles and troubles[one.id].code in left_open]
            done = {result.parcel.id for result in given} | {one.id for one in unsettled}
            left = [parcel for parcel in left if parcel.id not in done]
            trouble = next((troubles[one.id] for one in reversed(left) if one.id in troubles), None)
            if trouble is not None and not self._wait(trouble):
                raise trouble
        if results or unsettled:
            self._wait(None)
        return results, unsettled

    def _once(
        self, parcels: Sequence[Parcel], attempts: Counter[str], errors: Counter[str]
    ) -> tuple[list[Result], dict[str, DeidstreamError]]:
        """What is settled, and of the others what stands in the way."""
        releases = [parcel.release for parcel in parcels if parcel.release is not None]
        answers = self._destination.send(releases)
        results: list[Result] = []
        troubles: dict[str, DeidstreamError] = {}
        for parcel, answer in zip(parcels, answers, strict=True):
            attempts[parcel.id] += 1
            result = self._result(parcel, answer, attempts[parcel.id], errors)
            if result is not None:
                results.append(result)
            elif isinstance(answer, DeidstreamError):
                troubles[parcel.id] = answer
        return results, troubles

    def _result(self, parcel: Parcel, answer: Receipt | Exception, attempt: int, errors: Counter[str]) -> Result | None:
        """None: to be tried again."""
        if isinstance(answer, Receipt):
            return Result(parcel, DELIVERED, answer.status, attempt)
        if isinstance(answer, Malformed | Unsafe):
            return Result(parcel, REFUSED, answer.code, attempt, answer.place)
        if not isinstance(answer, DeidstreamError):
            raise answer
        if isinstance(answer, Unavailable) and answer.code == APPLICATION_ERROR:
            errors[parcel.id] += 1
            if errors[parcel.id] >= self._error_attempts:
                return Result(parcel, REFUSED, answer.code, attempt, answer.place)
        return None

    def _record(self, results: Sequence[Result], along: Mapping[str, Along]) -> None:
        if not results:
            return
        now = self._clock.now()
        entries: list[Entry] = []
        positions: dict[Lane, int] = {}
        for result in results:
            also = along.get(result.parcel.id, Along())
            ids = (result.parcel.id, *also.members)
            entries += [Entry(one, result.status, result.attempts, now) for one in ids]
            if result.status == DELIVERED and result.parcel.release is not None:
                entries += self._besides(result.parcel.release, now)
            if also.lane is not None:
                positions[also.lane] = also.sequence
        self._ledger.record(entries, positions)

    def _besides(self, release: Release, now: float) -> list[Entry]:
        """What the ledger learns besides, when ``release`` is there."""
        recalled = [Entry(one, RECALLED, 0, now) for one in release.superseded]
        return recalled + (state(release, now) if self._states else [])
