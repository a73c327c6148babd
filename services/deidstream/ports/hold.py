"""Where cases wait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

__all__ = ["Held", "HoldShelf", "Shelved"]


@dataclass(frozen=True, slots=True)
class Held:
    """One thing on the shelf. ``payload`` is a sealed case or release in its wire form; the rest is content-free."""

    id: str
    stage: str
    reason: str
    deadline: float
    payload: bytes = field(repr=False)
    group: str = ""
    ordinal: int = 0
    put_at: float = 0.0


class Shelved(NamedTuple):
    """How much waits at one stage, and how much of it longer than it should."""

    waiting: int
    overdue: int


class HoldShelf(Protocol):
    """The one home of waiting: durable, idempotent by (stage, id)."""

    def put(self, items: Sequence[Held]) -> None:
        """Durable when it returns; putting the same id again changes nothing."""

    def due(self, stage: str, now: float, limit: int = 100) -> Sequence[Held]:
        """What has passed its deadline, oldest first."""

    def lease(self, stage: str, now: float, until: float, limit: int = 100) -> Sequence[Held]:
        """The same, not due for anybody else before ``until``: of several processes that ask, one gets it."""

    def group(self, stage: str, group: str) -> Sequence[Held]:
        """What waits together, by ordinal."""

    def each(self, stage: str, group: str) -> Iterator[Held]:
        """The same one by one: no more than one is in memory."""

    def reschedule(self, stage: str, group: str, deadline: float) -> int:
        """All that waits together is due at ``deadline``, earlier or later than it was. How many wait."""

    def take(self, stage: str, ids: Sequence[str]) -> None:
        """Removes; unknown ids are ignored. Call after the commit that makes them superfluous."""

    def list(self, stage: str = "") -> Sequence[Held]:
        """Everything that waits, oldest first."""

    def counts(self, now: float) -> Mapping[str, Shelved]:
        """How much waits at each stage where anything does; overdue is what was due before ``now``."""
