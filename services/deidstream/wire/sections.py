"""The plaintext of each section. Lists are stored by column, with a table of the few distinct labels: small and fast."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain, islice
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

_Label = tuple[str, str, str, str]


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
        labels: dict[_Label, int] = {}
        known = subject.known
        index = [labels.setdefault((k.category._value_, k.role._value_, k.form, k.issuer), len(labels)) for k in known]
        categories, roles, forms, issuers = _transposed(labels)
        message.subjects.add(
            id=subject.id,
            sequence=subject.sequence,
            revision=subject.revision,
            sex=subject.sex,
            language=subject.language,
            known_value=[one.value for one in known],
            known_group=[one.group for one in known],
            known_label=index,
            label_category=categories,
            label_role=roles,
            label_form=forms,
            label_issuer=issuers,
        )
    return message.SerializeToString()


def identity_from(data: bytes) -> tuple[Subject, ...]:
    """The subjects of a case."""
    return tuple([_subject(one) for one in _parse(pb.Identity, data, "identity").subjects])


def findings_bytes(findings: Sequence[Finding]) -> bytes:
    """Section ``findings``."""
    locators, spans, _, scores, _, _, _, subjects, canonicals = zip(*findings, strict=True)
    labels: dict[_Label, int] = {}
    index = [labels.setdefault((one[2]._value_, one[4], one[5]._value_, one[6]), len(labels)) for one in findings]
    starts, ends = zip(*[span or _NO_SPAN for span in spans], strict=True)
    categories, detectors, roles, forms = _transposed(labels)
    return pb.Findings(
        locator=locators,
        start=starts,
        end=ends,
        score=scores,
        subject=subjects,
        canonical=canonicals,
        label=index,
        label_category=categories,
        label_detector=detectors,
        label_role=roles,
        label_form=forms,
    ).SerializeToString()


def findings_from(data: bytes) -> list[Finding]:
    """The findings of one section. A category or role of a newer version reads as unknown, which policy redacts."""
    m = _parse(pb.Findings, data, "findings")

    def rows() -> list[Finding]:
        categories = [_CATEGORY.get(name, Category.UNKNOWN) for name in m.label_category]
        roles = [_ROLE.get(name, Role.UNKNOWN) for name in m.label_role]
        labels = list(zip(categories, m.label_detector, roles, m.label_form, strict=True))
        spans = _spans(m.start[:], m.end[:])
        columns = zip(m.locator[:], spans, m.score[:], m.label[:], m.subject[:], m.canonical[:], strict=True)
        new, found = tuple.__new__, []
        for locator, span, score, label, subject, canonical in columns:
            category, detector, role, form = labels[label]
            found.append(new(Finding, (locator, span, category, score, detector, role, form, subject, canonical)))
        return found

    return _columns(rows, "findings")


def decisions_bytes(decisions: Sequence[Decision]) -> bytes:
    """Section ``decisions``."""
    locators, spans, _, _, replacements, _, _, scores = zip(*decisions, strict=True)
    labels: dict[tuple[str, str, str, tuple[str, ...]], int] = {}
    index = [labels.setdefault((one[2]._value_, one[3]._value_, one[5], one[6]), len(labels)) for one in decisions]
    starts, ends = zip(*[span or _NO_SPAN for span in spans], strict=True)
    categories, methods, rules, detectors = zip(*labels, strict=True)
    return pb.Decisions(
        locator=locators,
        start=starts,
        end=ends,
        score=scores,
        replacement=[text or "" for text in replacements],
        removed=[text is None for text in replacements],
        label=index,
        label_category=categories,
        label_method=methods,
        label_rule=rules,
        label_detectors=map(len, detectors),
        detector=chain.from_iterable(detectors),
    ).SerializeToString()


def decisions_from(data: bytes) -> list[Decision]:
    """The decisions of one section. Raises Unsafe (``unknown-method``) for a method of a newer version."""
    m = _parse(pb.Decisions, data, "decisions")

    def rows() -> list[Decision]:
        detectors = iter(m.detector[:])
        labels = [
            (_CATEGORY.get(category, Category.UNKNOWN), _method(method), rule, tuple(islice(detectors, count)))
            for category, method, rule, count in zip(
                m.label_category, m.label_method, m.label_rule, m.label_detectors, strict=True
            )
        ]
        spans = _spans(m.start[:], m.end[:])
        columns = zip(m.locator[:], spans, m.score[:], m.label[:], m.replacement[:], m.removed[:], strict=True)
        new, found = tuple.__new__, []
        for locator, span, score, label, text, removed in columns:
            category, method, rule, layers = labels[label]
            found.append(
                new(Decision, (locator, span, category, method, None if removed else text, rule, layers, score))
            )
        return found

    return _columns(rows, "decisions")


def _subject(m: pb.Subject) -> Subject:
    def rows() -> tuple[Known, ...]:
        categories = [_CATEGORY.get(name, Category.UNKNOWN) for name in m.label_category]
        roles = [_ROLE.get(name, Role.UNKNOWN) for name in m.label_role]
        labels = list(zip(categories, roles, m.label_form, m.label_issuer, strict=True))
        known = []
        for label, value, group in zip(m.known_label[:], m.known_value[:], m.known_group[:], strict=True):
            category, role, form, issuer = labels[label]
            known.append(Known(category, role, form, value, group, issuer))
        return tuple(known)

    return Subject(m.id, m.sequence, m.revision, m.sex, m.language, _columns(rows, "identity"))


def _spans(starts: Sequence[int], ends: Sequence[int]) -> list[Span | None]:
    new = tuple.__new__
    return [new(Span, pair) if pair[0] >= 0 else None for pair in zip(starts, ends, strict=True)]


def _transposed(labels: Collection[_Label]) -> Iterable[Sequence[str]]:
    return zip(*labels, strict=True) if labels else ((), (), (), ())


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
