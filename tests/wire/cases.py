"""Cases to encode, and keys that never change, for the golden file."""

from __future__ import annotations

import itertools
from hashlib import sha256

from deidstream.adapters.memory_keys import Key, MemoryKeyRing
from deidstream.core.case import Case, Container, Header
from deidstream.core.category import Category, Role
from deidstream.core.decision import Decision, Method
from deidstream.core.finding import Finding
from deidstream.core.release import Release
from deidstream.core.span import Span
from deidstream.core.subject import Known, Subject
from deidstream.ports import Sealed

__all__ = ["FixedKeyRing", "full_case", "full_release"]


class FixedKeyRing(MemoryKeyRing):
    """Keys made from the purpose's name, nonces that count: for golden files alone."""

    def __init__(self) -> None:
        super().__init__()
        self._count = itertools.count(1)

    def _create(self, purpose: str) -> tuple[Key, ...]:
        return (Key(f"{purpose}-0", sha256(purpose.encode()).digest()),)

    def seal(self, purpose: str, plaintext: bytes, bound_to: bytes) -> Sealed:
        key = self._ring(purpose)[-1]
        nonce = next(self._count).to_bytes(12)
        return Sealed(key.id, nonce, self._cipher(purpose, key).encrypt(nonce, plaintext, bound_to))


def full_case() -> Case:
    """A case with something in every field."""
    known = (
        Known(Category.NAME, Role.PATIENT, "family", "Muster", "PID-5[1]"),
        Known(Category.NAME, Role.PATIENT, "given", "Erika", "PID-5[1]"),
        Known(Category.MEDICAL_RECORD, Role.PATIENT, "number", "4711", "", "HOSP"),
        Known(Category.NAME, Role.RELATIVE, "family", "Muster", "NK1-2[1]"),
    )
    findings = (
        Finding("PID-5[1].1", Span(0, 6), Category.NAME, 1.0, "fields.hl7v2/1", Role.PATIENT, "family"),
        Finding("PID-8", None, Category.SEX, 1.0, "fields.hl7v2/1", Role.PATIENT, "code"),
        Finding("OBX[1]-5", Span(3, 9), Category.NAME, 0.95, "text.identity/1", Role.PATIENT, "family", 1, "Müller"),
    )
    decisions = (
        Decision(
            "PID-5[1].1", Span(0, 6), Category.NAME, Method.PSEUDONYM, "Berg", "category:name", ("fields.hl7v2/1",)
        ),
        Decision("PID-8", None, Category.SEX, Method.DROP, None, "default", ("fields.hl7v2/1", "text.rules/1"), 0.5),
        Decision("PID-7", Span(0, 8), Category.BIRTH_DATE, Method.REDACT, "", "path:PID-7"),
    )
    header = Header(
        case_id="c0ffee",
        source="mllp-adt",
        format="hl7v2",
        received=1_700_000_000.25,
        itinerary=("text", "resolver", "writer"),
        key="subject-1",
        sequence=7,
        project="study",
        release_version=2,
        supersedes="OLDRELEASE",
        identity_revision=3,
        policy="research/ab12",
        container=Container("batch-1", 4, 9),
        attempts=1,
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        attributes=(("charset", "UTF-8"), ("language", "de")),
    )
    subjects = (Subject("subject-1", 7, 3, "female", "de", known), Subject("subject-2"))
    return Case(header, b"MSH|^~\\&|A\rPID|1\r", "folder/a b.hl7", subjects, findings, decisions)


def full_release() -> Release:
    """A release with something in every field."""
    return Release(
        id="RELEASE",
        case_id="c0ffee",
        project="study",
        source="mllp-adt",
        format="hl7v2",
        key="subject-1",
        sequence=7,
        received=1_700_000_000.25,
        content=b"MSH|^~\\&|A\rPID|1\r",
        name="folder/a b.hl7",
        supersedes="OLDRELEASE",
        policy="research/ab12",
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        attributes=(("fhir.method", "PUT"), ("resource", "Patient/p1")),
        container="batch-1",
        ordinal=4,
        size=9,
    )
