"""A case as bytes: the plain header, then sections that are each sealed by themselves and only ever appended.

A section that a stage did not change goes on as it came, without being opened or sealed again; a section of a kind that
this version does not know goes on as well. Each is bound to the case id, its kind and its place among those of its kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from google.protobuf.message import DecodeError

from deidstream.core.case import Case, Header
from deidstream.core.decision import Decision
from deidstream.core.errors import Malformed
from deidstream.core.finding import Finding
from deidstream.core.page import Pages
from deidstream.core.subject import Subject
from deidstream.ports import KeyRing, Sealed
from deidstream.wire import sections as plain
from deidstream.wire.claim import Fetch, Lodge, check_in, check_out
from deidstream.wire.header import header_from, header_message, unknown_fields
from deidstream.wire.pages import pages_bytes, pages_from
from deidstream.wire.v1 import case_pb2 as pb

__all__ = ["ALL_SECTIONS", "SECTION_PURPOSE", "decode_case", "decode_header", "encode_case"]

SECTION_PURPOSE = {
    "source": "content",
    "identity": "identity",
    "pages": "content",
    "findings": "content",
    "decisions": "content",
}
"""Which key seals which section."""
ALL_SECTIONS = frozenset(SECTION_PURPOSE)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a case was decoded from, and what came of it, so that changes can be told from what was there."""

    sections: tuple[pb.Section, ...] = field(repr=False)
    opened: frozenset[str]
    source: bytes = field(default=b"", repr=False)
    location: str = field(default="", repr=False)
    subjects: tuple[Subject, ...] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    decisions: tuple[Decision, ...] = field(default=(), repr=False)
    pages: tuple[Pages, ...] = field(default=(), repr=False)
    header_rest: bytes = field(default=b"", repr=False)
    case_rest: bytes = field(default=b"", repr=False)


def encode_case(case: Case, keys: KeyRing, lodge: Lodge | None = None) -> bytes:
    """The wire form of ``case``. Seals only what is new since it was decoded, so it needs no other key.

    Findings and decisions that were added to those decoded go into a section of their own; a section that was not opened
    stays. What is large is handed to ``lodge``, sealed. Raises Malformed where the case holds what the wire cannot carry.
    """
    try:
        return _encoded(case, keys, lodge)
    except ValueError as error:
        # JSON can smuggle in lone surrogates, which UTF-8 (and so the wire) cannot carry; the error would show content.
        code = "lone-surrogate" if isinstance(error, UnicodeEncodeError) else "wire-range"
    raise Malformed(code, "case")


def decode_case(
    data: bytes, keys: KeyRing, sections: Collection[str] = ALL_SECTIONS, fetch: Fetch | None = None
) -> Case:
    """The case in ``data`` with the named sections opened; the others stay sealed and their fields empty.

    Of those that lie in the artifact store, only the named ones are fetched. Raises Malformed (``wire-...``), Unsafe where a
    seal is broken or an artifact gone, and whatever ``fetch`` raises.
    """
    message = _parse(data)
    header = header_from(message.header)
    opened: dict[str, list[bytes]] = {kind: [] for kind in sections}
    known: list[pb.Section] = []
    unknown: list[bytes] = []
    count: dict[str, int] = {}
    for section in message.sections:
        kind = section.kind
        purpose = SECTION_PURPOSE.get(kind)
        if purpose is None:
            unknown.append(section.SerializeToString())
            continue
        known.append(section)
        ordinal = count[kind] = count.get(kind, -1) + 1
        if kind in opened:
            sealed = Sealed(section.key_id, section.nonce, check_out(section, fetch))
            opened[kind].append(keys.open(purpose, sealed, _bound(header.case_id, kind, ordinal)))
    source, location = plain.source_from(opened["source"][-1]) if opened.get("source") else (b"", "")
    subjects = plain.identity_from(opened["identity"][-1]) if opened.get("identity") else ()
    findings = tuple([one for data in opened.get("findings", ()) for one in plain.findings_from(data)])
    decisions = tuple([one for data in opened.get("decisions", ()) for one in plain.decisions_from(data)])
    pages = pages_from(opened["pages"][-1]) if opened.get("pages") else ()
    origin = _Origin(
        tuple(known),
        frozenset(opened),
        source,
        location,
        subjects,
        findings,
        decisions,
        pages,
        unknown_fields(message.header),
        unknown_fields(message),
    )
    return Case(header, source, location, subjects, findings, decisions, None, tuple(unknown), origin, pages)


