"""The wire form: ``core`` types to bytes and back, sealed. The only package that knows the generated code of ``v1``."""

from __future__ import annotations

from deidstream.wire.case import ALL_SECTIONS, SECTION_PURPOSE, decode_case, decode_header, encode_case
from deidstream.wire.claim import LARGE, RELEASE, Fetch, Lodge, claimed
from deidstream.wire.record import (
    AuditRecord,
    QuarantineRecord,
    decode_audit,
    decode_quarantine,
    encode_audit,
    encode_quarantine,
)
from deidstream.wire.release import decode_gap, decode_release, encode_gap, encode_release

__all__ = [
    "ALL_SECTIONS",
    "LARGE",
    "RELEASE",
    "SECTION_PURPOSE",
    "AuditRecord",
    "Fetch",
    "Lodge",
    "QuarantineRecord",
    "claimed",
    "decode_audit",
    "decode_case",
    "decode_gap",
    "decode_header",
    "decode_quarantine",
    "decode_release",
    "encode_audit",
    "encode_case",
    "encode_gap",
    "encode_quarantine",
    "encode_release",
]
