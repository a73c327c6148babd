"""The identity store in the memory of one process: tests, and one-shot runs of the command line."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from deidstream.adapters.identity_plan import (
    Assigned,
    Facts,
    Plan,
    Stamps,
    again_after,
    hashed,
    private_subject,
    refreshed,
    subject_id,
    subject_of,
)
from deidstream.core.subject import Identifier, Subject
from deidstream.ports import Clock, Contradiction, KeyRing, Search, Seen

__all__ = ["MemoryIdentityStore"]


class MemoryIdentityStore:
    """Everything in dictionaries, under one lock."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._lock = threading.RLock()
        self._owners: dict[bytes, str] = {}
        self._origins: dict[bytes, str] = {}
        self._places: dict[bytes, bytes] = {}
        self._filled: set[tuple[str, bytes]] = set()
        self._facts: dict[str, Facts] = {}
        self._stamps = Stamps({}, {})
        self._cases: dict[str, list[str]] = {}
        self._merged: dict[str, str] = {}
        self._searches: dict[str, tuple[Search, float, float]] = {}
        """With the time of the last news, and when it is due."""

    def resolve(self, seen: Sequence[Seen]) -> Sequence[Subject | Contradiction]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            assigned = Plan(self._keys, seen).assign(self._owners, self._filled)
            return [self._store(person, one) for person, one in zip(seen, assigned, strict=True)]

    def merge(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            keep, retire = self._one(survivor), self._one(prior)
            if keep == retire:
                return keep, ""
            for mark, owner in self._owners.items():
                if owner == retire:
                    self._owners[mark] = keep
            self._refill()
            self._merged[retire] = keep
            self._facts[keep] = self._facts[keep].joined(self._facts[retire])
            self._search(keep)
            return keep, retire

    def move(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            keep, old = self._one(survivor), self._one(prior)
            for mark in self._marks(prior):
                self._owners[mark] = keep
            self._refill()
            return keep, "" if keep == old else old

    def unmerge(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            keep = self._one(survivor)
            joined = {mark: self._origins[mark] for mark in self._marks(prior) if self._owners.get(mark) == keep}
            restored = next((origin for origin in joined.values() if origin != keep), "")
            if restored:
                self._restore(restored)
                self._facts[restored] = self._facts[restored].beyond(self._facts[keep])
                return keep, restored
            restored = subject_id(self._keys, prior.identifiers[0])
            apart = set(joined) - set(self._marks(survivor))
            if not apart or restored == keep:
                return keep, ""
            for mark in apart:
                self._owners[mark] = self._origins[mark] = restored
            self._facts.setdefault(restored, Facts())
            self._refill()
            return keep, restored

    def cases(self, subject_id: str) -> Sequence[str]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            family = self._family(subject_id)
            return list(dict.fromkeys(case for one in reversed(family) for case in self._cases.get(one, ())))

    def find(self, identifiers: Sequence[Identifier]) -> Sequence[str]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            marks = [hashed(self._keys, identifier) for identifier in identifiers]
            return list(dict.fromkeys(self._owners[mark] for mark in marks if mark in self._owners))

    def refresh(self, subjects: Sequence[Subject]) -> Sequence[Subject]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            facts = [self._facts.get(self._root(one.id)) for one in subjects]
        return [refreshed(one, now) if now else one for one, now in zip(subjects, facts, strict=True)]

    def lease_searches(self, before: float, now: float, limit: int = 100) -> Sequence[Search]:
        """See ``ports.IdentityStore``."""
        with self._lock:
            due = sorted((at, subject) for subject, (_, _, at) in self._searches.items() if at <= before)[:limit]
            for _, subject in due:
                search, since, _ = self._searches[subject]
                self._searches[subject] = search, since, before + again_after(now - since)
            return [self._searches[subject][0] for _, subject in due]

    def searched(self, search: Search) -> None:
        """See ``ports.IdentityStore``."""
        with self._lock:
            left = self._searches.get(search.subject)
            if left is not None and left[0].revision <= search.revision:
                del self._searches[search.subject]

    def erase(self, subject_id: str) -> None:
        """See ``ports.IdentityStore``."""
        with self._lock:
            for one in self._family(subject_id):
                for mark in [mark for mark, owner in self._owners.items() if one in (owner, self._origins[mark])]:
                    del self._owners[mark], self._origins[mark]
                    self._places.pop(mark, None)
                self._merged.pop(one, None)
                self._forget(one)
            self._refill()

    def close(self) -> None:
        """Nothing to let go of."""

    def _store(self, person: Seen, assigned: Assigned | Contradiction) -> Subject | Contradiction:
        if isinstance(assigned, Contradiction):
            return assigned
        if not person.identifiers:
            return private_subject(self._keys, person)
        for mark, place in assigned.new:
            self._owners[mark] = self._origins[mark] = assigned.subject
            if place:
                self._places[mark] = place
                self._filled.add((assigned.subject, place))
        before = self._facts.get(assigned.subject)
        facts = (before or Facts()).with_said(person.known, person.sex, person.language)
        self._facts[assigned.subject] = facts
        if before is not None and facts.known is not before.known:
            self._search(assigned.subject)
        return subject_of(facts, assigned.subject, self._stamp(person, assigned.subject), person)

    def _stamp(self, person: Seen, subject: str) -> int:
        if not person.case_id:
            return 0
        sequence = self._stamps.stamp(person.source, subject, person.case_id)
        if self._stamps.new:
            self._cases.setdefault(subject, []).append(person.case_id)
            self._stamps.new.clear()
            self._stamps.moved.clear()
        return sequence

    def _one(self, person: Seen) -> str:
        """The subject that the strongest known identifier leads to; a new one where none does."""
        marks = self._marks(person)
        owner = next((self._owners[mark] for mark in marks if mark in self._owners), "")
        owner = owner or subject_id(self._keys, person.identifiers[0])
        for mark in marks:
            if mark not in self._owners:
                self._owners[mark] = self._origins[mark] = owner
        self._facts[owner] = self._facts.get(owner, Facts()).with_said(person.known, person.sex, person.language)
        return owner

    def _family(self, subject: str) -> list[str]:
        family = [subject]
        for one in family:
            family += [prior for prior, keep in self._merged.items() if keep == one and prior not in family]
        return family

    def _root(self, subject: str) -> str:
        while subject in self._merged:
            subject = self._merged[subject]
        return subject

    def _search(self, subject: str) -> None:
        now = self._clock.now()
        self._searches[subject] = Search(subject, self._facts[subject].revision), now, now

    def _restore(self, origin: str) -> None:
        family = self._family(origin)
        for mark, first in self._origins.items():
            if first in family:
                self._owners[mark] = origin
        self._merged.pop(origin, None)
        self._refill()

    def _refill(self) -> None:
        self._filled = {(self._owners[mark], place) for mark, place in self._places.items()}

    def _forget(self, subject: str) -> None:
        self._facts.pop(subject, None)
        self._searches.pop(subject, None)
        for case_id in self._cases.pop(subject, ()):
            self._stamps.given.pop((case_id, subject), None)
        for key in [key for key in self._stamps.last if key[1] == subject]:
            del self._stamps.last[key]

    def _marks(self, person: Seen) -> list[bytes]:
        return [hashed(self._keys, identifier) for identifier in person.identifiers]
