"""Whose data it is, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from deidstream.core.subject import Identifier, Known, Subject

__all__ = ["Contradiction", "IdentityStore", "Search", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one message says about one person, as identify asks the store to resolve it."""

    identifiers: tuple[Identifier, ...]
    """Strong links only, issuers already resolved through aliases, the highest priority first. None: nobody known."""
    known: tuple[Known, ...] = field(repr=False, default=())
    """To be remembered: the person and the people around."""
    sex: str = ""
    language: str = ""
    source: str = ""
    case_id: str = ""
    """'' while learning: nothing is stamped."""
    passing: tuple[Known, ...] = field(repr=False, default=())
    """Of this message only (clinicians): travels in the subject, is not remembered."""
    single_valued: tuple[Identifier, ...] = ()
    """Those of ``identifiers`` of which a person has only one: a second value is a contradiction."""
    person: int = 0
    """Which person of the case; tells two unknown ones of one case apart."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The identifiers do not belong to one person. ``subjects`` are the ids that they lead to."""

    code: str
    subjects: tuple[str, ...] = ()


class Search(NamedTuple):
    """A subject of whom something has become known that earlier cases were not searched for."""

    subject: str
    revision: int


class IdentityStore(Protocol):
    """Who is who. See ``stages/identify`` for the rules; the store settles races by unique keyed hashes."""

    def resolve(self, seen: Sequence[Seen]) -> Sequence[Subject | Contradiction]:
        """One result for each, in order, in one transaction; the same ``case_id`` again gives the same sequence.

        A case with a contradiction changes nothing: none of its subjects is stored or stamped.
        """

    def merge(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """Makes the two one; returns the ids of the surviving and the retired subject. Idempotent.

        The retired id is '' when they were one already, or nobody had seen ``prior`` yet.
        """

    def move(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """Gives the identifiers of ``prior``, and these alone, to ``survivor``; returns as ``merge`` does."""

    def unmerge(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """Takes a merge back; returns the ids of the survivor and of the restored subject ('' where none was merged)."""

    def cases(self, subject_id: str) -> Sequence[str]:
        """Ids of the cases that spoke of this subject or of one merged into it, oldest first."""

    def find(self, identifiers: Sequence[Identifier]) -> Sequence[str]:
        """Ids of the subjects that these strong identifiers lead to, each once; nobody is made."""

    def refresh(self, subjects: Sequence[Subject]) -> Sequence[Subject]:
        """The same persons, each as known now (a merged one: as its survivor is), under the id and sequence they had."""

    def lease_searches(self, before: float, now: float, limit: int = 100) -> Sequence[Search]:
        """Subjects that have learned something since their cases were searched, and nothing after ``before``.

        Nobody else gets them for a minute; who is given the same again waits the longer, up to an hour.
        """

    def searched(self, search: Search) -> None:
        """All cases of the subject have been searched for what that revision holds."""

    def erase(self, subject_id: str) -> None:
        """Deletes what is known, the identifiers and the index. Cases on their way keep what they carry."""

    def close(self) -> None:
        """Lets go of connections."""
