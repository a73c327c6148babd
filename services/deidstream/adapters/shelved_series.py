"""Series on the shelf of held cases. A verdict is a case of its own there, at a stage of its own, so that it is sealed as any."""

from __future__ import annotations

from collections.abc import Iterator

from deidstream.core.case import Case
from deidstream.ports import Held, HoldShelf, KeyRing
from deidstream.wire import Fetch, decode_case, encode_case

__all__ = ["STAGE", "VERDICTS", "ShelvedSeries"]

STAGE, VERDICTS = "heads", "heads.verdict"
_SECTIONS = frozenset({"source"})


class ShelvedSeries:
    """See ``ports.SeriesShelf``."""

    def __init__(self, shelf: HoldShelf, keys: KeyRing, fetch: Fetch | None = None) -> None:
        self._shelf = shelf
        self._keys = keys
        self._fetch = fetch

    def cases(self, series: str) -> Iterator[Case]:
        """See ``ports.SeriesShelf``."""
        for item in self._shelf.each(STAGE, series):
            yield decode_case(item.payload, self._keys, _SECTIONS, self._fetch)

    def reschedule(self, series: str, deadline: float) -> int:
        """See ``ports.SeriesShelf``."""
        return self._shelf.reschedule(STAGE, series, deadline)

    def verdict(self, series: str) -> bytes | None:
        """See ``ports.SeriesShelf``."""
        for item in self._shelf.each(VERDICTS, series):
            return decode_case(item.payload, self._keys, _SECTIONS).source
        return None

    def decide(self, series: str, verdict: bytes, now: float, until: float) -> None:
        """See ``ports.SeriesShelf``."""
        sealed = encode_case(Case.blank(series, now).changed(source=verdict), self._keys)
        self._shelf.put([Held(series, VERDICTS, "series-verdict", until, sealed, series, 0, now)])

    def forget(self, now: float) -> None:
        """See ``ports.SeriesShelf``."""
        while old := self._shelf.due(VERDICTS, now):
            self._shelf.take(VERDICTS, [item.id for item in old])
