"""Whether a further run of a case changes other places than its release did, and which release it replaces."""

from __future__ import annotations

from collections.abc import Iterable

from deidstream.core.case import Header
from deidstream.core.decision import Decision, Method
from deidstream.ports import CaseArchive, KeyRing

__all__ = ["Earlier", "places"]


class Earlier:
    """What was released before, as the archive knows it. Without an archive there are no further runs."""

    def __init__(self, keys: KeyRing, archive: CaseArchive | None = None) -> None:
        self._keys = keys
        self._archive = archive

    def mark(self, decisions: Iterable[Decision]) -> str:
        """The keyed hash of the places that ``decisions`` change: what stands there now is left out, so that another surrogate
        for a name that was found before is no news."""
        return self._keys.mac("release", places(decisions)).hex()

    def superseded(self, header: Header, mark: str) -> str | None:
        """The release that this further run replaces; None: what was released stands.

        A run that is done again after a crash finds itself, and replaces what it replaced the first time.
        """
        runs = self._archive.runs([header.case_id]) if self._archive is not None else ()
        last = next((run for run in runs if run.project == header.project), None)
        if last is None:
            return header.supersedes
        if last.version == header.release_version:
            return last.supersedes
        return None if last.version > header.release_version or last.places == mark else last.release_id


def places(decisions: Iterable[Decision]) -> bytes:
    """The spans that are changed, in an order that depends on them alone."""
    changed = {(one.locator, *(one.span or (-1, -1))) for one in decisions if one.method is not Method.KEEP}
    lines = [f"{locator}\0{start}\0{end}" for locator, start, end in sorted(changed)]
    return "\n".join(lines).encode("utf-8", "surrogatepass")
