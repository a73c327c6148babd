"""What comes in: how it is handed over, and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from deidstream.core.case import Case
from deidstream.core.errors import Malformed
from deidstream.ports.bus import Record

__all__ = ["AcceptanceLedger", "Claim", "Doubt", "Feed", "Intake"]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a ledger knows of the cases that ingest is about to commit."""

    accepted: frozenset[str]
    """Accepted before: acknowledge, and do not commit again."""
    elsewhere: frozenset[str]
    """Being accepted by another instance: neither, until that one has settled it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A claim of which it is unknown what has become."""

    owner: str
    at: float
    """When it was made, by the owner's clock: with ``owner`` it says which claim this is."""
    case_ids: frozenset[str]


class AcceptanceLedger(Protocol):
    """The ids of the cases accepted within the last days, so that a message sent again is not a second case.

    Not atomic with the bus: ``claim`` comes before its commit, and what is unsettled after a crash is looked up on the bus.
    """

    def claim(self, case_ids: Sequence[str], now: float) -> Claim:
        """Durably marks the new ones as being accepted; what was claimed before now counts as accepted."""

    def known(self, case_ids: Sequence[str]) -> frozenset[str]:
        """Those that have been settled as accepted, by whichever instance. What is being accepted is not among them."""

    def settle(self) -> None:
        """What was claimed has been committed."""

    def abandon(self) -> None:
        """What was claimed has not been committed."""

    @property
    def stale(self) -> bool:
        """Whether the machine has been down since the last entries, so that some may be missing."""

    def learn(self, case_ids: Iterable[str], now: float) -> None:
        """These are on the bus, whether known here or not. Ends ``stale``."""

    def unsettled(self) -> Sequence[Doubt]:
        """What this instance claimed before it last ended."""

    def resolve(self, committed: Iterable[str]) -> None:
        """Ends the doubt about what was unsettled."""

    def others(self) -> Sequence[Doubt]:
        """What other instances are accepting at this moment, or were when they ended."""

    def inherit(self, doubt: Doubt, committed: Iterable[str]) -> None:
        """Ends a doubt of another instance: ``committed`` were, the others were not. Changes nothing where that instance has
        settled it meanwhile. It must be certain that it cannot commit any more."""

    def prune(self, before: float) -> None:
        """Forgets what was accepted before that time."""


class Intake(Protocol):
    """How ingest hands cases over. Several threads may."""

    def submit(
        self,
        cases: Sequence[Case],
        bad: Mapping[str, Malformed] | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> Future[None]:
        """Done when all of them are durable; else Unavailable (send again) or Malformed (never). One commit takes them all.

        ``bad`` names, by their ids, those that go to quarantine at once, where nobody is there to be told: with the reason.
        ``marks``: by case ids, what else ``accepted`` shall know a case by.
        Raises Unavailable (``intake-full``) at once when too much waits already.
        """

    def accepted(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of ``ids``, of cases or marks, that are durable, as far as is written down: a moment after they became so, and for
        as long as the ledger remembers. Raises Unavailable."""


class Feed(Protocol):
    """A topic that others write, as ingest reads it. Not thread-safe.

    Raises Unavailable where the other side does not answer, Misconfigured where it refuses us or records were lost to us.
    """

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        """At most ``limit`` further records, in order within a partition; waits up to ``timeout`` seconds for the first.

        ``offset`` is that of the record that follows: the position once this one is done.
        """

    def keep(self) -> None:
        """Reads nothing, and shows that this reader lives: call it every few seconds while ``poll`` is not called."""

    def done(self, records: Sequence[Record]) -> None:
        """Moves the stored position behind ``records``. What is not stored is polled again after a restart."""

    def close(self) -> None:
        """Leaves."""
