"""Not to ask for a while what has failed again and again: nobody waits for its time-out, and it has time to come back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from deidstream.core.errors import Unavailable

__all__ = ["Breaker"]


class Breaker:
    """Open after ``failures`` in a row, for ``pause`` seconds; then one call may try, and each that fails doubles the pause.

    Threads may share it. ``place`` is what errors name.
    """

    def __init__(
        self,
        place: str,
        failures: int = 3,
        pause: float = 1.0,
        longest: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._most, self._pause, self._longest = place, failures, pause, longest
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._closed_at = 0.0

    def ask(self) -> None:
        """Before a call. Raises Unavailable (``model-away``) where it is not to be made."""
        with self._lock:
            if self._failed < self._most:
                return
            now = self._clock()
            if now < self._closed_at:
                raise Unavailable("model-away", self._place, f"failed {self._failed} times in a row; asked again soon")
            self._closed_at = now + self._pause_after(self._failed + 1)  # this one tries, the others wait for it

    def succeeded(self) -> None:
        """After a call with an answer."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """After a call without one."""
        with self._lock:
            self._failed += 1
            self._closed_at = self._clock() + self._pause_after(self._failed)

    def _pause_after(self, failed: int) -> float:
        return float(min(self._longest, self._pause * 2.0 ** min(failed - self._most, 30)))
