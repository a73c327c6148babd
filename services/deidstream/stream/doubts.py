"""Messages of which the ledger does not know whether they were committed: the bus knows, and is looked at.

An instance that starts settles its own doubts. What an instance that is gone left behind, the others settle: until then nobody
may accept it, and its senders are told to come back. Nobody has to know whether that instance really is gone: its name is taken
on the bus first, so that it can commit no more, and only then it is looked what it has committed. If it lived, it ends as
``fenced`` and starts again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol

from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.ports import AcceptanceLedger, Doubt, Record
from deidstream.stream.stages import QUARANTINE, inbox
from deidstream.wire import decode_header

__all__ = ["MARGIN", "TOPICS", "Heir", "committed", "settle_doubts"]

MARGIN = 3_600.0
"""Seconds by which the clock of the bus may be behind that of ingest: what was claimed is not looked for further back."""
TOPICS = (inbox("identify"), QUARANTINE)
_LOOK_EVERY = 15.0
_GONE_AFTER = 60.0
"""Seconds: no commit of an instance that is well takes so long, and a record stays much longer on the bus."""

Fence = Callable[[str], None]


class Scan(Protocol):
    """``scan`` of a ``ports.BusFactory``."""

    def __call__(self, topic: str, *, since: float) -> Iterable[Record]:
        """What was appended at ``since`` or later."""


def settle_doubts(ledger: AcceptanceLedger, scan: Scan, now: float, topics: Sequence[str] = TOPICS) -> None:
    """After a crash: looks up on the bus whether what was being accepted has been committed. Call before the first commit."""
    doubts, stale = ledger.unsettled(), ledger.stale
    if doubts or stale:
        found = committed(scan, topics, 0.0 if stale else _since(doubts))
        ledger.resolve(sorted(case_id for doubt in doubts for case_id in doubt.case_ids & found))
        if stale:
            ledger.learn(sorted(found - {""}), now)


class Heir:
    """Settles what other instances have left in doubt. ``fence`` takes the name of one, so that it cannot commit any more.

    By our own clock, which has to agree with nobody's: a claim that we have seen standing for a minute.
    """

    def __init__(self, ledger: AcceptanceLedger, scan: Scan, fence: Fence, every: float = _LOOK_EVERY) -> None:
        self._ledger = ledger
        self._scan = scan
        self._fence = fence
        self._every = every
        self._seen: dict[Doubt, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heir", daemon=True)

    def start(self) -> None:
        """Looks again and again."""
        self._thread.start()

    def close(self) -> None:
        """Looks no more; a look that is under way may be left in the middle."""
        self._stop.set()

    def look(self, now: float) -> None:
        """Settles what has been standing for long at ``now``, monotonic. Raises what ledger and bus do."""
        self._seen = {doubt: self._seen.get(doubt, now) for doubt in self._ledger.others()}
        left = [doubt for doubt, first in self._seen.items() if now - first >= _GONE_AFTER]
        if not left:
            return
        for owner in {doubt.owner for doubt in left}:
            self._fence(owner)
        found = committed(self._scan, TOPICS, _since(left))
        for doubt in left:
            self._ledger.inherit(doubt, doubt.case_ids & found)

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            # What refuses us here refuses the commits of this process too, and is told there.
            with suppress(Unavailable, Misconfigured):
                self.look(time.monotonic())


def _since(doubts: Iterable[Doubt]) -> float:
    return max(0.0, min(doubt.at for doubt in doubts) - MARGIN)


def committed(scan: Scan, topics: Sequence[str], since: float) -> set[str]:
    """Ids of the cases that ingest has put on ``topics`` since then."""
    return {_case_id(record) for topic in topics for record in scan(topic, since=since)}


def _case_id(record: Record) -> str:
    known = record.headers.get("case", "")
    if known or record.topic == QUARANTINE:  # which holds no cases in their own wire form
        return known
    try:
        return decode_header(record.value).case_id
    except Malformed:
        return ""
