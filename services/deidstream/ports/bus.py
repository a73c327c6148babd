"""The bus: records in, records out, both in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["REBALANCED", "Bus", "BusFactory", "Output", "Record"]

REBALANCED = "rebalanced"


@dataclass(frozen=True, slots=True)
class Output:
    """A record to publish. ``key`` decides partition and so order; ``headers`` are plain and content-free."""

    topic: str
    key: str
    value: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as polled. ``offset`` grows within a partition; equal keys share a partition."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    timestamp: float = 0.0


class Bus(Protocol):
    """One member of one group, reading some inboxes and writing anywhere. Not thread-safe: one a loop."""

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        """At most ``limit`` further records, in order within a key; waits up to ``timeout`` seconds for the first."""

    def commit(self, outputs: Sequence[Output]) -> None:
        """Publishes ``outputs`` and marks everything polled so far as done, atomically and durably (synced).

        Raises Unavailable when nothing was committed; the caller aborts or tries again with the same outputs, except where the
        code is ``REBALANCED``: what was polled has gone to another member, and only ``abort`` is left. Raises Misconfigured
        (``fenced``) when another instance has taken over, or what became of the commit cannot be known: the process must end.
        """

    def abort(self) -> None:
        """Forgets what was polled since the last commit; it is polled again."""

    def lag(self) -> Mapping[str, int]:
        """Records not yet committed by this group, a topic."""

    def close(self) -> None:
        """Leaves the group; its share goes to the others, at once or when its session has ended."""


class BusFactory(Protocol):
    """How a process joins the bus."""

    def open(self, group: str, inboxes: Sequence[str], instance: str) -> Bus:
        """Joins ``group``; with no ``inboxes`` the bus only publishes. ``instance`` is stable across restarts."""

    def scan(self, topic: str, after: Mapping[int, int] | None = None, since: float = 0.0) -> Sequence[Record]:
        """All retained committed records of ``topic``, each partition in order, outside of any group.

        ``after``: beyond these offsets, by partition. ``since``: appended at that time or later, by the clock of the bus.
        """

    def last(self, topic: str, key: str) -> Record | None:
        """The newest retained record of ``topic`` under ``key``, if any."""
