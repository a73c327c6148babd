"""Names, each with one process at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

__all__ = ["Locks"]


class Locks(Protocol):
    """What a process has is free for others once it has ended, however it ended. Not thread-safe: one a loop."""

    notice: float
    """Seconds within which a process that looks every second learns that it has lost a name without freeing it (0: that cannot
    be). Who takes a name waits as long before it relies on it."""

    def hold(self, names: Collection[str]) -> frozenset[str]:
        """Frees what this process has beyond ``names``, takes of them what nobody has, and returns those that it has now.

        Never waits for others. Raises Unavailable when it cannot be told: then nothing is to be relied on.
        """

    def held(self, names: Collection[str]) -> frozenset[str]:
        """Those of ``names`` that some process has, this one too. Raises Unavailable."""

    def close(self) -> None:
        """Frees all."""
