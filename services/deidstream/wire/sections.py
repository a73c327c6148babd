"""The plaintext of each section. Lists are stored by column, with a table of the few distinct labels: small and fast."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from google.protobuf.message import DecodeError

from deidstream.core.category import Category, Role
from deidstream.core.decision import Decision, Method
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.core.subject import Known, Subject
from deidstream.wire.v1 import content_pb2 as pb

__all__ = [
    "decisions_bytes",
    "decisions_from",
    "findings_bytes",
    "findings_from",
    "identity_bytes",
    "identity_from",
    "source_bytes",
    "source_from",
]

T = TypeVar("T")
M = TypeVar("M", pb.Source, pb.Identity, pb.Findings, pb.Decisions)

_CATEGORY = {member.value: member for member in Category}
_ROLE = {member.value: member for member in Role}
_METHOD = {member.value: member for member in Method}
_NO_SPAN = (-1, -1)


def source_bytes(source: bytes, location: str) -> bytes:
    """Section ``source``."""
    return pb.Source(content=source, location=location.encode("utf-8", "surrogateescape")).SerializeToString()


def source_from(data: bytes) -> tuple[bytes, str]:
    """The source and its location."""
    message = _parse(pb.Source, data, "source")
    return message.content, message.location.decode("utf-8", "surrogateescape")


def identity_bytes(subjects: Sequence[Subject]) -> bytes:
    """Section ``identity``."""
    message = pb.Identity()
    for subject in subjects:
        labels: dict[tuple[str, str, str, str], int] = {}
        message.subjects.add(
            id=subject.id,
            sequence=subject.sequence,
            revision=subject.revision,
            sex=subject.sex,
            language=subject.language,
            known_label=[_index(labels, (one.category, one.role, one.form, one.issuer)) for one in subject.known],
            known_labels=[pb.KnownLabel(category=c, role=r, form=f, issuer=i) for c, r, f, i in labels],
            known_value=_texts([one.value for one in subject.known], "identity"),
            known_group=[one.group for one in subject.known],
        )
    return message.SerializeToString()


def identity_from(data: bytes) -> tuple[Subject, ...]:
    """The subjects of a case."""
    return tuple([_subject(one) for one in _parse(pb.Identity, data, "identity").subjects])


def findings_bytes(findings: Sequence[Finding]) -> bytes:
    """Section ``findings``."""
    locators, spans, _, scores, _, _, _, subjects, canonicals = zip(*findings, strict=True)
    labels: dict[tuple[str, str, str, str], int] = {}
    index = [_index(labels, (one[2], one[4], one[5], one[6])) for one in findings]
    starts, ends = zip(*[span or _NO_SPAN for span in spans], strict=True)
    return pb.Findings(
        locator=_texts(locators, "findings"),
        start=starts,
        end=ends,
        score=scores,
        label=index,
        subject=subjects,
        canonical=_texts(canonicals, "findings"),
        labels=[pb.FindingLabel(category=c, detector=d, role=r, form=f) for c, d, r, f in labels],
    ).SerializeToString()


def findings_from(data: bytes) -> list[Finding]:
    """The findings of one section. A category or role of a newer version reads as unknown, which policy redacts."""
    m = _parse(pb.Findings, data, "findings")
    labels = [
        (_CATEGORY.get(one.category, Category.UNKNOWN), one.detector, _ROLE.get(one.role, Role.UNKNOWN), one.form)
        for one in m.labels
    ]
    columns = (m.locator, m.start, m.end, m.score, m.label, m.subject, m.canonical)

    def rows() -> list[Finding]:
        new, found = tuple.__new__, []
        for locator, start, end, score, label, subject, canonical in zip(*columns, strict=True):
            category, detector, role, form = labels[label]
            span = new(Span, (start, end)) if start >= 0 else None
            found.append(new(Finding, (locator, span, category, score, detector, role, form, subject, canonical)))
        return found

    return _columns(rows, "findings")


def decisions_bytes(decisions: Sequence[Decision]) -> bytes:
    """Section ``decisions``."""
    locators, spans, _, _, replacements, _, _, scores = zip(*decisions, strict=True)
    labels: dict[tuple[str, str, str, tuple[str, ...]], int] = {}
    index = [_index(labels, (one[2], one[3], one[5], one[6])) for one in decisions]
    starts, ends = zip(*[span or _NO_SPAN for span in spans], strict=True)
    return pb.Decisions(
        locator=_texts(locators, "decisions"),
        start=starts,
        end=ends,
        score=scores,
        label=index,
        replacement=_texts([text or "" for text in replacements], "decisions"),
        removed=[text is None for text in replacements],
        labels=[pb.DecisionLabel(category=c, method=m, rule=r, detectors=d) for c, m, r, d in labels],
    ).SerializeToString()


def decisions_from(data: bytes) -> list[Decision]:
    """The decisions of one section. Raises Unsafe (``unknown-method``) for a method of a newer version."""
    m = _parse(pb.Decisions, data, "decisions")
    labels = [
        (_CATEGORY.get(one.category, Category.UNKNOWN), _method(one.method), one.rule, tuple(one.detectors))
        for one in m.labels
    ]
    columns = (m.locator, m.start, m.end, m.score, m.label, m.replacement, m.removed)

    def rows() -> list[Decision]:
        new, found = tuple.__new__, []
        for locator, start, end, score, label, text, removed in zip(*columns, strict=True):
            category, method, rule, detectors = labels[label]
            span = new(Span, (start, end)) if start >= 0 else None
            kept = None if removed else text
            found.append(new(Decision, (locator, span, category, method, kept, rule, detectors, score)))
        return found

    return _columns(rows, "decisions")


def _subject(message: pb.Subject) -> Subject:
    labels = [
        (_CATEGORY.get(one.category, Category.UNKNOWN), _ROLE.get(one.role, Role.UNKNOWN), one.form, one.issuer)
        for one in message.known_labels
    ]

    def rows() -> tuple[Known, ...]:
        known = []
        for label, value, group in zip(message.known_label, message.known_value, message.known_group, strict=True):
            category, role, form, issuer = labels[label]
            known.append(Known(category, role, form, value, group, issuer))
        return tuple(known)

    return Subject(
        message.id,
        message.sequence,
        message.revision,
        message.sex,
        message.language,
        _columns(rows, "identity"),
    )


def _index(labels: dict[T, int], label: T) -> int:
    found = labels.get(label)
    if found is None:
        found = labels[label] = len(labels)
    return found


def _texts(column: Iterable[str], section: str) -> list[str]:
    # JSON can smuggle in lone surrogates, which UTF-8 (and so the wire) cannot carry.
    texts = list(column)
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise Malformed("lone-surrogate", section) from None
    return texts


def _parse(kind: type[M], data: bytes, section: str) -> M:
    try:
        return kind.FromString(data)
    except DecodeError:
        raise Malformed("wire-unreadable", section) from None


def _columns(rows: Callable[[], T], section: str) -> T:
    try:
        return rows()
    except (ValueError, IndexError):
        raise Malformed("wire-columns", section) from None


def _method(name: str) -> Method:
    method = _METHOD.get(name)
    if method is None:
        raise Unsafe("unknown-method", "decisions")
    return method
