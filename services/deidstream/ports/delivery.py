"""What goes out: destinations, and what each has got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from deidstream.core.release import Release

__all__ = ["Committing", "DeliveryLedger", "Destination", "Entry", "Lane", "Receipt"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the destination answered, content-free: a status code, an MSA-1."""

    status: str


class Destination(Protocol):
    """One place where releases go."""

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """One result for each, in order. Unavailable: try again later; Malformed: refused for good."""

    def close(self) -> None:
        """Lets go of connections."""


@runtime_checkable
class Committing(Destination, Protocol):
    """One that takes a release first, and says later whether it keeps it: until then ``send`` answers ``not-committed-yet``."""

    def outcomes(self, release_ids: Sequence[str]) -> Mapping[str, Receipt | Exception]:
        """Of those of ``release_ids`` that are settled: the receipt; ``application-error`` where it does not keep it, ``not-sent``
        where this process has not sent it. It does not wait.
        """


class Lane(NamedTuple):
    """What order is kept within: one subject's messages from one source."""

    source: str
    key: str


class Entry(NamedTuple):
    """How one release ended at a destination: ``delivered``, ``refused``, ``gap``."""

    release_id: str
    status: str
    attempts: int
    at: float


class DeliveryLedger(Protocol):
    """What one destination has got, and how far its lanes are."""

    def settled(self, release_ids: Sequence[str]) -> Mapping[str, str]:
        """The final status of those that have one."""

    def positions(self, lanes: Sequence[Lane]) -> Mapping[Lane, int]:
        """The sequence that each lane has reached; a lane that is absent has reached 0."""

    def record(self, entries: Sequence[Entry], positions: Mapping[Lane, int]) -> None:
        """Writes both durably in one transaction; a later result replaces an earlier one."""

    def prune(self, before: float) -> None:
        """Forgets results older than that time; lanes stay."""
