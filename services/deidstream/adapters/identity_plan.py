"""How messages become subjects, over any store: the rules without the rows.

An adapter loads what the rules ask for, applies them, and writes the changes back in one transaction.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from deidstream.core.known import NOTHING, Remembered
from deidstream.core.subject import Identifier, Known, Subject
from deidstream.ports import Contradiction, KeyRing, Seen

__all__ = [
    "Assigned",
    "Facts",
    "Plan",
    "Stamps",
    "again_after",
    "hashed",
    "private_id",
    "private_subject",
    "refreshed",
    "slot",
    "subject_id",
    "subject_of",
]

KNOWN_LIMIT = 300
_SOONEST, _LATEST = 60.0, 3600.0
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is remembered about one subject. ``revision`` grows when the rest changes, and with each merge and unmerge."""

    revision: int = 0
    sex: str = ""
    language: str = ""
    known: Remembered = field(default=NOTHING, repr=False)

    def joined(self, other: Facts) -> Facts:
        """What is remembered of two that are one. The revision is beyond both: what either has not seen is new to it."""
        return self.with_said(other.known.items).beyond(other)

    def beyond(self, other: Facts) -> Facts:
        """The same under a revision that no case of either has seen."""
        return replace(self, revision=max(self.revision, other.revision) + 1)

    def with_said(self, said: Sequence[Known], sex: str = "", language: str = "", limit: int = KNOWN_LIMIT) -> Facts:
        """The same object when that is nothing new."""
        known = self.known.with_said(said, limit)
        # Both steer surrogates, so they stay what they first were: else a correction would rename the same person.
        sex = self.sex or (sex if sex != "unknown" else "")
        language = self.language or language
        if known is self.known and sex == self.sex and language == self.language:
            return self
        return Facts(self.revision + 1, sex, language, known)


@dataclass(frozen=True, slots=True)
class Assigned:
    """Which subject a person of a message is, and which of the identifiers (by hash) were new."""

    subject: str
    new: tuple[tuple[bytes, bytes], ...] = ()
    """Hash, and slot where the identifier is the only one of its kind that a person has (else b'')."""


@dataclass(slots=True)
class Stamps:
    """Sequences as the store has them: of cases already stamped, and the last one per source and subject."""

    given: dict[tuple[str, str], int]
    last: dict[tuple[str, str], int]
    new: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """What was stamped just now: (case, subject) to source and sequence."""
    moved: dict[tuple[str, str], int] = field(default_factory=dict)
    """The last sequences that changed."""

    def stamp(self, source: str, subject: str, case_id: str) -> int:
        """The place of this case; the one that it was given before, if it was."""
        given = self.given.get((case_id, subject))
        if given is not None:
            return given
        sequence = self.last.get((source, subject), 0) + 1
        self.last[source, subject] = self.moved[source, subject] = sequence
        self.new[case_id, subject] = source, sequence
        self.given[case_id, subject] = sequence
        return sequence


