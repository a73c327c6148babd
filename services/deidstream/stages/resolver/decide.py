"""From merged findings to decisions: what the policy chooses, carried out on each value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from deidstream.core.case import Case
from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document, Leaf, Part
from deidstream.core.errors import Unsafe
from deidstream.core.finding import Finding
from deidstream.core.policy import Policy
from deidstream.core.span import Span
from deidstream.core.surrogate.locale import Locale, country_code, of_country
from deidstream.core.surrogate.names import unmarked
from deidstream.core.transform import DATES, Scene, Transform, placeholder
from deidstream.formats.hl7v2 import Hl7Document

__all__ = ["Decided", "Opened", "country_of", "decide", "opened"]
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_KEEP, _HOLD, _QUARANTINE = Method.KEEP, Method.HOLD, Method.QUARANTINE
_DROP, _REDACT = Method.DROP, Method.REDACT


@dataclass(frozen=True, slots=True)
class Opened:
    """A case's document as decisions need it: the same for every project."""

    document: Document
    parts: dict[str, Part]
    findings: tuple[Finding, ...]
    plain: bool
    """Whether replacements should keep to ASCII, as all of a source that declares no other character set does."""
    control: str = ""
    """What the message control id of HL7 v2 becomes: by it a receiver tells a message sent again (chapter 2, MSH-10)."""


_CONTROL, _RELEASE = "MSH-10", "format:release-id"


class Decided(NamedTuple):
    """Decisions, or the first place where the policy wants a person (``held``) or a quarantine."""

    decisions: tuple[Decision, ...]
    held: str = ""
    quarantined: str = ""


def opened(case: Case, document: Document, findings: tuple[Finding, ...]) -> Opened:
    """``case`` made ready; ``findings`` are merged."""
    return Opened(document, {part.locator: part for part in document.parts}, findings, _plain(case, document))


def decide(
    work: Opened, policy: Policy, transform: Transform, scenes: Sequence[Scene], reviewed: bool = False
) -> Decided:
    """One decision a finding. Where the policy holds doubtful findings, those already ``reviewed`` are redacted."""
    decisions: list[Decision] = []
    removed: set[str] = set()
    held = quarantined = ""
    parts, rule, apply = work.parts, policy.rule, transform.apply
    new = tuple.__new__  # the constructor of Decision itself is slow, and a message has dozens
    for finding in work.findings:
        locator, span, category, score, detector, _, _, subject, _ = finding
        part = parts.get(locator)
        leaf = None if part else _leaf(work.document, locator, span)
        value = part.text if part else leaf.text if leaf else ""
        whole = span is not None and span[0] == 0 and span[1] >= len(value)
        if span is not None and not whole:
            value = value[span[0] : span[1]]
        method, line = rule(finding, value)
        made: str | None
        if locator == _CONTROL and work.control and whole:
            method, line, made = Method.PSEUDONYM, _RELEASE, work.control
        elif method is _KEEP:
            made = value
        else:
            if method is _QUARANTINE:
                quarantined = quarantined or locator
            elif method is _HOLD:
                held = held or locator
            made = apply(method, finding, value, scenes[subject if subject < len(scenes) else 0])
            if made is not None and work.plain and not made.isascii():
                made = unmarked(made)
            if (
                span is None
                or made is None
                or (leaf and not (leaf.admits_text or _fits(category, method, value, made)))
            ):
                method = method if method is _DROP else _REDACT
                made = _instead(part, category, method)
                if part is None:
                    span = None
                    if not whole or _splits(leaf):
                        removed.add(locator)
        decisions.append(new(Decision, (locator, span, category, method, made, line, (detector,), score)))
    kept = _without_removed(decisions, removed, parts) if removed else tuple(decisions)
    return Decided(kept, "" if reviewed else held, quarantined)


def _instead(part: Part | None, category: Category, method: Method) -> str | None:
    """What stands where nothing that was made may stand: a label in a text, nothing in a field."""
    if part is None:
        return None
    return "" if method is _DROP else placeholder(category)


def country_of(work: Opened) -> Locale:
    """Where the first address of the message lies that names a country we know."""
    for finding in work.findings:
        if finding.category is Category.COUNTRY and (leaf := _leaf(work.document, finding.locator, None)):
            code = country_code(leaf.text)
            if code:
                return of_country(code)
    return Locale()


def _leaf(document: Document, locator: str, span: Span | None) -> Leaf | None:
    """The leaf, or None where the finding is of an element that holds several."""
    try:
        return document.leaf(locator)
    except Unsafe:
        if span is None:
            return None
        raise


def _fits(category: Category, method: Method, value: str, made: str) -> bool:
    """Whether ``made`` may stand where no text may: a date, code or number stays one."""
    if method is Method.MASK:
        return made == value
    # the methods for dates write in the form that they read
    return category in DATES or made == value or _same_kind(value, made)


_LITERALS = frozenset({"true", "false", "null"})


def _same_kind(value: str, made: str) -> bool:
    """Numbers for numbers, no other word for a boolean, no words where there were none."""
    if _NUMBER.fullmatch(value):
        return _NUMBER.fullmatch(made) is not None
    return value not in _LITERALS and (" " not in made or " " in value)


_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
"""As JSON writes it, and a plus sign as HL7 allows it. Identifiers with leading zeros are none."""


def _plain(case: Case, document: Document) -> bool:
    if case.header.format == "hl7v2" and isinstance(document, Hl7Document):
        return document.message.dialect.codec.charset == "ascii"
    return case.header.format == "text" and case.source.isascii() and not case.header.attribute("charset")


def _splits(holder: Part | Leaf | None) -> bool:
    """Whether the leaf carries a document, whose own leaves may be decided as well."""
    return getattr(holder, "nested", None) is not None


def _without_removed(decisions: Iterable[Decision], removed: set[str], parts: dict[str, Part]) -> tuple[Decision, ...]:
    """Nothing is decided twice: what lies in or below a removed element goes with it."""
    out: list[Decision] = []
    gone: set[str] = set()
    for decision in decisions:
        locator = decision.locator
        if _below(locator, removed) or _part_below(parts.get(locator), removed) or locator in gone:
            continue
        if locator in removed:
            gone.add(locator)
            decision = decision._replace(span=None, replacement=None, method=_REDACT)
        out.append(decision)
    return tuple(out)


def _part_below(part: Part | None, removed: set[str]) -> bool:
    return part is not None and all(piece.path in removed or _below(piece.path, removed) for piece in part.pieces)


def _below(locator: str, removed: set[str]) -> bool:
    """Whether an element that holds this one is removed."""
    at = len(locator)
    while (at := max(locator.rfind(mark, 0, at) for mark in ".[!-/")) > 0:
        if locator[:at] in removed:
            return True
    return False
