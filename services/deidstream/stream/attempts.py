"""What this process is working on, noted where the next one finds it, so that a case that kills the process is found.

After a death in the middle of a batch the records of that batch go one by one. A record that then kills the process twice
while it is alone is the culprit. (The death of the batch does not count: its cause may have been a neighbour, or the operator.)
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from deidstream.ports import Record

__all__ = ["Attempts"]

_DEATHS = 2
_PATIENCE = 512
"""Polls of one record after which the rest of a batch is taken to be in other hands."""

Lane = tuple[str, int]


class Attempts:
    """The note of one instance in one file. It needs no sync: it must survive the process, not the machine."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._suspects: dict[Lane, int] = {}
        self._deaths: dict[tuple[str, int, int], int] = {}
        with suppress(TypeError, ValueError):  # a damaged note is no note
            self._recall(_parsed(os.read(self._descriptor, 1 << 20)))
        self._polls = 0

    def _recall(self, note: dict[str, Any]) -> None:
        self._suspects |= {(topic, lane): last for topic, lane, last in note.get("suspects", [])}
        self._deaths |= {(topic, lane, offset): count for topic, lane, offset, count in note.get("deaths", [])}
        for topic, lane, last in note.get("batch", []):
            self._suspects[topic, lane] = max(last, self._suspects.get((topic, lane), 0))
        for topic, lane, offset in note.get("alone", []):
            self._deaths[topic, lane, offset] = self._deaths.get((topic, lane, offset), 0) + 1

    @property
    def suspects(self) -> int:
        """In how many partitions records must go one by one."""
        return len(self._suspects)

    @property
    def careful(self) -> bool:
        """Whether records must go one by one."""
        return bool(self._suspects)

    def deadly(self, record: Record) -> bool:
        """Whether ``record`` has killed this process twice, alone."""
        return self._deaths.get((record.topic, record.partition, record.offset), 0) >= _DEATHS

    def begin(self, records: Sequence[Record]) -> None:
        """Notes that work on ``records`` begins."""
        last: dict[Lane, int] = {}
        for record in records:
            last[record.topic, record.partition] = record.offset
        note: dict[str, object] = {"batch": [(*lane, offset) for lane, offset in last.items()]}
        if self._suspects:
            self._polls += 1
            note["suspects"] = [(*lane, offset) for lane, offset in self._suspects.items()]
            note["deaths"] = [(*place, count) for place, count in self._deaths.items()]
            if len(records) == 1:
                note["alone"] = note.pop("batch")
        self._write(orjson.dumps(note))

    def done(self, records: Sequence[Record]) -> None:
        """The work on ``records`` is committed, or given back whole."""
        for record in records if self._suspects else ():
            lane = (record.topic, record.partition)
            self._deaths.pop((*lane, record.offset), None)
            if record.offset >= self._suspects.get(lane, 1 << 62):
                del self._suspects[lane]
        if self._polls > _PATIENCE:
            self._suspects.clear()
        if self._suspects:
            self._remember()
        else:
            self._write(b"")

    def quiet(self) -> None:
        """There is nothing to read: whatever was suspect is in other hands, or done."""
        if self._suspects:
            self._suspects.clear()
            self._write(b"")

    def close(self) -> None:
        """Lets go of the file."""
        os.close(self._descriptor)

    def _remember(self) -> None:
        suspects = [(*lane, offset) for lane, offset in self._suspects.items()]
        deaths = [(*place, count) for place, count in self._deaths.items()]
        self._write(orjson.dumps({"suspects": suspects, "deaths": deaths}))

    def _write(self, note: bytes) -> None:
        # Padded rather than cut off: a cut between two calls could leave half a note.
        os.pwrite(self._descriptor, note.ljust(256) + b"\n", 0)


def _parsed(data: bytes) -> dict[str, Any]:
    line = data.partition(b"\n")[0].strip()
    return dict(orjson.loads(line)) if line else {}
