"""Searching retained cases again, when something has become known of a subject that they did not know.

A search is finished when every retained case of the subject with texts has gone through with all that is known now. Those that
have not go through as another run; those that are still on their first way are waited for. What was done is read off the archive,
so a search that dies is simply done again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from deidstream.core.case import Case
from deidstream.core.errors import Unsafe
from deidstream.core.outcome import Again, Audit, Outcome, Unchanged
from deidstream.core.subject import Subject, revision_of
from deidstream.ports import CaseArchive, Clock, IdentityStore, Kept, Run, Search

__all__ = ["Searching"]

_AT_ONCE = 10
"""Subjects a look."""
_CASES, _BYTES = 200, 4 << 20
"""What of one subject goes through again at once, at least one case; the rest with the next look."""
_A_TICK = 32
"""Cases of all subjects that go through again with one tick: messages that arrive wait for these, not for hundreds."""
_LOOK_SECONDS = 1.0
_PRUNE_SECONDS = 3600.0


class Searching:
    """Looks after ``store`` and ``archive`` from time to time. ``reopen`` opens a retained case."""

    def __init__(
        self,
        store: IdentityStore,
        archive: CaseArchive,
        reopen: Callable[[Kept], Case],
        clock: Clock,
        *,
        after_seconds: float,
        retained_seconds: float,
    ) -> None:
        self._store = store
        self._archive = archive
        self._reopen = reopen
        self._after = after_seconds
        self._retained = retained_seconds
        self._looked, self._pruned = clock.now(), 0.0
        self._waiting: Iterator[Outcome] = iter(())
        """What the latest look leads to, found as it is asked for. Lost with the process, these searches are given out again."""

    def due(self, now: float) -> list[Outcome]:
        """Cases that go through again, of subjects of whom nothing new was said for a while; a few at a time."""
        if now - self._pruned >= _PRUNE_SECONDS:
            self._pruned = now
            self._archive.prune(now - self._retained)
        made = list(islice(self._waiting, _A_TICK))
        if len(made) < _A_TICK and now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            searches = self._store.lease_searches(now - self._after, now, _AT_ONCE)
            self._waiting = (outcome for search in searches for outcome in self._searched(search))
            made += islice(self._waiting, _A_TICK - len(made))
        return made

    def _searched(self, search: Search) -> Iterable[Outcome]:
        retained = self._archive.searchable(self._store.cases(search.subject))
        known = self._known(sorted({subject for subjects in retained.values() for subject in subjects}))
        revisions = {case: revision_of(known[one] for one in subjects) for case, subjects in retained.items()}
        runs = self._archive.runs(sorted(retained))
        old = [run for run in runs if run.release_id and run.revision < revisions[run.case_id]]
        if old:
            return self._again(old, revisions)
        if {run.case_id for run in runs} == set(retained):
            self._store.searched(search)
        return ()

    def _known(self, subjects: Sequence[str]) -> dict[str, Subject]:
        return {one.id: one for one in self._store.refresh([Subject(subject) for subject in subjects])}

    def _again(self, old: Sequence[Run], revisions: Mapping[str, int]) -> Iterator[Outcome]:
        left = _BYTES
        for run in old[:_CASES]:
            if left <= 0:
                return
            for kept in self._archive.cases([run.case_id]):
                outcome = self._another(run, kept, revisions[run.case_id])
                left -= len(outcome.case.source)
                yield outcome

    def _another(self, run: Run, kept: Kept, revision: int) -> Again | Unchanged:
        """The case with what is known now, as a run whose number says how much that is: done twice, it is the same run. By its
        ticket the writer tells one that is done again after a crash from one that was sent on its way twice."""
        try:
            case = self._reopen(kept)
        except Unsafe as error:
            return _lost(run, kept, revision, error.code)
        subjects = tuple(self._store.refresh(case.subjects))
        revision = revision_of(subjects)
        header = case.header._replace(
            project=run.project,
            release_version=1 + revision,
            supersedes=run.replaced,
            identity_revision=revision,
            attributes=(*case.header.attributes, ("ticket", secrets.token_hex(8))),
        )
        details: dict[str, object] = {
            "project": run.project,
            "release": run.release_id,
            "identity_revision": revision,
        }
        audit = Audit("case.searched-again", run.case_id, details)
        return Again(case.changed(header=header, subjects=subjects), (audit,))


def _lost(run: Run, kept: Kept, revision: int, code: str) -> Unchanged:
    """What it names in the artifact store is gone: it cannot be searched, now or later."""
    known = {"project": run.project, "release_version": 1 + revision, "identity_revision": revision}
    case = Case.blank(run.case_id, kept.received, **known)
    details: dict[str, object] = {"project": run.project, "release": run.release_id, "code": code}
    return Unchanged(case, (Audit("case.not-searched", run.case_id, details),))
