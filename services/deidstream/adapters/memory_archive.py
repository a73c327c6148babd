"""Retained cases in the memory of one process: for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deidstream.ports import Ended, Kept, Run

__all__ = ["MemoryCaseArchive"]


class MemoryCaseArchive:
    """See ``ports.CaseArchive``."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._runs: dict[tuple[str, str], Run] = {}

    def put(self, kept: Sequence[Kept], runs: Sequence[Run], ended: Sequence[Ended]) -> None:
        """See ``ports.CaseArchive``."""
        for case in kept:
            self._kept[case.case_id] = case
        for run in runs:
            known = self._runs.setdefault((run.case_id, run.project), run)
            if run.version > 1 and run.version >= known.version:
                self._runs[run.case_id, run.project] = run
        for one in ended:
            key = (one.case_id, one.project)
            if key in self._runs:
                self._runs[key] = self._runs[key]._replace(revision=max(self._runs[key].revision, one.revision))

    def searchable(self, case_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """See ``ports.CaseArchive``."""
        return {one.case_id: one.subjects for one in self.cases(case_ids) if one.searchable}

    def runs(self, case_ids: Sequence[str]) -> Sequence[Run]:
        """See ``ports.CaseArchive``."""
        return [run for (case_id, _), run in self._runs.items() if case_id in case_ids]

    def cases(self, case_ids: Sequence[str]) -> Sequence[Kept]:
        """See ``ports.CaseArchive``."""
        return self._sorted(one for one in self._kept.values() if one.case_id in case_ids)

    def received(self, since: float, until: float) -> Iterator[Kept]:
        """See ``ports.CaseArchive``."""
        return iter(self._sorted(one for one in self._kept.values() if since <= one.received < until))

    def prune(self, before: float) -> None:
        """See ``ports.CaseArchive``."""
        self.erase([one.case_id for one in self._kept.values() if one.received < before])

    def erase(self, case_ids: Sequence[str]) -> None:
        """See ``ports.CaseArchive``."""
        for case_id in case_ids:
            self._kept.pop(case_id, None)
        self._runs = {key: run for key, run in self._runs.items() if key[0] not in case_ids}

    def close(self) -> None:
        """See ``ports.CaseArchive``."""

    @staticmethod
    def _sorted(found: Iterator[Kept]) -> list[Kept]:
        return sorted(found, key=lambda one: (one.received, one.case_id))