class Plan:
    """Assigns subjects to a batch, in order. Later messages of the batch see what earlier ones said.

    A contradiction undoes what its whole case has said so far.
    """

    def __init__(self, keys: KeyRing, seen: Sequence[Seen]) -> None:
        self._keys = keys
        self._seen = seen
        self._marks = [[hashed(keys, identifier) for identifier in person.identifiers] for person in seen]
        self._owners: Mapping[bytes, str] = {}
        self._filled: Container[tuple[str, bytes]] = ()
        self._new_owners: dict[bytes, str] = {}
        self._new_filled: set[tuple[str, bytes]] = set()

    @property
    def marks(self) -> set[bytes]:
        """The hashes of all identifiers of the batch, to ask the store for their owners."""
        return {mark for marks in self._marks for mark in marks}

    def guarded(self, owners: Mapping[bytes, str]) -> set[str]:
        """The subjects that a new single-valued identifier may contradict."""
        return {
            owners[mark]
            for person, marks in zip(self._seen, self._marks, strict=True)
            if person.single_valued
            for mark in marks
            if mark in owners
        }

    def assign(
        self, owners: Mapping[bytes, str], filled: Container[tuple[str, bytes]]
    ) -> list[Assigned | Contradiction]:
        """One result for each person. ``owners``: hash to subject; ``filled``: the (subject, slot) that hold a value."""
        self._owners, self._filled = owners, filled
        self._new_owners, self._new_filled = {}, set()
        results: list[Assigned | Contradiction] = []
        start = 0
        for index in range(1, len(self._seen) + 1):
            same = index < len(self._seen) and self._seen[index].case_id == self._seen[start].case_id != ""
            if not same:
                results += self._of_case(range(start, index))
                start = index
        return results

    def _of_case(self, persons: range) -> list[Assigned | Contradiction]:
        before = (dict(self._new_owners), set(self._new_filled)) if len(persons) > 1 else None
        results: list[Assigned | Contradiction] = []
        for person in persons:
            result = self._of_person(self._seen[person], self._marks[person])
            if isinstance(result, Contradiction):
                if before is not None:
                    self._new_owners, self._new_filled = before
                return [result] * len(persons)
            results.append(result)
            for mark, place in result.new:
                self._new_owners[mark] = result.subject
                if place:
                    self._new_filled.add((result.subject, place))
        return results

    def _of_person(self, person: Seen, marks: Sequence[bytes]) -> Assigned | Contradiction:
        if not person.identifiers:
            return Assigned(private_id(self._keys, person))
        owners = {mark: self._new_owners.get(mark) or self._owners.get(mark) for mark in marks}
        found = {owner for owner in owners.values() if owner}
        if len(found) > 1:
            return Contradiction("identity-two-subjects", tuple(sorted(found)))
        subject = found.pop() if found else subject_id(self._keys, person.identifiers[0])
        new = tuple(
            (mark, slot(self._keys, identifier) if identifier in person.single_valued else b"")
            for mark, identifier in dict(zip(marks, person.identifiers, strict=True)).items()
            if not owners[mark]
        )
        places = [place for _, place in new if place]
        if len(set(places)) < len(places) or any(self._is_filled(subject, place) for place in places):
            return Contradiction("identity-two-values", (subject,))
        return Assigned(subject, new)

    def _is_filled(self, subject: str, place: bytes) -> bool:
        return (subject, place) in self._new_filled or (subject, place) in self._filled


def hashed(keys: KeyRing, identifier: Identifier) -> bytes:
    """The keyed hash under which an identifier is looked up, 32 bytes."""
    return keys.mac("lookup", _message("identifier", identifier.type, identifier.issuer, identifier.value))


def slot(keys: KeyRing, identifier: Identifier) -> bytes:
    """Where a single-valued identifier stands: its issuer and type, hashed, 16 bytes."""
    return keys.mac("lookup", _message("slot", identifier.type, identifier.issuer))[:16]


def subject_id(keys: KeyRing, identifier: Identifier) -> str:
    """The id of a subject first seen under ``identifier``: 32 hexadecimal digits, pinned from then on."""
    return keys.mac("subject", _message("subject", identifier.type, identifier.issuer, identifier.value)).hex()[:32]


def private_id(keys: KeyRing, seen: Seen) -> str:
    """The id of somebody whom nothing identifies: theirs in this case alone."""
    return keys.mac("subject", _message("case", seen.case_id, str(seen.person))).hex()[:32]


def subject_of(facts: Facts, subject: str, sequence: int, seen: Seen) -> Subject:
    """The subject as the case carries it: what is remembered, then what only this message says."""
    known = facts.known.items + facts.known.news(seen.passing)
    return Subject(subject, sequence, facts.revision, facts.sex or "unknown", facts.language, known)


def refreshed(subject: Subject, facts: Facts) -> Subject:
    """The subject of an earlier case, as known now: what is remembered, then what only that case said."""
    passing = [item for item in subject.known if item.is_passing]
    sex = facts.sex if subject.sex == "unknown" and facts.sex else subject.sex
    known = facts.known.items + facts.known.news(passing)
    return Subject(subject.id, subject.sequence, facts.revision, sex, subject.language or facts.language, known)


def again_after(seconds: float) -> float:
    """How long until a search that was not finished ``seconds`` after it was due is given out again."""
    return min(max(seconds, _SOONEST), _LATEST)


def private_subject(keys: KeyRing, seen: Seen) -> Subject:
    """Somebody of whom nothing is remembered."""
    return subject_of(
        Facts(0, seen.sex, seen.language, NOTHING.with_said(seen.known, KNOWN_LIMIT)), private_id(keys, seen), 1, seen
    )


def _message(*parts: str) -> bytes:
    return _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
