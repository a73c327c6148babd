"""What becomes of held cases: their deadline passes, or a person lets them go on.

A stage may say itself what happens at the deadline (``due(cases) -> list[Outcome]``); without it the case goes to quarantine
under the reason for which it was held, because nobody has looked at it in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from deidstream.core.case import Case
from deidstream.core.errors import DeidstreamError, Malformed, Unsafe
from deidstream.core.outcome import Outcome, Quarantine
from deidstream.ports import Bus, Held, HoldShelf, KeyRing, Output, Shelved
from deidstream.stream.stages import SECTIONS, inbox
from deidstream.wire import Fetch, decode_case, decode_header

__all__ = ["Due", "HoldCounts", "let_go", "take_due", "watched"]

_BATCH = 100
_COUNT_EVERY = 10.0
_LEASE = 60.0
"""Seconds after which what a process took and did not finish, because it died, is due again."""


@dataclass(frozen=True, slots=True)
class Due:
    """Outcomes of cases of ``stage`` whose deadline has passed; ``ids`` leave the shelf after the commit."""

    stage: str
    ids: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


class HoldCounts:
    """How much waits at ``stages``, counted by the loop every few seconds and shown in between as it was."""

    def __init__(self, shelf: HoldShelf, stages: Iterable[str]) -> None:
        self._shelf = shelf
        self._stages = tuple(stages)
        self._counted = -_COUNT_EVERY
        self.latest: Mapping[str, Shelved] = dict.fromkeys(self._stages, Shelved(0, 0))
        """A count for each stage, also where it is none."""

    def look(self, now: float) -> None:
        """Counts again when it is time; ``now`` is the epoch's. Raises Unavailable as the shelf does."""
        if time.monotonic() - self._counted >= _COUNT_EVERY:
            self._counted = time.monotonic()
            counts = self._shelf.counts(now)
            self.latest = {stage: counts.get(stage, Shelved(0, 0)) for stage in self._stages}

    def forget(self) -> None:
        """Shows nothing until the next look: another process counts now."""
        self._counted = -_COUNT_EVERY
        self.latest = {}


def watched(stages: Iterable[str]) -> tuple[str, ...]:
    """The stages whose shelf a process with ``stages`` watches: its own, and review's where the resolver is."""
    names = tuple(stages)
    return (*names, "review") if "resolver" in names and "review" not in names else names


def take_due(
    shelf: HoldShelf, keys: KeyRing, stage: str, handler: object, now: float, fetch: Fetch | None = None
) -> Due:
    """A batch of what is due at ``stage``, for this process alone, and what becomes of it. ``handler``: the stage, if here."""
    items = shelf.lease(stage, now, now + _LEASE, _BATCH)
    due: Callable[[Sequence[Case]], list[Outcome]] | None = getattr(handler, "due", None)
    outcomes: list[Outcome] = []
    for item in items:
        if due is not None:
            try:
                outcomes += due([decode_case(item.payload, keys, SECTIONS.get(stage, ()), fetch)])
            except Unsafe as error:  # what it names in the artifact store is gone, say
                outcomes.append(Quarantine(_sealed(item, keys), error.code, error.place))
        else:
            outcomes.append(Quarantine(_sealed(item, keys), f"held-too-long:{item.reason}", stage))
    return Due(stage, tuple(item.id for item in items), tuple(outcomes))


def let_go(bus: Bus, shelf: HoldShelf, items: Sequence[Held]) -> None:
    """Sends held cases on, to the head of their itinerary. Raises Malformed for what is no case."""
    outputs = []
    for item in items:
        header = decode_header(item.payload)
        if not header.itinerary:
            raise Malformed("no-itinerary", item.id)
        outputs.append(Output(inbox(header.itinerary[0]), header.key, item.payload, {"case": header.case_id}))
    bus.commit(outputs)
    for item in items:
        shelf.take(item.stage, [item.id])


def _sealed(item: Held, keys: KeyRing) -> Case:
    """The case without opening anything, headed back to where it was held."""
    try:
        case = decode_case(item.payload, keys, ())
    except DeidstreamError as error:
        raise Malformed(error.code, f"hold:{item.stage}") from None
    return case if case.header.itinerary else case.with_header(itinerary=(item.stage,))
