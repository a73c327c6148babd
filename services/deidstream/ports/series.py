"""Where the slices of a series wait for one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from deidstream.core.case import Case

__all__ = ["SeriesShelf"]


class SeriesShelf(Protocol):
    """Slices on the shelf, by a content-free name of their series, and what was found about it. Durable, sealed, idempotent."""

    def cases(self, series: str) -> Iterator[Case]:
        """The slices that wait, one by one. Raises Malformed, Unsafe for what cannot be opened."""

    def reschedule(self, series: str, deadline: float) -> int:
        """All slices that wait are due at ``deadline``. How many wait."""

    def verdict(self, series: str) -> bytes | None:
        """What was found; None: nobody has looked yet."""

    def decide(self, series: str, verdict: bytes, now: float, until: float) -> None:
        """Stores what was found, until ``until``; of two, the first stands."""

    def forget(self, now: float) -> None:
        """Removes what was stored until ``now``."""
