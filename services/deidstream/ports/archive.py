"""Retained cases, and what was released of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

__all__ = ["CaseArchive", "Ended", "Kept", "Run"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A retained case. ``payload`` is its sealed wire form, as identify put it out but for what the identity store remembers of
    its subjects; the rest is content-free."""

    case_id: str
    received: float
    subjects: tuple[str, ...]
    searchable: bool
    """Whether it has texts, in which what becomes known later may stand."""
    payload: bytes = field(repr=False)


class Run(NamedTuple):
    """The latest release of a case for a project; for '' without a release: no project is entitled to the case."""

    case_id: str
    project: str
    version: int
    release_id: str
    supersedes: str
    places: str
    """See ``core.outcome.Released``."""
    revision: int
    """What was known when the case last went through: the sum of its subjects' revisions, which only grows."""
    ticket: str = ""
    """Of a further run: which of several that were sent on their way for the same reason. A run that is done again after a crash
    has the same one."""

    @property
    def replaced(self) -> str:
        """What the next release will supersede: this one, and those before it."""
        return f"{self.release_id},{self.supersedes}" if self.supersedes else self.release_id


class Ended(NamedTuple):
    """A further run that released nothing new: what is released has been searched for all that was known then."""

    case_id: str
    project: str
    revision: int


class CaseArchive(Protocol):
    """Retained cases, and what was released of each. Every method raises Unavailable while the database is away."""

    def put(self, kept: Sequence[Kept], runs: Sequence[Run], ended: Sequence[Ended]) -> None:
        """Durable when it returns. Of a case that is kept again the later form counts: a person may have corrected it.

        A run changes nothing of a later one.
        """

    def searchable(self, case_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Those that are retained and have texts, with their subjects."""

    def runs(self, case_ids: Sequence[str]) -> Sequence[Run]:
        """The latest of each case and project."""

    def cases(self, case_ids: Sequence[str]) -> Sequence[Kept]:
        """Those that are retained, oldest first."""

    def received(self, since: float, until: float) -> Iterator[Kept]:
        """What came in within that time (half-open, seconds since the epoch), oldest first."""

    def prune(self, before: float) -> None:
        """Deletes what came in before that time."""

    def erase(self, case_ids: Sequence[str]) -> None:
        """Deletes these, and what was noted of their releases."""

    def close(self) -> None:
        """Lets go of connections."""
