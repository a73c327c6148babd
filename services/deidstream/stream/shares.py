"""Work that only one process may do at a time, divided between the processes of a stage.

Each name (a destination, a folder that is watched) goes to one of the processes that are there, evenly; when one comes or is gone
they divide anew. A process lets go of a name once it has finished with it, and nobody begins with one that another still has.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence

from deidstream.core.errors import Unavailable
from deidstream.ports import Locks
from deidstream.stream import log
from deidstream.stream.instances import MOST

__all__ = ["LOOK_SECONDS", "Shares"]

LOOK_SECONDS = 1.0
"""How often to look."""


class Shares:
    """The part of one process: ``number`` (from 1) of those that run ``stage``. Not thread-safe."""

    def __init__(self, locks: Locks, stage: str, number: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._locks = locks
        self._stage = stage
        self._number = number
        self._clock = clock
        self._since: dict[str, float] = {}
        self._refused = ""

    def look(self, names: Sequence[str], busy: Collection[str] = ()) -> frozenset[str]:
        """Those of ``names`` (the same for all processes) to work on now. ``busy``: those on which this process still works."""
        try:
            ours = self._settled(names, busy)
        except Unavailable as error:
            self._refuse(error.code)
            self._since.clear()
            return frozenset()
        now = self._clock()
        self._since = {name: self._since.get(name, now) for name in ours}
        return frozenset(name for name in ours if now - self._since[name] >= self._locks.notice)

    def close(self) -> None:
        """Lets go of all; call it when nothing is being worked on."""
        self._locks.close()

    def _settled(self, names: Sequence[str], busy: Collection[str]) -> frozenset[str]:
        """Those of ``names`` that are meant for this process, and that it has."""
        member = self._member(self._number)
        if member not in self._locks.hold({member, *map(self._lock, busy)}):
            self._refuse("same-name")
            return frozenset()
        self._refused = ""
        members = {self._member(number): number for number in range(1, MOST + 1)}
        there = sorted(members[one] for one in self._locks.held(members))
        meant = {name for place, name in enumerate(names) if there[place % len(there)] == self._number}
        held = self._locks.hold({member, *map(self._lock, meant | set(busy))})
        return frozenset(name for name in meant if self._lock(name) in held)

    def _refuse(self, code: str) -> None:
        """Says once why there is nothing to do here."""
        if code != self._refused:
            log.emit("shares.none", logging.WARNING, stage=self._stage, code=code)
        self._refused = code

    def _member(self, number: int) -> str:
        return f"{self._stage}#{number}"

    def _lock(self, name: str) -> str:
        return f"{self._stage}.{name}"
