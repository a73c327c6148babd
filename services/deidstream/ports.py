"""The interfaces to the outside world. Adapters implement them; stages and the loop know nothing else.

Errors are those of ``core.errors``: ``Unavailable`` when the other side does not answer, ``Misconfigured`` when it refuses us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from deidstream.core.case import Case
from deidstream.core.document import Part
from deidstream.core.errors import Malformed
from deidstream.core.finding import Finding
from deidstream.core.release import Release
from deidstream.core.subject import Identifier, Known, Subject

__all__ = [
    "REBALANCED",
    "AcceptanceLedger",
    "Artifact",
    "ArtifactStore",
    "Bus",
    "BusFactory",
    "CaseArchive",
    "Claim",
    "Clock",
    "Contradiction",
    "DeliveryLedger",
    "Destination",
    "Ended",
    "Entry",
    "Feed",
    "Held",
    "HoldShelf",
    "IdentityStore",
    "Intake",
    "Kept",
    "KeyRing",
    "Lane",
    "Output",
    "Receipt",
    "Record",
    "Run",
    "Sealed",
    "Search",
    "Seen",
    "Shelved",
    "SubjectLayer",
    "TextLayer",
]


REBALANCED = "rebalanced"


@dataclass(frozen=True, slots=True)
class Output:
    """A record to publish. ``key`` decides partition and so order; ``headers`` are plain and content-free."""

    topic: str
    key: str
    value: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as polled. ``offset`` grows within a partition; equal keys share a partition."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    timestamp: float = 0.0


class Bus(Protocol):
    """One member of one group, reading some inboxes and writing anywhere. Not thread-safe: one a loop."""

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        """At most ``limit`` further records, in order within a key; waits up to ``timeout`` seconds for the first."""

    def commit(self, outputs: Sequence[Output]) -> None:
        """Publishes ``outputs`` and marks everything polled so far as done, atomically and durably (synced).

        Raises Unavailable when nothing was committed; the caller aborts or tries again with the same outputs, except where the
        code is ``REBALANCED``: what was polled has gone to another member, and only ``abort`` is left. Raises Misconfigured
        (``fenced``) when another instance has taken over, or what became of the commit cannot be known: the process must end.
        """

    def abort(self) -> None:
        """Forgets what was polled since the last commit; it is polled again."""

    def lag(self) -> Mapping[str, int]:
        """Records not yet committed by this group, a topic."""

    def close(self) -> None:
        """Leaves the group; its share goes to the others, at once or when its session has ended."""


class BusFactory(Protocol):
    """How a process joins the bus."""

    def open(self, group: str, inboxes: Sequence[str], instance: str) -> Bus:
        """Joins ``group``; with no ``inboxes`` the bus only publishes. ``instance`` is stable across restarts."""

    def scan(self, topic: str, after: Mapping[int, int] | None = None) -> Sequence[Record]:
        """All retained committed records of ``topic``, each partition in order, outside of any group."""

    def last(self, topic: str, key: str) -> Record | None:
        """The newest retained record of ``topic`` under ``key``, if any."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Ciphertext with what is needed to open it, given the right key ring."""

    key_id: str
    nonce: bytes
    ciphertext: bytes = field(repr=False)


class KeyRing(Protocol):
    """The keys that one process was given, by purpose (``content``, ``identity``, ``lookup``, ``surrogate.<project>`` ...)."""

    def seal(self, purpose: str, plaintext: bytes, bound_to: bytes) -> Sealed:
        """AES-256-GCM under the newest key of ``purpose``; ``bound_to`` is authenticated, not stored."""

    def open(self, purpose: str, sealed: Sealed, bound_to: bytes) -> bytes:
        """The plaintext. Raises Unsafe (``unknown-key``, ``seal-broken``), Misconfigured without that purpose."""

    def mac(self, purpose: str, message: bytes, key_id: str = "") -> bytes:
        """HMAC-SHA-256, 32 bytes, under the pinned (or named) key of ``purpose``."""

    def secret(self, purpose: str) -> bytes:
        """The 32-byte key itself, for ciphers that take one (FF1)."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One object of a store as a listing shows it. ``stored``: seconds since the epoch, UTC, when it was put last."""

    key: str = field(repr=False)  # in a bucket that others fill, a name may be content
    size: int
    stored: float


class ArtifactStore(Protocol):
    """Where bytes lie that are too large for a record, by name (``/`` divides its steps). Thread-safe.

    Every method raises Unavailable while the store is away, Misconfigured where it refuses us or has no such bucket.
    """

    def put(self, key: str, data: bytes) -> None:
        """Durable when it returns, whole or not at all; putting the same again changes nothing."""

    def get(self, key: str) -> bytes:
        """The bytes. Raises Unsafe (``artifact-missing``) where there is no such object."""

    def delete(self, key: str) -> None:
        """Removes; an unknown key is ignored."""

    def list(self, prefix: str = "") -> Iterator[Artifact]:
        """All objects whose key begins with ``prefix``, by key."""


