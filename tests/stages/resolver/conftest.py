"""A small document, its subject, and recipients under keys of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from deidstream.adapters import policy_files
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Header
from deidstream.core.category import Category, Role
from deidstream.core.document import Document, Leaf, Part, Piece
from deidstream.core.finding import Finding
from deidstream.core.policy import Policy
from deidstream.core.span import Span
from deidstream.core.subject import Known, Subject
from deidstream.stages.resolver.config import Project
from deidstream.stages.resolver.service import Recipient, Resolver, recipient

RECEIVED = 1_700_000_000.0  # 14 November 2023
NOTE = "Mr. Smith, MRN 4711081, seen on 03/12/2021. Wife Anna called 415-867-5309."
FIELDS, RULES, IDENTITY = "fields.hl7v2/1", "text.rules/1", "text.identity/1"


class Plain:
    """Text as it is."""

    def encode(self, text: str) -> bytes:
        return text.encode()

    def offsets(self, raw: bytes) -> Sequence[int]:
        text = raw.decode()
        return [len(text[:at].encode()) for at in range(len(text) + 1)]


class Fixed:
    """Time stands still."""

    def now(self) -> float:
        return RECEIVED


LEAVES = [
    ("MSH-7", "20211113", False),
    ("PID-3.1", "4711081", True),
    ("PID-5.1", "SMITH", True),
    ("PID-5.2", "JOHN", True),
    ("PID-7", "19800131", False),
    ("PID-11.5", "90210", True),
    ("ZPD-1", "secret", True),
    ("OBX-5", NOTE, True),
]


def document(note: str = NOTE) -> Document:
    leaves, source = [], b""
    for path, text, admits in LEAVES:
        text = note if path == "OBX-5" else text
        raw = text.encode()
        leaves.append(Leaf(path, len(source), len(source) + len(raw), text, Plain(), admits_text=admits))
        source += raw + b"|"
    return Document(source, leaves, [Part("OBX-5", note, (Piece(0, len(note), "OBX-5"),))])


def field(locator: str, category: Category, form: str, text: str, role: Role = Role.PATIENT) -> Finding:
    return Finding(locator, Span(0, len(text)), category, 1.0, FIELDS, role, form)


def in_note(
    text: str, category: Category, form: str, detector: str = RULES, score: float = 0.9, canonical: str = ""
) -> Finding:
    start = NOTE.index(text)
    return Finding("OBX-5", Span(start, start + len(text)), category, score, detector, Role.UNKNOWN, form, 0, canonical)


FINDINGS = (
    field("MSH-7", Category.DATE, "hl7.DTM", "20211113", Role.SYSTEM),
    field("PID-3.1", Category.MEDICAL_RECORD, "number", "4711081"),
    field("PID-5.1", Category.NAME, "family", "SMITH"),
    field("PID-5.2", Category.NAME, "given", "JOHN"),
    field("PID-7", Category.BIRTH_DATE, "hl7.DT", "19800131"),
    field("PID-11.5", Category.POSTAL_CODE, "postal_code", "90210"),
    field("ZPD-1", Category.UNKNOWN, "text", "secret"),
    in_note("Mr. Smith", Category.NAME, "name"),
    in_note("Smith", Category.NAME, "family", IDENTITY, 1.0, "SMITH"),
    in_note("4711081", Category.MEDICAL_RECORD, "number"),
    in_note("03/12/2021", Category.DATE, "text.en"),
    in_note("Anna", Category.NAME, "given"),
    in_note("415-867-5309", Category.PHONE, "phone"),
)
SUBJECT = Subject(
    "subject-1",
    1,
    1,
    "male",
    "en",
    (
        Known(Category.NAME, Role.PATIENT, "family", "SMITH", "1"),
        Known(Category.NAME, Role.PATIENT, "given", "JOHN", "1"),
        Known(Category.MEDICAL_RECORD, Role.PATIENT, "number", "4711081", "2"),
    ),
)


@pytest.fixture
def case() -> Case:
    header = Header("case-1", "adt", "hl7v2", RECEIVED, ("resolver", "writer"), "subject-1", 1)
    paper = document()
    return Case(header, paper.source, "", (SUBJECT,), FINDINGS, document=paper)


@pytest.fixture(scope="session")
def keys() -> MemoryKeyRing:
    return MemoryKeyRing()


Make = Callable[..., Recipient]


@pytest.fixture
def make(keys: MemoryKeyRing) -> Make:
    def made(
        name: str = "study",
        policy: str = "research-dates-shifted",
        *,
        changes: dict[str, object] | None = None,
        **project: object,
    ) -> Recipient:
        chosen: Policy = replace(policy_files.load(policy), **(changes or {}))  # type: ignore[arg-type]
        return recipient(Project(name=name, **project), chosen, keys)  # type: ignore[arg-type]

    return made


def resolver(*recipients: Recipient) -> Resolver:
    return Resolver(recipients, Fixed())
