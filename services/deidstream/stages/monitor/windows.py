"""Counts by window of time, in a table that outlives the process. Every count may be too high after a crash, none too low."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, MutableMapping

from deidstream.stages.monitor.tallies import Tally

__all__ = ["Table", "Windows"]

Table = MutableMapping[str, int]
"""A row is a window, the partition that its records came from, what is counted, and its labels, as a JSON list."""


class Windows:
    """Windows of ``seconds``, of which the last ``kept`` and the current one are remembered."""

    def __init__(self, seconds: float, kept: int) -> None:
        self.seconds = seconds
        self._kept = kept
        self._newest: dict[int, int] = {}

    def add(self, table: Table, partition: int, at: float, tally: Tally) -> None:
        """Counts ``tally``, which happened ``at`` (epoch seconds), unless that is long past."""
        window = self.of(at)
        if window > self._newest.get(partition, 0):
            self._newest[partition] = window
            self._forget(table, partition, window - self._kept)
        if window >= self._newest[partition] - self._kept:
            row = json.dumps([window, partition, tally.kind, *tally.labels])
            table[row] = table.get(row, 0) + tally.added

    def of(self, at: float) -> int:
        """The window in which ``at`` lies."""
        return int(at // self.seconds)

    def totals(self, table: Mapping[str, int], kind: str, first: int, last: int) -> Counter[tuple[str, ...]]:
        """Counts of the windows ``first`` to ``last``, both included, by labels."""
        found: Counter[tuple[str, ...]] = Counter()
        for row, count in table.items():
            window, _, of, *labels = json.loads(row)
            if of == kind and first <= window <= last:
                found[tuple(labels)] += count
        return found

    def _forget(self, table: Table, partition: int, before: int) -> None:
        """Each partition's own rows alone: a changelog has the partitions of what is read."""
        rows = [(row, json.loads(row)) for row in table]
        for row, (window, of, *_) in rows:
            if of == partition and window < before:
                del table[row]
