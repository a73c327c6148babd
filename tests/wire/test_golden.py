"""Bytes that version 1 wrote must be read for ever. Run this module to add files; never change one."""

from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.core.outcome import Gap
from deidstream.wire import (
    AuditRecord,
    QuarantineRecord,
    decode_audit,
    decode_case,
    decode_gap,
    decode_quarantine,
    decode_release,
    encode_audit,
    encode_case,
    encode_gap,
    encode_quarantine,
    encode_release,
)

from tests.wire.cases import FixedKeyRing, full_case, full_release

FOLDER = Path(__file__).parent.parent / "data" / "wire"
AUDIT = AuditRecord("core-0", 12, b"p" * 32, b'[{"event":"case.released"}]', b"m" * 32)
QUARANTINED = QuarantineRecord(
    "c0ffee-ab12cd",
    "c0ffee",
    "text",
    "deidstream.text.v1",
    "no-charset",
    "MSH-18",
    1.5,
    b"sealed",
    "subject-1",
    "",
    "hl7v2",
)


def written() -> dict[str, bytes]:
    keys = FixedKeyRing()
    added = decode_case(encode_case(replace(full_case(), decisions=()), keys), keys)
    return {
        "case.v1.bin": encode_case(full_case(), keys),
        "case_appended.v1.bin": encode_case(replace(added, decisions=full_case().decisions), keys),
        "release.v1.bin": encode_release(full_release(), keys),
        "gap.v1.bin": encode_gap(Gap(full_case(), "quarantined", "study")),
        "audit.v1.bin": encode_audit(AUDIT),
        "quarantine.v1.bin": encode_quarantine(QUARANTINED),
    }


@pytest.mark.parametrize("name", ["case.v1.bin", "case_appended.v1.bin"])
def test_a_case_of_version_1_is_read(name: str) -> None:
    assert decode_case((FOLDER / name).read_bytes(), FixedKeyRing()) == full_case()


def test_a_release_of_version_1_is_read() -> None:
    assert decode_release((FOLDER / "release.v1.bin").read_bytes(), FixedKeyRing()) == full_release()


def test_a_gap_of_version_1_is_read() -> None:
    gap = decode_gap((FOLDER / "gap.v1.bin").read_bytes())
    assert (gap.case.header, gap.reason, gap.project) == (full_case().header, "quarantined", "study")


def test_audit_and_quarantine_records_of_version_1_are_read() -> None:
    assert decode_audit((FOLDER / "audit.v1.bin").read_bytes()) == AUDIT
    assert decode_quarantine((FOLDER / "quarantine.v1.bin").read_bytes()) == QUARANTINED


@pytest.mark.parametrize("name", sorted(written()))
def test_version_1_is_written_byte_for_byte(name: str) -> None:
    assert written()[name] == (FOLDER / name).read_bytes()


if __name__ == "__main__":
    for name, data in written().items():
        if not (FOLDER / name).exists():
            (FOLDER / name).write_bytes(data)
