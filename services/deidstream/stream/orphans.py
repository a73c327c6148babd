"""Artifacts that nothing names any more: of a batch that was done again, of a record that has expired."""

from __future__ import annotations

import math
from collections.abc import Iterator

from deidstream.ports import Artifact, ArtifactStore, BusFactory, CaseArchive, HoldShelf
from deidstream.stream.claims import CASES, RAW, RELEASES
from deidstream.stream.stages import INBOXES, QUARANTINE
from deidstream.stream.stages import RAW as RAW_TOPIC
from deidstream.wire import claimed, decode_quarantine

__all__ = ["named", "orphans"]

AREAS = (RAW, CASES, RELEASES)


def orphans(
    store: ArtifactStore, bus: BusFactory, shelf: HoldShelf, before: float, archive: CaseArchive | None = None
) -> list[Artifact]:
    """Objects of ours put before that time (seconds since the epoch) that no record and nothing held or retained names.

    Raises Malformed when a record cannot be read: what it names is then unknown, so nothing may be called an orphan.
    """
    old = [one for area in AREAS for one in store.list(f"{area}/") if one.stored < before]
    if not old:
        return []
    # Twice: a case that moves on meanwhile may be missed by one look, behind which it was and before which it is now.
    wanted = named(bus, shelf, archive) | named(bus, shelf, archive)
    return [one for one in old if one.key not in wanted]


def named(bus: BusFactory, shelf: HoldShelf, archive: CaseArchive | None = None) -> set[str]:
    """Keys that a record or something held or retained names. Looks where cases come from before it looks where they go."""
    keys = set(_held(shelf))
    for topic in (*INBOXES, RAW_TOPIC):
        for record in bus.scan(topic):
            keys |= claimed(record.value)
    for record in bus.scan(QUARANTINE):
        keys |= claimed(decode_quarantine(record.value).payload)
    for kept in archive.received(0.0, math.inf) if archive is not None else ():
        keys |= claimed(kept.payload)
    return keys | set(_held(shelf))


def _held(shelf: HoldShelf) -> Iterator[str]:
    for item in shelf.list():
        yield from claimed(item.payload)
