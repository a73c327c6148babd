"""Polling that lets a trickle of records come in small batches: most of what a batch costs, it costs for one record too."""

from __future__ import annotations

import time
from collections.abc import Sequence

from deidstream.ports import Bus, Record

__all__ = ["Trickle"]


class Trickle:
    """Polls ``bus``. What follows closely on other records waits ``linger`` seconds for more; what comes after a rest does not."""

    def __init__(self, bus: Bus, linger: float) -> None:
        self._bus = bus
        self._linger = linger
        self._last = float("-inf")

    def poll(self, limit: int, timeout: float, enough: int) -> Sequence[Record]:
        """See ``ports.Bus.poll``. Nothing is waited for once there are ``enough``."""
        records = self._bus.poll(limit, timeout)
        if not records:
            return records
        if len(records) < min(limit, enough) and time.monotonic() - self._last < 2 * self._linger:
            time.sleep(self._linger)
            records = [*records, *self._bus.poll(limit - len(records), 0.0)]
        self._last = time.monotonic()
        return records
