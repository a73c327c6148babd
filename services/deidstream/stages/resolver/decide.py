"""From merged findings to decisions: what the policy chooses, carried out on each value."""

from __future__ import annotations

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
from deidstream.core.surrogate.names import unmarked
from deidstream.core.transform import Scene, Transform, placeholder

__all__ = ["Decided", "Opened", "decide", "opened", "unsupported", "whole_part"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A case's document as decisions need it: the same for every project."""

    document: Document
    parts: dict[str, Part]
    findings: tuple[Finding, ...]
    plain: bool
    """Whether replacements should keep to ASCII, as all of a source without a declared character set does."""


class Decided(NamedTuple):
    """Decisions, or the first place where the policy wants a person (``held``) or a quarantine."""

    decisions: tuple[Decision, ...]
    held: str = ""
    quarantined: str = ""


def opened(case: Case, document: Document, findings: tuple[Finding, ...]) -> Opened:
    """``case`` made ready; ``findings`` are merged."""
    plain = case.header.format in {"hl7v2", "text"} and case.source.isascii()
    return Opened(document, {part.locator: part for part in document.parts}, findings, plain)


def decide(
    work: Opened, policy: Policy, transform: Transform, scenes: Sequence[Scene], reviewed: bool = False
) -> Decided:
    """One decision a finding. Where the policy holds doubtful findings, those already ``reviewed`` are redacted."""
    decisions: list[Decision] = []
    held = quarantined = ""
    for finding in work.findings:
        part = work.parts.get(finding.locator)
        leaf = None if part else _leaf(work.document, finding)
        value, span = _value(finding, part, leaf)
        method, line = policy.rule(finding, value)
        if method is Method.HOLD:
            held = held or finding.locator
            method = Method.REDACT if reviewed else method
        elif method is Method.QUARANTINE:
            quarantined = quarantined or finding.locator
        scene = scenes[finding.subject if finding.subject < len(scenes) else 0]
        made = transform.apply(method, finding, value, scene) if value else None
        if made is not None and work.plain and not made.isascii():
            made = unmarked(made)
        if part is None:
            made, span = _on_leaf(leaf, made, span, method)
        elif made is None:
            made = "" if method is Method.DROP else placeholder(finding.category)
            method = method if method is Method.DROP else Method.REDACT
        if made is None and method not in {Method.DROP, Method.HOLD, Method.QUARANTINE}:
            method = Method.REDACT
        decisions.append(
            Decision(finding.locator, span, finding.category, method, made, line, (finding.detector,), finding.score)
        )
    return Decided(_without_removed(decisions, work.parts), "" if reviewed else held, quarantined)


def unsupported(parts: Iterable[Part], policy: Policy) -> list[Part]:
    """The texts in a language or script that the policy does not list."""
    if policy.languages.unsupported == "accept":
        return []
    supported = policy.languages.supported
    return [part for part in parts if _foreign(part, supported)]


def whole_part(part: Part) -> Finding:
    """A finding of all of a text, which no layer understands."""
    span = Span(0, len(part.text))
    return Finding(part.locator, span, Category.UNKNOWN, 1.0, "policy.language/1", subject=part.subject)


def _foreign(part: Part, supported: Sequence[str]) -> bool:
    if part.language and part.language[:2].lower() not in supported:
        return True
    if part.text.isascii() or any(tag not in _LATIN for tag in supported):
        return False
    letters = [character for character in part.text if character.isalpha()]
    other = sum(character > "\u024f" for character in letters)
    return other >= 8 and other * 10 > len(letters) * 3


_LATIN = frozenset(
    "en de es fr it nl pt sv da no nb nn fi pl cs sk hu tr ro hr sl et lv lt ca gl eu is ga cy id ms vi".split()  # noqa: SIM905
)


def _leaf(document: Document, finding: Finding) -> Leaf | None:
    """The leaf, or None for an element that holds several."""
    try:
        return document.leaf(finding.locator)
    except Unsafe:
        if finding.span is None:
            return None
        raise


def _value(finding: Finding, part: Part | None, leaf: Leaf | None) -> tuple[str, Span | None]:
    holder = part or leaf
    if holder is None:
        return "", None
    text = holder.text
    span = finding.span
    if span is None or (span[0] == 0 and span[1] >= len(text)):
        return text, Span(0, len(text))
    return text[span.start : span.end], span


def _on_leaf(leaf: Leaf | None, made: str | None, span: Span | None, method: Method) -> tuple[str | None, Span | None]:
    """A leaf that would hold nothing, or text where none may stand, is removed as an element."""
    if leaf is None or made is None:
        return None, None
    if method is Method.MASK and not leaf.admits_text:
        return None, None
    return made, span


def _without_removed(decisions: list[Decision], parts: dict[str, Part]) -> tuple[Decision, ...]:
    """Nothing is decided twice: what lies below a removed element goes with it."""
    removed = {
        decision.locator for decision in decisions if decision.replacement is None and decision.locator not in parts
    }
    if not removed:
        return tuple(decisions)
    return tuple(
        decision
        for decision in decisions
        if not _below(decision.locator, removed)
        and not (decision.locator in removed and decision.replacement is not None)
        and not _part_below(parts.get(decision.locator), removed)
    )


def _part_below(part: Part | None, removed: set[str]) -> bool:
    return part is not None and all(piece.path in removed or _below(piece.path, removed) for piece in part.pieces)


def _below(locator: str, removed: set[str]) -> bool:
    """Whether an element that holds this one is removed."""
    at = len(locator)
    while (at := max(locator.rfind(mark, 0, at) for mark in ".[!-/")) > 0:
        if locator[:at] in removed:
            return True
    return False
