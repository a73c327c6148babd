"""What stands for the neural layer while its model does not answer, where cases are not to wait."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.errors import Unavailable
from deidstream.core.finding import Finding
from deidstream.ports import TextLayer
from deidstream.stream import log

__all__ = ["Redacting"]

_UNREAD = "text.unread/1"
_EVERY_SECONDS = 60.0


class Redacting:
    """``layer``; while that is unavailable, a text counts as an identifier from its first sign to its last, and the log says so."""

    def __init__(self, layer: TextLayer, clock: Callable[[], float] = time.monotonic) -> None:
        self._layer = layer
        self._clock = clock
        self._said = float("-inf")
        self._unread = 0

    def find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        """See ``ports.TextLayer``."""
        try:
            return self._layer.find(parts)
        except Unavailable as error:
            self._say(error, sum(bool(part.text) for part in parts))
            return [
                [Finding(part.locator, None, Category.UNKNOWN, 1.0, _UNREAD, subject=part.subject)] if part.text else []
                for part in parts
            ]

    def _say(self, error: Unavailable, texts: int) -> None:
        self._unread += texts
        if self._clock() - self._said >= _EVERY_SECONDS:
            log.emit("text.unread", logging.WARNING, code=error.code, place=error.place, texts=self._unread)
            self._said, self._unread = self._clock(), 0
