"""The rows of the identity store, read and written inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import BindParameter, Connection, Select, bindparam, delete, insert, select, update

from deidstream.adapters.identity_plan import Facts, Stamps, again_after
from deidstream.adapters.sql_identity_tables import (
    IDENTIFIER,
    MERGE_LOG,
    SEARCH,
    SEQUENCE,
    SUBJECT,
    SUBJECT_CASE,
)
from deidstream.adapters.sql_inserts import chunks, insert_missing, upsert
from deidstream.core.category import Category, Role
from deidstream.core.known import Remembered
from deidstream.core.subject import Known
from deidstream.ports import KeyRing, Sealed, Search

__all__ = ["IdentityRows"]

_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_OWNERS = select(IDENTIFIER.c.hash, IDENTIFIER.c.subject_id).where(IDENTIFIER.c.hash.in_(_WANTED))
_ORIGINS = select(IDENTIFIER.c.hash, IDENTIFIER.c.subject_id, IDENTIFIER.c.origin).where(IDENTIFIER.c.hash.in_(_WANTED))
_FILLED = select(IDENTIFIER.c.subject_id, IDENTIFIER.c.slot).where(
    IDENTIFIER.c.slot != b"", IDENTIFIER.c.subject_id.in_(_WANTED)
)
_REVISIONS = select(SUBJECT.c.id, SUBJECT.c.revision).where(SUBJECT.c.id.in_(_WANTED))
_ABOVE = select(SUBJECT.c.id, SUBJECT.c.merged_into).where(SUBJECT.c.id.in_(_WANTED))
_SEALED = select(SUBJECT.c.id, SUBJECT.c.revision, SUBJECT.c.key_id, SUBJECT.c.nonce, SUBJECT.c.ciphertext).where(
    SUBJECT.c.id.in_(_WANTED)
)
_STAMPED = select(SUBJECT_CASE.c.case_id, SUBJECT_CASE.c.subject_id, SUBJECT_CASE.c.sequence).where(
    SUBJECT_CASE.c.case_id.in_(_WANTED)
)
_LAST = select(SEQUENCE.c.source, SEQUENCE.c.subject_id, SEQUENCE.c.last).where(
    SEQUENCE.c.source.in_(bindparam("sources", expanding=True)), SEQUENCE.c.subject_id.in_(_WANTED)
)
_CATEGORY = {str(category): category for category in Category}
_ROLE = {str(role): role for role in Role}


class IdentityRows:
    """One transaction's view of the tables. What is known passes through ``keys`` on its way in and out."""

    def __init__(self, connection: Connection, keys: KeyRing, now: float) -> None:
        self._connection = connection
        self._keys = keys
        self._now = now

    def owners(self, marks: Iterable[bytes]) -> dict[bytes, str]:
        """Hash to subject, for the hashes that have one."""
        return {bytes(mark): subject for mark, subject in self._rows(_OWNERS, marks)}

    def origins(self, marks: Iterable[bytes]) -> dict[bytes, tuple[str, str]]:
        """Hash to subject and to the subject that had it first."""
        return {bytes(mark): (subject, origin) for mark, subject, origin in self._rows(_ORIGINS, marks)}

    def filled(self, subjects: Iterable[str]) -> set[tuple[str, bytes]]:
        """The single-valued slots of ``subjects`` that hold a value."""
        return {(subject, bytes(slot)) for subject, slot in self._rows(_FILLED, subjects)}

    def add(self, identifiers: Mapping[bytes, tuple[str, bytes]]) -> None:
        """New identifiers (hash to subject and slot), and their subjects where they are new too."""
        blank = {"revision": 0, "key_id": "", "nonce": b"", "ciphertext": b"", "merged_into": "", "created": self._now}
        subjects = dict.fromkeys(subject for subject, _ in identifiers.values())
        insert_missing(self._connection, SUBJECT, [{"id": subject, **blank} for subject in sorted(subjects)])
        rows = [
            {"hash": mark, "subject_id": subject, "origin": subject, "slot": slot}
            for mark, (subject, slot) in sorted(identifiers.items())
        ]
        insert_missing(self._connection, IDENTIFIER, rows)

    def facts(self, subjects: Iterable[str], cached: Mapping[str, Facts]) -> dict[str, Facts]:
        """What is remembered of each, from ``cached`` where its revision is still the one that is stored."""
        found: dict[str, Facts] = {}
        stale: list[str] = []
        for subject, revision in self._rows(_REVISIONS, sorted(subjects)):
            have = cached.get(subject)
            if revision == 0:
                found[subject] = Facts()
            elif have is not None and have.revision == revision:
                found[subject] = have
            else:
                stale.append(subject)
        return {**found, **self._opened(stale)}

    def save(self, changed: Mapping[str, Facts]) -> None:
        """Seals and writes what is remembered now."""
        rows = []
        for subject, facts in sorted(changed.items()):
            sealed = self._keys.seal("identity", _packed(facts), subject.encode())
            rows.append(
                {
                    "id": subject,
                    "revision": facts.revision,
                    "key_id": sealed.key_id,
                    "nonce": sealed.nonce,
                    "ciphertext": sealed.ciphertext,
                    "merged_into": "",
                    "created": self._now,
                }
            )
        upsert(self._connection, SUBJECT, rows, ("revision", "key_id", "nonce", "ciphertext"))

    def stamps(self, subjects: Collection[str], case_ids: Iterable[str], sources: Collection[str]) -> Stamps:
        """The sequences of ``case_ids``, and the last ones of ``subjects`` in ``sources``."""
        given = {(case_id, subject): sequence for case_id, subject, sequence in self._rows(_STAMPED, case_ids)}
        ends = self._rows(_LAST, subjects, sources=list(sources))
        return Stamps(given, {(source, subject): number for source, subject, number in ends})

    def stamp(self, stamped: Mapping[tuple[str, str], tuple[str, int]], last: Mapping[tuple[str, str], int]) -> None:
        """Writes the index (case and subject to source and sequence), and how far each sequence has come."""
        rows = [
            {"case_id": case_id, "subject_id": subject, "source": source, "sequence": sequence, "at": self._now}
            for (case_id, subject), (source, sequence) in stamped.items()
        ]
        insert_missing(self._connection, SUBJECT_CASE, rows)
        ends = [
            {"source": source, "subject_id": subject, "last": end} for (source, subject), end in sorted(last.items())
        ]
        upsert(self._connection, SEQUENCE, ends, ("last",))

    def point(self, marks: Iterable[bytes], subject: str, *, origin: bool = False) -> None:
        """Gives the identifiers to ``subject``; with ``origin``, for good."""
        values = {"subject_id": subject, "origin": subject} if origin else {"subject_id": subject}
        self._connection.execute(update(IDENTIFIER).where(IDENTIFIER.c.hash.in_(list(marks))).values(values))

    def retire(self, prior: str, survivor: str) -> None:
        """All identifiers of ``prior`` lead to ``survivor`` from now on."""
        owned = update(IDENTIFIER).where(IDENTIFIER.c.subject_id == prior)
        self._connection.execute(owned.values(subject_id=survivor))
        self._connection.execute(update(SUBJECT).where(SUBJECT.c.id == prior).values(merged_into=survivor))

    def restore(self, prior: str) -> None:
        """The identifiers that were those of ``prior``, and of those merged into it, lead to it again."""
        family = self.family(prior)
        self._connection.execute(update(IDENTIFIER).where(IDENTIFIER.c.origin.in_(family)).values(subject_id=prior))
        self._connection.execute(update(SUBJECT).where(SUBJECT.c.id == prior).values(merged_into=""))

    def family(self, subject: str) -> list[str]:
        """``subject`` and all that were merged into it, directly or not."""
        family = frontier = [subject]
        while frontier:
            rows = self._connection.execute(select(SUBJECT.c.id).where(SUBJECT.c.merged_into.in_(frontier)))
            frontier = [prior for (prior,) in rows if prior not in family]
            family = [*family, *frontier]
        return family

    def roots(self, subjects: Iterable[str]) -> dict[str, str]:
        """Each to the one that it was merged into, directly or not; to itself where it was not."""
        roots = {subject: subject for subject in subjects}
        while True:
            above = dict(self._rows(_ABOVE, sorted(set(roots.values()))))
            if not any(above.values()):
                return roots
            roots = {subject: above.get(root) or root for subject, root in roots.items()}

    def search(self, revisions: Mapping[str, int]) -> None:
        """Writes down that the earlier cases of these subjects know less of them than is known now."""
        rows = [
            {"subject_id": subject, "revision": revision, "since": self._now, "at": self._now}
            for subject, revision in revisions.items()
        ]
        upsert(self._connection, SEARCH, rows, ("revision", "since", "at"))

    def is_search_due(self, before: float) -> bool:
        """Whether ``lease_searches`` would give any."""
        return self._connection.execute(select(SEARCH.c.at).where(SEARCH.c.at <= before).limit(1)).first() is not None

    def lease_searches(self, before: float, now: float, limit: int) -> list[Search]:
        """The oldest of those that are due by ``before``; they are due again the later, the longer they have been."""
        due = select(SEARCH).where(SEARCH.c.at <= before).order_by(SEARCH.c.at, SEARCH.c.subject_id).limit(limit)
        found = self._connection.execute(due).all()
        rows = [{**row._mapping, "at": before + again_after(now - row.since)} for row in found]
        upsert(self._connection, SEARCH, rows, ("at",))
        return [Search(row.subject_id, row.revision) for row in found]

    def searched(self, search: Search) -> None:
        """Nothing is to be searched for any more that this revision of the subject holds."""
        ours = (SEARCH.c.subject_id == search.subject, SEARCH.c.revision <= search.revision)
        self._connection.execute(delete(SEARCH).where(*ours))

    def log(self, kind: str, survivor: str, prior: str) -> None:
        """Writes down a merge, a move or an unmerge."""
        row = {"kind": kind, "survivor": survivor, "prior": prior, "at": self._now}
        self._connection.execute(insert(MERGE_LOG).values(row))

    def cases(self, subjects: Iterable[str]) -> list[str]:
        """Ids of the cases of ``subjects``, oldest first."""
        columns = select(SUBJECT_CASE.c.case_id).where(SUBJECT_CASE.c.subject_id.in_(list(subjects)))
        rows = self._connection.execute(columns.order_by(SUBJECT_CASE.c.at, SUBJECT_CASE.c.sequence))
        return list(dict.fromkeys(case_id for (case_id,) in rows))

    def erase(self, subjects: Collection[str]) -> None:
        """Deletes every row of ``subjects``."""
        for column in (
            IDENTIFIER.c.subject_id,
            IDENTIFIER.c.origin,
            SEQUENCE.c.subject_id,
            SUBJECT_CASE.c.subject_id,
            MERGE_LOG.c.survivor,
            MERGE_LOG.c.prior,
            SEARCH.c.subject_id,
            SUBJECT.c.id,
        ):
            self._connection.execute(delete(column.table).where(column.in_(list(subjects))))

    def _opened(self, subjects: Iterable[str]) -> dict[str, Facts]:
        found: dict[str, Facts] = {}
        for subject, revision, key_id, nonce, text in self._rows(_SEALED, subjects):
            sealed = Sealed(key_id, bytes(nonce), bytes(text))
            found[subject] = _unpacked(revision, self._keys.open("identity", sealed, subject.encode()))
        return found

    def _rows(
        self, statement: Select[Any], wanted: Iterable[object], **parameters: object
    ) -> Iterator[Any]:  # a row is whatever its statement selects
        """The rows of ``statement`` for all that is ``wanted``, as many at a time as one statement takes."""
        for some in chunks(wanted):
            yield from self._connection.execute(statement, {"wanted": some, **parameters})


def _packed(facts: Facts) -> bytes:
    items = [
        (str(item.category), str(item.role), item.form, item.value, item.group, item.issuer)
        for item in facts.known.items
    ]
    return orjson.dumps((facts.sex, facts.language, items))


def _unpacked(revision: int, packed: bytes) -> Facts:
    sex, language, items = orjson.loads(packed)
    known = Remembered.of(
        Known(_CATEGORY.get(category, Category.OTHER_ID), _ROLE.get(role, Role.UNKNOWN), form, value, group, issuer)
        for category, role, form, value, group, issuer in items
    )
    return Facts(revision, sex, language, known)
