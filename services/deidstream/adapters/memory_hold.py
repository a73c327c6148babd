"""The hold in memory: for tests, and for one-shot runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from deidstream.ports import Held, Shelved

__all__ = ["MemoryHold"]


class MemoryHold:
    """Keeps what waits while the process lives."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], Held] = {}

    def put(self, items: Sequence[Held]) -> None:
        """See ``ports.HoldShelf``."""
        for item in items:
            self._items.setdefault((item.stage, item.id), item)

    def due(self, stage: str, now: float, limit: int = 100) -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        found = [item for item in self._items.values() if item.stage == stage and item.deadline <= now]
        return sorted(found, key=lambda item: (item.deadline, item.id))[:limit]

    def lease(self, stage: str, now: float, until: float, limit: int = 100) -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        found = self.due(stage, now, limit)
        for item in found:
            self._items[stage, item.id] = replace(item, deadline=until)
        return found

    def group(self, stage: str, group: str) -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        found = [item for item in self._items.values() if item.stage == stage and item.group == group]
        return sorted(found, key=lambda item: (item.ordinal, item.id))

    def each(self, stage: str, group: str) -> Iterator[Held]:
        """See ``ports.HoldShelf``."""
        yield from self.group(stage, group)

    def reschedule(self, stage: str, group: str, deadline: float) -> int:
        """See ``ports.HoldShelf``."""
        found = self.group(stage, group)
        for item in found:
            self._items[stage, item.id] = replace(item, deadline=deadline)
        return len(found)

    def take(self, stage: str, ids: Sequence[str]) -> None:
        """See ``ports.HoldShelf``."""
        for name in ids:
            self._items.pop((stage, name), None)

    def list(self, stage: str = "") -> Sequence[Held]:
        """See ``ports.HoldShelf``."""
        found = [item for item in self._items.values() if stage in ("", item.stage)]
        return sorted(found, key=lambda item: (item.put_at, item.id))

    def counts(self, now: float) -> Mapping[str, Shelved]:
        """See ``ports.HoldShelf``."""
        found: dict[str, Shelved] = {}
        for item in self._items.values():
            before = found.get(item.stage, Shelved(0, 0))
            found[item.stage] = Shelved(before.waiting + 1, before.overdue + (item.deadline < now))
        return found
