"""One answer out of what several layers found: non-overlapping findings, the same for any order of the input.

Structured fields and check digits win over everything, identity over other layers for names, then certainty, then length. The
extent of a group of overlapping findings is their union, so that no character that any layer reported is left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deidstream.core.category import NUMBERS, Category, Role
from deidstream.core.finding import Finding
from deidstream.core.span import Span

__all__ = ["merge"]

_LAYERS = {"fields": 3, "text.identity": 2, "text.rules": 1}
_CERTAIN = 1.0
_PROBABLE = 0.5
_Rank = tuple[object, ...]
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_NOBODY, _NAME = Role.UNKNOWN, Category.NAME


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings to decide on, by locator and place; no two on one locator overlap.

    A finding without a span speaks of the whole element: what lies within is not asked. Overlapping findings become one
    of the union of their extents, in everything else the strongest; what lies wholly inside a probable finding of another
    category is not asked. A name that is wider than its strongest piece gets the form ``name``.
    """
    alone: dict[str, Finding] = {}
    several: dict[str, list[Finding]] = {}
    for finding in findings:
        locator = finding[0]
        if locator in several:
            several[locator].append(finding)
        elif alone.setdefault(locator, finding) is not finding:
            several[locator] = [alone[locator], finding]
    merged: list[Finding] = []
    for locator in sorted(alone):  # nearly all of them stand alone
        if locator in several:
            merged += _one_locator(several[locator])
        else:
            merged.append(alone[locator])
    return tuple(merged)


def _one_locator(found: list[Finding]) -> list[Finding]:
    whole = [finding for finding in found if finding.span is None]
    if whole:
        return [_united(whole)._replace(span=None, canonical="")]
    merged: list[Finding] = []
    group: list[Finding] = []
    end = -1
    for finding in sorted(found, key=_place):
        span = finding.span or Span(0, 0)
        if group and span.start >= end:
            merged.append(_united(group))
            group = []
        group.append(finding)
        end = max(end, span.end) if len(group) > 1 else span.end
    return [*merged, _united(group)]


def _united(group: Sequence[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    best = max((finding for finding in group if not _inside_another_kind(finding, group)), key=_rank)
    spans = [finding.span for finding in group if finding.span is not None]
    if not spans:
        return best
    union = Span(min(span.start for span in spans), max(span.end for span in spans))
    score = max(finding.score for finding in group)
    role = best.role if best.role is not _NOBODY else _role(group, best.category)
    # The canonical value describes its own extent: where the union is wider, it would no longer be what stands there.
    canonical = best.canonical if best.span == union else ""
    form = best.form if best.span == union or best.category is not _NAME else "name"
    return best._replace(span=union, score=score, role=role, canonical=canonical, form=form)


def _inside_another_kind(finding: Finding, group: Sequence[Finding]) -> bool:
    """A name within an e-mail address, a number within a URL: the wider one says what it is."""
    span = finding.span
    return (
        span is not None
        and _layer(finding.detector) < _LAYERS["fields"]
        and any(
            other.span is not None
            and other.span != span
            and other.span.covers(span)
            and other.category is not finding.category
            and other.category is not Category.UNKNOWN
            and other.score >= _PROBABLE
            for other in group
        )
    )


def _role(group: Sequence[Finding], category: Category) -> Role:
    known = [finding for finding in group if finding.role is not _NOBODY and finding.category is category]
    return max(known, key=_rank).role if known else _NOBODY


def _rank(finding: Finding) -> _Rank:
    """Greater is stronger; total, so that the order of the input never matters."""
    span = finding.span or Span(0, 0)
    layer = _layer(finding.detector)
    checked = finding.score >= _CERTAIN and finding.category in NUMBERS
    return (
        layer == _LAYERS["fields"],
        finding.category is not Category.UNKNOWN,
        checked,
        layer == _LAYERS["text.identity"] and finding.category is _NAME,
        finding.score,
        span.end - span.start,
        layer,
        finding.detector,
        finding.category,
        finding.role,
        finding.form,
        finding.subject,
        finding.canonical,
        span,
    )


def _layer(detector: str) -> int:
    name = detector.partition("/")[0]
    return _LAYERS.get(name) or _LAYERS.get(name.partition(".")[0], 0)


def _place(finding: Finding) -> tuple[Span, _Rank]:
    return finding.span or Span(0, 0), _rank(finding)
