"""How far to trust what a layer says, given what the other layers say there: measured, not set by hand.

A table has, for a layer, a category, a score and what the others say, how often such a finding was right on documents that no
layer has learned from. Where it was seen too seldom a coarser row stands for it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.rules.rule import EVIDENT

__all__ = ["Gold", "Reliability", "Row", "layer_of", "learned"]

Gold = tuple[int, int, str]
"""Code points ``[start, end)`` that identify somebody, and the value of their category."""
_CHECKED = 1.0
"""A score that says that check digits fit: nothing to weigh."""
_RULES = "text.rules"
_SURE = 0.8
_LONGEST = 500
"""Code points: what begins further before a finding is not looked for."""
_SEEN = 5
"""Findings that a row takes at least."""


class Row(NamedTuple):
    """Probabilities: that what is marked identifies somebody, and that it is of the category that was said."""

    identifies: float
    category: float


class Reliability:
    """``table``: rows by their keys, as ``learned`` makes them."""

    def __init__(self, table: Mapping[str, Sequence[float]]) -> None:
        self._table = {key: Row(*row) for key, row in table.items()}

    def weighed(self, findings: Sequence[Finding], least: float = 0.0) -> list[Finding]:
        """The findings of one text with the probability of their category as score; those below ``least`` to identify are left out.

        What no row speaks of and what has a score of 1 stays as it is. So does what a rule says is evident (``EVIDENT``) where no
        other layer says anything: how often that is wrong was measured on documents of which a tagger misses next to nothing.
        """
        out: list[Finding] = []
        for finding, context in _contexts(findings):
            row = self._row(finding, context)
            evident = finding.score >= (EVIDENT if _is_rules_alone(finding, context) else _CHECKED)
            if evident or row is None:
                out.append(finding)
            elif row.identifies >= least:
                out.append(finding._replace(score=row.category))
        return out

    def _row(self, finding: Finding, context: str) -> Row | None:
        """The finest row that there is. What a rule alone is sure of is not weighed by what other rules were unsure of."""
        finest, *coarser = _keys(finding, context)
        alone = _is_rules_alone(finding, context) and finding.score >= _SURE
        keys = (finest,) if alone else (finest, *coarser)
        return next((self._table[key] for key in keys if key in self._table), None)


def learned(texts: Iterable[tuple[Sequence[Finding], Sequence[Gold]]]) -> dict[str, Row]:
    """The table of what layers found in texts (one list for each, of all layers), and what stands there."""
    seen: Counter[str] = Counter()
    identifies: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for findings, gold in texts:
        marks = sorted(gold)
        for finding, context in _contexts(findings):
            there = _touching(finding.span, marks) if finding.span else []
            for key in _keys(finding, context):
                seen[key] += 1
                identifies[key] += bool(there)
                right[key] += finding.category.value in there
    return {
        key: Row(_share(identifies[key], count), _share(right[key], count))
        for key, count in seen.items()
        if count >= _SEEN
    }


def _share(part: int, whole: int) -> float:
    """Laplace's rule of succession: what was always right so far may be wrong next time."""
    return round((part + 1) / (whole + 2), 4)


def layer_of(finding: Finding) -> str:
    """Without the version, with which it changes: ``text.rules``."""
    return finding.detector.partition("/")[0]


def _is_rules_alone(finding: Finding, context: str) -> bool:
    """A tagger's scores are probabilities already; those of rules say how much a rule has seen."""
    return context == "none" and layer_of(finding) == _RULES


def _keys(finding: Finding, context: str) -> Iterator[str]:
    """From the finest to the coarsest."""
    layer, category = layer_of(finding), finding.category.value
    yield f"{layer}/{category}/{finding.score:.1f}/{context}"
    yield f"{layer}/{category}/{context}"
    yield f"{layer}/{context}"


def _contexts(findings: Sequence[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each with what the other layers say: ``same`` category, ``other`` category, or ``none``."""
    by_layer: dict[str, list[Gold]] = {}
    for one in findings:
        if one.span is not None:
            by_layer.setdefault(layer_of(one), []).append((one.span.start, one.span.end, one.category.value))
    ordered = {layer: sorted(marks) for layer, marks in by_layer.items()}
    for one in findings:
        said: list[str] = []
        if one.span is not None:
            for layer, marks in ordered.items():
                if layer != layer_of(one):
                    said += _touching(one.span, marks)
        yield one, "same" if one.category.value in said else "other" if said else "none"


def _touching(span: Span, marks: Sequence[Gold]) -> list[str]:
    """The categories of those of ``marks``, in order, that have a sign in common with ``span``."""
    at = bisect_left(marks, (span.end, 0, ""))
    found = []
    while at > 0:
        at -= 1
        start, end, category = marks[at]
        if end > span.start:
            found.append(category)
        elif span.start - start > _LONGEST:
            break
    return found
