"""What one commit tells the archive: which cases are retained, what was released of them, which further runs found nothing.

Written before the bus commits. A batch that is done again after a crash writes the same again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from deidstream.core.case import Case, Header
from deidstream.core.outcome import Again, Done, Forward, Outcome, Released
from deidstream.core.subject import Subject
from deidstream.ports import CaseArchive, Ended, Kept, KeyRing, Run
from deidstream.wire import Fetch, decode_case, encode_case

__all__ = ["Archiving", "reopened"]

_REOPENED = frozenset({"source", "identity"})


@dataclass(slots=True)
class Archiving:
    """Collects for ``archive`` until the commit."""

    archive: CaseArchive
    keys: KeyRing
    kept: list[Kept] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)

    def keep(self, case: Case) -> None:
        """Retains ``case`` as it is now, but for what the identity store remembers of its subjects.

        Raises Malformed where the wire cannot carry it.
        """
        header = case.header
        subjects = tuple(dict.fromkeys(subject.id for subject in case.subjects))
        payload = encode_case(case.changed(subjects=tuple(map(_unremembered, case.subjects))), self.keys)
        self.kept.append(Kept(case.id, header.received, subjects, "text" in header.itinerary, payload))

    def note(self, outcome: Outcome) -> None:
        """What ``outcome`` means for a retained case."""
        if isinstance(outcome, Released):
            self._released(outcome)
        elif isinstance(outcome, Done):
            self.runs.append(Run(outcome.case_id, "", 1, "", "", "", 0))
        elif not isinstance(outcome, Forward | Again) and outcome.case.header.release_version > 1:
            header = outcome.case.header
            self.ended.append(Ended(header.case_id, header.project, header.identity_revision))

    def put(self) -> None:
        """Durable when it returns. Raises Unavailable."""
        self.archive.put(self.kept, self.runs, self.ended)

    def _released(self, outcome: Released) -> None:
        if outcome.case is None:  # what accompanies a release is none of a case
            return
        header, release = outcome.case.header, outcome.release
        self.runs.append(_run(header, release.id, release.supersedes, outcome.places))


def reopened(kept: Kept, keys: KeyRing, fetch: Fetch | None = None) -> Case:
    """The retained case, opened; what is known of its subjects is to be refreshed.

    Raises Unsafe where what it names in the artifact store is gone.
    """
    return decode_case(kept.payload, keys, _REOPENED, fetch)


def _unremembered(subject: Subject) -> Subject:
    """With what this message alone said of them. Of somebody whom nothing identifies (revision 0) that is all."""
    if not subject.revision:
        return subject
    return replace(subject, known=tuple(item for item in subject.known if item.is_passing))


def _run(header: Header, release_id: str, supersedes: str, places: str) -> Run:
    return Run(
        header.case_id,
        header.project,
        header.release_version,
        release_id,
        supersedes,
        places,
        header.identity_revision,
        header.attribute("ticket"),
    )
