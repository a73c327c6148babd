"""Whether a further run of a case changes other places than its release did, and which release it replaces."""

from __future__ import annotations

from collections.abc import Container, Iterable

from deidstream.core.case import Header
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document
from deidstream.ports import CaseArchive, KeyRing

__all__ = ["Earlier"]

_KEEP = Method.KEEP
_REMEMBERED = 10_000


class Earlier:
    """What was released before, as the archive knows it. Without an archive there are no further runs.

    A search that takes long, or dies, sends the same run on its way again: of those the first that comes here goes on.
    """

    def __init__(self, keys: KeyRing, archive: CaseArchive | None = None) -> None:
        self._keys = keys
        self._archive = archive
        self._first: dict[tuple[str, str], tuple[int, str]] = {}
        """Version and ticket of what went on lately: the archive knows of it only from the commit on."""

    def mark(self, document: Document, decisions: Iterable[Decision]) -> str:
        """The keyed hash of the places in texts that ``decisions`` change, '' where there are no texts. Structured values are
        decided without regard to what is known. What stands there now is left out as well: another surrogate is no news."""
        texts = {part.locator for part in document.parts}
        return self._keys.mac("release", _places(texts, decisions)).hex() if texts else ""

    def superseded(self, header: Header, mark: str) -> str | None:
        """The releases that this further run replaces; None: what was released stands.

        A run that is done again after a crash finds itself, and replaces what it replaced the first time.
        """
        found = self._replaced(header, mark)
        return found if found is not None and self._is_first(header) else None

    def _is_first(self, header: Header) -> bool:
        case, ticket = (header.case_id, header.project), header.attribute("ticket")
        version, first = self._first.get(case, (0, ""))
        if version == header.release_version:
            return ticket == first
        if len(self._first) >= _REMEMBERED:
            self._first.clear()
        self._first[case] = (header.release_version, ticket)
        return True

    def _replaced(self, header: Header, mark: str) -> str | None:
        runs = self._archive.runs([header.case_id]) if self._archive is not None else ()
        last = next((run for run in runs if run.project == header.project), None)
        if last is None:
            return header.supersedes
        if last.version == header.release_version:
            return last.supersedes if last.ticket == header.attribute("ticket") else None
        return None if last.version > header.release_version or last.places == mark else last.replaced


def _places(texts: Container[str], decisions: Iterable[Decision]) -> bytes:
    """The spans that are changed, in an order that depends on them alone."""
    changed = {
        (locator, *(span or (-1, -1)))
        for locator, span, _, method, _, _, _, _ in decisions
        if locator in texts and method is not _KEEP
    }
    lines = [f"{locator}\0{start}\0{end}" for locator, start, end in sorted(changed)]
    return "\n".join(lines).encode("utf-8", "surrogatepass")
