"""What is said of reports of storage commitment that were not believed: codes and counts."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

from deidstream.stream import log

__all__ = ["RefusedReports"]

_EVERY_SECONDS = 60.0


class RefusedReports:
    """Of ``destination``, by any thread. A code is logged at once, and then once a minute: whoever knocks all day fills no disk."""

    def __init__(self, destination: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._destination = destination
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[str, float] = {}
        self._counts: Counter[str] = Counter()

    def __call__(self, code: str) -> None:
        """One more, for the reason ``code``."""
        with self._lock:
            self._counts[code] += 1
            now = self._clock()
            if now - self._said.get(code, float("-inf")) < _EVERY_SECONDS:
                return
            self._said[code], count = now, self._counts.pop(code)
        log.emit("reports.refused", logging.WARNING, destination=self._destination, code=code, reports=count)
