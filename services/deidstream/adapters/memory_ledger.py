"""The ledgers in memory: for tests, and for one-shot runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from deidstream.ports import Claim, Doubt, Entry, Lane

__all__ = ["MemoryAcceptanceLedger", "MemoryDeliveryLedger"]


class MemoryAcceptanceLedger:
    """Remembers accepted case ids while the process lives."""

    def __init__(self) -> None:
        self._accepted: dict[str, float] = {}
        self._pending: dict[str, float] = {}

    stale = False

    def claim(self, case_ids: Sequence[str], now: float) -> Claim:
        """See ``ports.AcceptanceLedger``."""
        self.settle()
        known = frozenset(case_id for case_id in case_ids if case_id in self._accepted)
        self._pending = {case_id: now for case_id in case_ids if case_id not in known}
        return Claim(known, frozenset())

    def known(self, case_ids: Sequence[str]) -> frozenset[str]:
        """See ``ports.AcceptanceLedger``."""
        return frozenset(case_ids) & self._accepted.keys()

    def settle(self) -> None:
        """See ``ports.AcceptanceLedger``."""
        self._accepted |= self._pending
        self._pending = {}

    def abandon(self) -> None:
        """See ``ports.AcceptanceLedger``."""
        self._pending = {}

    def learn(self, case_ids: Iterable[str], now: float) -> None:
        """See ``ports.AcceptanceLedger``."""
        self._accepted |= {case_id: now for case_id in case_ids if case_id not in self._accepted}

    def unsettled(self) -> Sequence[Doubt]:
        """See ``ports.AcceptanceLedger``."""
        return [Doubt("", min(self._pending.values()), frozenset(self._pending))] if self._pending else []

    def resolve(self, committed: Iterable[str]) -> None:
        """See ``ports.AcceptanceLedger``."""
        self._accepted |= {case_id: self._pending[case_id] for case_id in committed if case_id in self._pending}
        self._pending = {}

    def others(self) -> Sequence[Doubt]:
        """See ``ports.AcceptanceLedger``. A process has its own."""
        return ()

    def inherit(self, doubt: Doubt, committed: Iterable[str]) -> None:
        """See ``ports.AcceptanceLedger``."""

    def prune(self, before: float) -> None:
        """See ``ports.AcceptanceLedger``."""
        self._accepted = {case_id: at for case_id, at in self._accepted.items() if at >= before}


class MemoryDeliveryLedger:
    """Remembers one destination's results while the process lives."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._positions: dict[Lane, int] = {}

    def settled(self, release_ids: Sequence[str]) -> Mapping[str, str]:
        """See ``ports.DeliveryLedger``."""
        return {one: self._entries[one].status for one in release_ids if one in self._entries}

    def positions(self, lanes: Sequence[Lane]) -> Mapping[Lane, int]:
        """See ``ports.DeliveryLedger``."""
        return {lane: self._positions[lane] for lane in lanes if lane in self._positions}

    def record(self, entries: Sequence[Entry], positions: Mapping[Lane, int]) -> None:
        """See ``ports.DeliveryLedger``."""
        for entry in entries:
            self._entries[entry.release_id] = entry
        self._positions.update(positions)

    def prune(self, before: float) -> None:
        """See ``ports.DeliveryLedger``."""
        self._entries = {one: entry for one, entry in self._entries.items() if entry.at >= before}
