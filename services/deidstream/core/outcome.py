"""What a stage says of each case it handled. The runner turns outcomes into one commit."""

from __future__ import annotations

from dataclasses import dataclass, field

from deidstream.core.case import Case
from deidstream.core.release import Release

__all__ = ["Again", "Audit", "Done", "Forward", "Gap", "Hold", "Outcome", "Quarantine", "Released", "Unchanged"]


@dataclass(frozen=True, slots=True)
class Audit:
    """One content-free entry for the audit log: an event name and codes, ids, counts and timings only."""

    event: str
    case_id: str
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forward:
    """To the stage at the head of the case's itinerary, which the stage has already advanced."""

    case: Case
    audit: tuple[Audit, ...] = ()
    keep: bool = False
    """Whether the case as it is now is retained, where the deployment retains cases."""


@dataclass(frozen=True, slots=True)
class Again:
    """A retained case, through the stages as another run. By the bus, so that it is done to its end whoever dies."""

    case: Case
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """Out of the pipeline, to ``deidstream.releases.v1``."""

    release: Release
    audit: tuple[Audit, ...] = ()
    case: Case | None = field(default=None, repr=False, compare=False)
    """The case as it was carried out, for whoever reports what was done. It is not published."""
    places: str = ""
    """Keyed hash of the places that were changed, by which a later run can tell whether it changes others."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A further run that found nothing new: what was released stands."""

    case: Case
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Out of the pipeline, sealed, until a person corrects or replays it. ``code`` and ``place`` are content-free."""

    case: Case
    code: str
    place: str = ""
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True)
class Hold:
    """On the shelf of ``stage`` under ``group`` until it takes it or ``deadline`` (epoch seconds) passes."""

    case: Case
    stage: str
    reason: str
    deadline: float
    group: str = ""
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing further (a case that no project is entitled to, a duplicate)."""

    case_id: str
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """No release will come for this case at ``project`` ('' for all): destinations that are ordered need not wait for it."""

    case: Case
    reason: str
    project: str = ""
    audit: tuple[Audit, ...] = ()


Outcome = Forward | Again | Released | Unchanged | Quarantine | Hold | Gap | Done
