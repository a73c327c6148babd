"""A FHIR server holds one state of a resource: what is sent last stays there.

A release that takes the place of an earlier one must not take that of a later one. So the ledger notes, for each resource, which
release was delivered last. Of the resources inside a bundle nothing is noted: a bundle is sent as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.core.release import Release
from deidstream.ports import DeliveryLedger, Entry
from deidstream.stream.parcel import Parcel

__all__ = ["overtaken", "state"]


def state(release: Release, now: float) -> list[Entry]:
    """What the ledger is told of the resource that was delivered; none for what is no single resource."""
    name = _resource(release)
    return [Entry(name, release.id, 0, now)] if name else []


def overtaken(parcels: Sequence[Parcel], ledger: DeliveryLedger) -> set[str]:
    """Ids of those that supersede what is no longer the state of their resource, there or by what comes before them here."""
    releases = [parcel.release for parcel in parcels if parcel.release is not None]
    superseding = sorted({_resource(one) for one in releases if one.supersedes} - {""})
    last = dict(ledger.settled(superseding)) if superseding else {}
    found = set()
    for one in releases:
        name = _resource(one)
        if one.supersedes and name in last and last[name] not in (one.id, *one.superseded):
            found.add(one.id)
        elif name in superseding:
            last[name] = one.id
    return found


def _resource(release: Release) -> str:
    name = dict(release.attributes).get("resource", "")
    return f"resource {name}" if "/" in name and not name.startswith("Bundle/") else ""
