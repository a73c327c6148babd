"""Records beside the flow of cases: audit and quarantine. Both are content-free but for a payload that is sealed."""

from __future__ import annotations

from dataclasses import dataclass, field

from google.protobuf.message import DecodeError

from deidstream.core.errors import Malformed
from deidstream.wire.v1 import record_pb2 as pb

__all__ = [
    "AuditRecord",
    "QuarantineRecord",
    "decode_audit",
    "decode_quarantine",
    "encode_audit",
    "encode_quarantine",
]


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One link of an instance's chain. ``entries`` is canonical JSON; ``mac`` covers everything else."""

    chain: str
    sequence: int
    previous: bytes
    entries: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """A case that went no further. ``payload`` is its wire form, or the bytes that could not be read.

    ``topic`` is where a replay goes. A record with a ``resolution`` closes the earlier one of the same ``id``.
    """

    id: str
    case_id: str
    stage: str
    topic: str
    code: str
    place: str = ""
    at: float = 0.0
    payload: bytes = field(default=b"", repr=False)
    key: str = ""
    resolution: str = ""
    kind: str = ""


def encode_audit(record: AuditRecord) -> bytes:
    """The wire form of ``record``."""
    return pb.AuditRecord(
        chain=record.chain,
        sequence=record.sequence,
        previous=record.previous,
        entries=record.entries,
        mac=record.mac,
    ).SerializeToString()


def decode_audit(data: bytes) -> AuditRecord:
    """The record in ``data``. Raises Malformed."""
    try:
        message = pb.AuditRecord.FromString(data)
    except DecodeError:
        raise Malformed("wire-unreadable", "audit") from None
    return AuditRecord(message.chain, message.sequence, message.previous, message.entries, message.mac)


def encode_quarantine(record: QuarantineRecord) -> bytes:
    """The wire form of ``record``."""
    return pb.QuarantineRecord(
        id=record.id,
        case_id=record.case_id,
        stage=record.stage,
        topic=record.topic,
        code=record.code,
        place=record.place,
        at=record.at,
        payload=record.payload,
        key=record.key,
        resolution=record.resolution,
        kind=record.kind,
    ).SerializeToString()


def decode_quarantine(data: bytes) -> QuarantineRecord:
    """The record in ``data``. Raises Malformed."""
    try:
        m = pb.QuarantineRecord.FromString(data)
    except DecodeError:
        raise Malformed("wire-unreadable", "quarantine") from None
    return QuarantineRecord(
        m.id, m.case_id, m.stage, m.topic, m.code, m.place, m.at, m.payload, m.key, m.resolution, m.kind
    )