class Clock(Protocol):
    """Time as an argument."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class Held:
    """One thing on the shelf. ``payload`` is a sealed case or release in its wire form; the rest is content-free."""

    id: str
    stage: str
    reason: str
    deadline: float
    payload: bytes = field(repr=False)
    group: str = ""
    ordinal: int = 0
    put_at: float = 0.0


class Shelved(NamedTuple):
    """How much waits at one stage, and how much of it longer than it should."""

    waiting: int
    overdue: int


class HoldShelf(Protocol):
    """The one home of waiting: durable, idempotent by (stage, id)."""

    def put(self, items: Sequence[Held]) -> None:
        """Durable when it returns; putting the same id again changes nothing."""

    def due(self, stage: str, now: float, limit: int = 100) -> Sequence[Held]:
        """What has passed its deadline, oldest first."""

    def lease(self, stage: str, now: float, until: float, limit: int = 100) -> Sequence[Held]:
        """The same, not due for anybody else before ``until``: of several processes that ask, one gets it."""

    def group(self, stage: str, group: str) -> Sequence[Held]:
        """What waits together, by ordinal."""

    def take(self, stage: str, ids: Sequence[str]) -> None:
        """Removes; unknown ids are ignored. Call after the commit that makes them superfluous."""

    def list(self, stage: str = "") -> Sequence[Held]:
        """Everything that waits, oldest first."""

    def counts(self, now: float) -> Mapping[str, Shelved]:
        """How much waits at each stage where anything does; overdue is what was due before ``now``."""


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


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the destination answered, content-free: a status code, an MSA-1."""

    status: str


class Destination(Protocol):
    """One place where releases go."""

    def send(self, releases: Sequence[Release]) -> Sequence[Receipt | Exception]:
        """One result for each, in order. Unavailable: try again later; Malformed: refused for good."""

    def close(self) -> None:
        """Lets go of connections."""


class TextLayer(Protocol):
    """One layer of text detection: finds identifiers in texts, whoever the subject is."""

    def find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        """The findings of each part, aligned with ``parts``."""


class SubjectLayer(Protocol):
    """The identity layer of text detection: finds the subjects' own data in their texts."""

    def find(self, parts: Sequence[Part], subjects: Sequence[Subject]) -> list[list[Finding]]:
        """The findings of each part, aligned with ``parts``."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a ledger knows of the cases that ingest is about to commit."""

    accepted: frozenset[str]
    """Accepted before: acknowledge, and do not commit again."""
    elsewhere: frozenset[str]
    """Being accepted by another instance: neither, until that one has settled it."""


class AcceptanceLedger(Protocol):
    """The ids of the cases accepted within the last days, so that a message sent again is not a second case.

    Not atomic with the bus: ``claim`` comes before its commit, and what is unsettled after a crash is looked up on the bus.
    """

    def claim(self, case_ids: Sequence[str], now: float) -> Claim:
        """Durably marks the new ones as being accepted; what was claimed before now counts as accepted."""

    def settle(self) -> None:
        """What was claimed has been committed."""

    def abandon(self) -> None:
        """What was claimed has not been committed."""

    @property
    def stale(self) -> bool:
        """Whether the machine has been down since the last entries, so that some may be missing."""

    def learn(self, case_ids: Iterable[str], now: float) -> None:
        """These are on the bus, whether known here or not. Ends ``stale``."""

    def unsettled(self) -> frozenset[str]:
        """Claimed before this instance last ended, and unknown whether committed."""

    def resolve(self, committed: Iterable[str]) -> None:
        """Ends the doubt about what was unsettled."""

    def prune(self, before: float) -> None:
        """Forgets what was accepted before that time."""


class Intake(Protocol):
    """How ingest hands cases over. Several threads may."""

    def submit(self, cases: Sequence[Case], bad: Mapping[str, Malformed] | None = None) -> Future[None]:
        """Done when all of them are durable; else Unavailable (send again) or Malformed (never). One commit takes them all.

        ``bad`` names, by their ids, those that go to quarantine at once, where nobody is there to be told: with the reason.
        Raises Unavailable (``intake-full``) at once when too much waits already.
        """


class Feed(Protocol):
    """A topic that others write, as ingest reads it. Not thread-safe.

    Raises Unavailable where the other side does not answer, Misconfigured where it refuses us or records were lost to us.
    """

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        """At most ``limit`` further records, in order within a partition; waits up to ``timeout`` seconds for the first.

        ``offset`` is that of the record that follows: the position once this one is done.
        """

    def keep(self) -> None:
        """Reads nothing, and shows that this reader lives: call it every few seconds while ``poll`` is not called."""

    def done(self, records: Sequence[Record]) -> None:
        """Moves the stored position behind ``records``. What is not stored is polled again after a restart."""

    def close(self) -> None:
        """Leaves."""


class Lane(NamedTuple):
    """What order is kept within: one subject's messages from one source."""

    source: str
    key: str


class Entry(NamedTuple):
    """How one release ended at a destination: ``delivered``, ``refused``, ``gap``."""

    release_id: str
    status: str
    attempts: int
    at: float


class DeliveryLedger(Protocol):
    """What one destination has got, and how far its lanes are."""

    def settled(self, release_ids: Sequence[str]) -> Mapping[str, str]:
        """The final status of those that have one."""

    def positions(self, lanes: Sequence[Lane]) -> Mapping[Lane, int]:
        """The sequence that each lane has reached; a lane that is absent has reached 0."""

    def record(self, entries: Sequence[Entry], positions: Mapping[Lane, int]) -> None:
        """Writes both durably in one transaction; a later result replaces an earlier one."""

    def prune(self, before: float) -> None:
        """Forgets results older than that time; lanes stay."""


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
