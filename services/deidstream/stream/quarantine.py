"""Quarantine: cases that went no further, sealed, until a key holder corrects, replays or drops them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from deidstream.core.case import Case
from deidstream.core.errors import Malformed, Misconfigured
from deidstream.ports import Bus, BusFactory, KeyRing, Output
from deidstream.stream.claims import Claims, Lodging
from deidstream.stream.stages import QUARANTINE, inbox
from deidstream.wire import QuarantineRecord, decode_case, decode_quarantine, encode_case, encode_quarantine

__all__ = ["close", "list_open", "open_case", "quarantine_id", "replay"]


def quarantine_id(case_id: str) -> str:
    """A new id for a record: a case that is replayed may come back."""
    return f"{case_id[:12] or 'unreadable'}-{secrets.token_hex(3)}"


def list_open(bus: BusFactory) -> list[QuarantineRecord]:
    """What is still in quarantine, oldest first."""
    waiting: dict[str, QuarantineRecord] = {}
    closed: set[str] = set()
    for record in bus.scan(QUARANTINE):
        one = decode_quarantine(record.value)
        if one.resolution:
            closed.add(one.id)
        else:
            waiting[one.id] = one
    return sorted((one for one in waiting.values() if one.id not in closed), key=lambda one: one.at)


def open_case(record: QuarantineRecord, keys: KeyRing, claims: Claims | None = None) -> Case:
    """The case, opened. Raises Malformed where it was the wire form that could not be read."""
    return decode_case(record.payload, keys, fetch=claims.fetch if claims else None)


def replay(
    bus: Bus,
    keys: KeyRing,
    records: Sequence[QuarantineRecord],
    corrected: bytes | None = None,
    claims: Claims | None = None,
) -> None:
    """Sends cases back to the stage where they failed, or, with ``corrected`` bytes, to identify, and closes the records.

    Only one case can be corrected at a time, because the bytes are its source.
    """
    if corrected is not None and len(records) != 1:
        raise Misconfigured("replay-one", "quarantine", "corrected bytes are the source of one case")
    claims = claims or Claims()
    lodging = claims.lodging()
    outputs = [_again(record, keys, corrected, claims, lodging) for record in records]
    lodging.settle()
    bus.commit([*outputs, *(_closing(record, "replayed" if corrected is None else "corrected") for record in records)])


def close(bus: Bus, records: Sequence[QuarantineRecord], resolution: str = "dropped") -> None:
    """Marks records as done without a replay."""
    bus.commit([_closing(record, resolution) for record in records])


def _again(
    record: QuarantineRecord, keys: KeyRing, corrected: bytes | None, claims: Claims, lodging: Lodging
) -> Output:
    headers = {"case": record.case_id} if record.case_id else {}
    if corrected is None:
        if not record.topic:
            raise Malformed("no-inbox", record.id)
        return Output(record.topic, record.key, record.payload, headers)
    case = open_case(record, keys, claims)
    header = case.header._replace(itinerary=("identify",), key=case.header.source, sequence=0, project="", policy="")
    value = encode_case(Case(header, corrected, case.location), keys, lodging.lodge)
    return Output(inbox("identify"), header.key, value, headers)


def _closing(record: QuarantineRecord, resolution: str) -> Output:
    mark = replace(record, payload=b"", resolution=resolution)
    return Output(QUARANTINE, record.key, encode_quarantine(mark))
