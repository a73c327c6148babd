"""The identity store in a database, through SQLAlchemy Core: SQLite embedded, PostgreSQL in production.

Transactions that write take turns, on either database. Whom a message speaks of depends on all that was said before, in several
tables, and a batch may join anybody with anybody: locks on rows would have to be on rows that are found only while locking. A turn
takes a dozen statements, however large the batch is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Engine

from deidstream.adapters.identity_plan import (
    Assigned,
    Facts,
    Plan,
    Stamps,
    hashed,
    private_subject,
    refreshed,
    subject_id,
    subject_of,
)
from deidstream.adapters.sql_engine import reading, writing
from deidstream.adapters.sql_identity_rows import IdentityRows
from deidstream.adapters.sql_identity_tables import METADATA
from deidstream.adapters.sql_schema import opened
from deidstream.core.subject import Identifier, Subject
from deidstream.ports import Clock, Contradiction, KeyRing, Search, Seen

__all__ = ["SqlIdentityStore"]

_TURN = "identity"
_CACHED_SUBJECTS = 1024

_T = TypeVar("_T")


class SqlIdentityStore:
    """See ``ports.IdentityStore``. One instance a process; safe between threads."""

    def __init__(self, engine: Engine | str, keys: KeyRing, clock: Clock) -> None:
        self._engine = opened(engine, METADATA)
        self._keys = keys
        self._clock = clock
        self._cache: OrderedDict[str, Facts] = OrderedDict()

    def resolve(self, seen: Sequence[Seen]) -> Sequence[Subject | Contradiction]:
        """See ``ports.IdentityStore``."""
        if not seen:
            return []
        plan = Plan(self._keys, seen)
        results, facts = self._write(lambda rows: _resolved(rows, plan, seen, self._keys, self._cache))
        self._remember(facts)
        return results

    def merge(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """See ``ports.IdentityStore``."""
        return self._write(lambda rows: self._merged(rows, survivor, prior))

    def move(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """See ``ports.IdentityStore``."""
        return self._write(lambda rows: self._moved(rows, survivor, prior))

    def unmerge(self, survivor: Seen, prior: Seen) -> tuple[str, str]:
        """See ``ports.IdentityStore``."""
        return self._write(lambda rows: self._unmerged(rows, survivor, prior))

    def cases(self, subject_id: str) -> Sequence[str]:
        """See ``ports.IdentityStore``."""
        with reading(self._engine) as connection:
            rows = IdentityRows(connection, self._keys, self._clock.now())
            return rows.cases(rows.family(subject_id))

    def find(self, identifiers: Sequence[Identifier]) -> Sequence[str]:
        """See ``ports.IdentityStore``."""
        marks = [hashed(self._keys, identifier) for identifier in identifiers]
        with reading(self._engine) as connection:
            owners = IdentityRows(connection, self._keys, self._clock.now()).owners(marks)
        return list(dict.fromkeys(owners[mark] for mark in marks if mark in owners))

    def refresh(self, subjects: Sequence[Subject]) -> Sequence[Subject]:
        """See ``ports.IdentityStore``."""
        with reading(self._engine) as connection:
            rows = IdentityRows(connection, self._keys, self._clock.now())
            roots = rows.roots(one.id for one in subjects)
            facts = rows.facts(set(roots.values()), self._cache)
        return [refreshed(one, facts[roots[one.id]]) if roots[one.id] in facts else one for one in subjects]

    def lease_searches(self, before: float, now: float, limit: int = 100) -> Sequence[Search]:
        """See ``ports.IdentityStore``."""
        with reading(self._engine) as connection:  # mostly there is nothing: without a turn
            if not IdentityRows(connection, self._keys, now).is_search_due(before):
                return ()
        return self._write(lambda rows: rows.lease_searches(before, now, limit))

    def searched(self, search: Search) -> None:
        """See ``ports.IdentityStore``."""
        self._write(lambda rows: rows.searched(search))

    def erase(self, subject_id: str) -> None:
        """See ``ports.IdentityStore``."""
        erased = self._write(lambda rows: _erased(rows, subject_id))
        for subject in erased:
            self._cache.pop(subject, None)

    def close(self) -> None:
        """See ``ports.IdentityStore``."""
        self._engine.dispose()

    def _write(self, change: Callable[[IdentityRows], _T]) -> _T:
        with writing(self._engine, _TURN) as connection:
            return change(IdentityRows(connection, self._keys, self._clock.now()))

    def _merged(self, rows: IdentityRows, survivor: Seen, prior: Seen) -> tuple[str, str]:
        keep, retired = self._one(rows, survivor), self._one(rows, prior)
        if keep == retired:
            return keep, ""
        facts = rows.facts((keep, retired), {})
        joined = facts[keep].joined(facts[retired])
        rows.save({keep: joined})
        rows.search({keep: joined.revision})
        rows.retire(retired, keep)
        rows.log("merge", keep, retired)
        return keep, retired

    def _moved(self, rows: IdentityRows, survivor: Seen, prior: Seen) -> tuple[str, str]:
        keep, old = self._one(rows, survivor), self._one(rows, prior)
        if keep == old:
            return keep, ""
        rows.point(self._marks(prior), keep)
        rows.log("move", keep, old)
        return keep, old

    def _unmerged(self, rows: IdentityRows, survivor: Seen, prior: Seen) -> tuple[str, str]:
        keep = self._one(rows, survivor)
        origins = rows.origins(self._marks(prior))
        joined = {mark: origin for mark, (owner, origin) in origins.items() if owner == keep}
        restored = next((origin for origin in joined.values() if origin != keep), "")
        if restored:
            rows.restore(restored)
            facts = rows.facts((keep, restored), {})
            rows.save({restored: facts[restored].beyond(facts[keep])})
        else:
            restored = subject_id(self._keys, prior.identifiers[0])
            apart = set(joined) - set(self._marks(survivor))
            if not apart or restored == keep:
                return keep, ""
            rows.add(dict.fromkeys(apart, (restored, b"")))
            rows.point(apart, restored, origin=True)
        rows.log("unmerge", keep, restored)
        return keep, restored

    def _one(self, rows: IdentityRows, person: Seen) -> str:
        """The subject that the strongest known identifier leads to; a new one where none does."""
        marks = self._marks(person)
        owners = rows.owners(marks)
        owner = next((owners[mark] for mark in marks if mark in owners), "")
        owner = owner or subject_id(self._keys, person.identifiers[0])
        rows.add({mark: (owner, b"") for mark in marks if mark not in owners})
        return owner

    def _marks(self, person: Seen) -> list[bytes]:
        return [hashed(self._keys, identifier) for identifier in person.identifiers]

    def _remember(self, facts: Mapping[str, Facts]) -> None:
        for subject, now in facts.items():
            self._cache[subject] = now
            self._cache.move_to_end(subject)
        while len(self._cache) > _CACHED_SUBJECTS:
            self._cache.popitem(last=False)


def _resolved(
    rows: IdentityRows, plan: Plan, seen: Sequence[Seen], keys: KeyRing, cached: Mapping[str, Facts]
) -> tuple[list[Subject | Contradiction], dict[str, Facts]]:
    owners = rows.owners(plan.marks)
    guarded = plan.guarded(owners)
    assigned = plan.assign(owners, rows.filled(guarded) if guarded else ())
    pairs = [
        (person, one)
        for person, one in zip(seen, assigned, strict=True)
        if person.identifiers and isinstance(one, Assigned)
    ]
    rows.add({mark: (one.subject, slot) for _, one in pairs for mark, slot in one.new})
    subjects = {one.subject for _, one in pairs}
    before = rows.facts(subjects, cached)
    stamps = rows.stamps(subjects, {person.case_id for person, _ in pairs}, {person.source for person, _ in pairs})
    results, facts, late = _told(seen, assigned, keys, before, stamps, set(owners.values()))
    rows.save({subject: now for subject, now in facts.items() if now is not before[subject]})
    rows.search({subject: facts[subject].revision for subject in late})
    rows.stamp(stamps.new, stamps.moved)
    return results, facts


def _told(
    seen: Sequence[Seen],
    assigned: Sequence[Assigned | Contradiction],
    keys: KeyRing,
    before: Mapping[str, Facts],
    stamps: Stamps,
    met: set[str],
) -> tuple[list[Subject | Contradiction], dict[str, Facts], set[str]]:
    """What each is resolved to; what is remembered now; of whom that is more than an earlier message (``met``) knew."""
    facts = dict(before)
    late: set[str] = set()
    results: list[Subject | Contradiction] = []
    for person, one in zip(seen, assigned, strict=True):
        if isinstance(one, Contradiction):
            results.append(one)
        elif not person.identifiers:
            results.append(private_subject(keys, person))
        else:
            known = facts[one.subject].known
            now = facts[one.subject] = facts[one.subject].with_said(person.known, person.sex, person.language)
            if now.known is not known and one.subject in met:
                late.add(one.subject)
            met.add(one.subject)
            sequence = stamps.stamp(person.source, one.subject, person.case_id) if person.case_id else 0
            results.append(subject_of(now, one.subject, sequence, person))
    return results, facts, late


def _erased(rows: IdentityRows, subject: str) -> Sequence[str]:
    family = rows.family(subject)
    rows.erase(family)
    return family