def decode_header(data: bytes) -> Header:
    """The plain header alone; needs no key."""
    return header_from(_parse(data).header)


def _encoded(case: Case, keys: KeyRing, lodge: Lodge | None) -> bytes:
    origin = case.sealed if isinstance(case.sealed, _Origin) else None
    message = pb.Case(header=header_message(case.header))
    if origin is None:
        for kind, data in _fresh(case):
            _append(message, keys, kind, data, lodge)
    else:
        message.header.MergeFromString(origin.header_rest)
        message.MergeFromString(origin.case_rest)
        _carry(message, keys, case, origin, lodge)
    for section in case.unknown:
        message.sections.add().MergeFromString(section)
    return message.SerializeToString()


def _parse(data: bytes) -> pb.Case:
    try:
        message = pb.Case.FromString(data)
    except DecodeError:
        raise Malformed("wire-unreadable", "case") from None
    if not message.header.case_id:
        raise Malformed("wire-no-case-id", "case")
    return message


def _fresh(case: Case) -> Iterator[tuple[str, bytes]]:
    yield "source", plain.source_bytes(case.source, case.location)
    if case.subjects:
        yield "identity", plain.identity_bytes(case.subjects)
    if case.pages:
        yield "pages", pages_bytes(case.pages)
    if case.findings:
        yield "findings", plain.findings_bytes(case.findings)
    if case.decisions:
        yield "decisions", plain.decisions_bytes(case.decisions)


def _carry(message: pb.Case, keys: KeyRing, case: Case, origin: _Origin, lodge: Lodge | None) -> None:
    replaced: set[str] = set()
    added: list[tuple[str, bytes]] = []
    if case.source != origin.source or case.location != origin.location:
        replaced.add("source")
        added.append(("source", plain.source_bytes(case.source, case.location)))
    if case.subjects != origin.subjects:
        replaced.add("identity")
        added.append(("identity", plain.identity_bytes(case.subjects)))
    if case.pages != origin.pages:
        replaced.add("pages")
        added.append(("pages", pages_bytes(case.pages)))
    if case.findings != origin.findings:
        findings, whole = _tail(case.findings, origin.findings)
        if whole:
            replaced.add("findings")
        if findings:
            added.append(("findings", plain.findings_bytes(findings)))
    if case.decisions != origin.decisions:
        decisions, whole = _tail(case.decisions, origin.decisions)
        if whole:
            replaced.add("decisions")
        if decisions:
            added.append(("decisions", plain.decisions_bytes(decisions)))
    message.sections.extend([one for one in origin.sections if one.kind not in replaced])
    for kind, data in added:
        _append(message, keys, kind, data, lodge)


def _tail(now: tuple[T, ...], before: tuple[T, ...]) -> tuple[tuple[T, ...], bool]:
    """What ``now`` adds to ``before``, or all of it (True) where it does not begin with it."""
    size = len(before)
    return (now[size:], False) if now[:size] == before else (now, True)


def _append(message: pb.Case, keys: KeyRing, kind: str, data: bytes, lodge: Lodge | None) -> None:
    case_id = message.header.case_id
    ordinal = sum(section.kind == kind for section in message.sections)
    sealed = keys.seal(SECTION_PURPOSE[kind], data, _bound(case_id, kind, ordinal))
    section = message.sections.add(kind=kind, key_id=sealed.key_id, nonce=sealed.nonce)
    check_in(section, case_id, kind, sealed.ciphertext, lodge)


def _bound(case_id: str, kind: str, ordinal: int) -> bytes:
    return f"{case_id}\0{kind}\0{ordinal}".encode()
