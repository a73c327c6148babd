"""How far a pipeline has come: what it has released, and what it has still to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Protocol

__all__ = ["Positions", "SqlitePositions"]


class Positions(Protocol):
    """Read from the bus, beside the pipeline."""

    def released(self) -> int:
        """Releases committed so far; FHIR has two for each message (Provenance)."""

    def backlog(self) -> int:
        """Records that some group has still to do."""

    def quarantined(self) -> int:
        """Cases that went to quarantine so far."""


class SqlitePositions:
    """Of the embedded bus in the folder ``state``."""

    def __init__(self, state: Path) -> None:
        self._bus = sqlite3.connect(f"file:{state / 'bus.sqlite'}?mode=ro", uri=True, isolation_level=None)

    def released(self) -> int:
        """See ``Positions``."""
        return self._heads("deidstream.releases.v1")

    def backlog(self) -> int:
        """See ``Positions``."""
        rows = self._bus.execute("SELECT coalesce(sum(head - done), 0) FROM shares JOIN lanes USING (lane)").fetchall()
        return int(rows[0][0])

    def quarantined(self) -> int:
        """See ``Positions``."""
        return self._heads("deidstream.quarantine.v1")

    def _heads(self, topic: str) -> int:
        rows = self._bus.execute("SELECT coalesce(sum(head), 0) FROM lanes WHERE topic = ?", (topic,)).fetchall()
        return int(rows[0][0])
