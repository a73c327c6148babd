"""Where one thing ends and the next begins, where layers disagree: the cuts of the layer that was measured to make them rightly.

No letter or digit that any layer reported is left behind: what the better cuts leave out stands as a finding of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.reliability import Gold, layer_of

__all__ = ["Extents", "extents_learned"]

_CHECKED = 1.0
"""A score that says that check digits fit: nobody cuts that."""
_BETWEEN = re.compile(r"[ \t,.;:#/-]{0,4}")
_SEEN = 5
"""Disagreements that a row takes at least."""


class Extents:
    """``table``: how often the extent of a layer was right to the sign where another one saw it differently."""

    def __init__(self, table: Mapping[str, float]) -> None:
        self._table = dict(table)

    def settled(self, text: str, findings: Sequence[Finding]) -> list[Finding]:
        """The findings about ``text``, cut anew where layers disagree and each of them was measured."""
        if not self._table:
            return list(findings)
        out = [one for one in findings if _is_fixed(one)]
        for group in _groups(one for one in findings if not _is_fixed(one)):
            best = self._best(group)
            out += group if best is None else _cut(text, group, best)
        return _whole_lines(text, out)

    def _best(self, group: Sequence[Finding]) -> str | None:
        """The layer whose extents are right the most often; None where all agree, or one was not measured."""
        if len({one.span for one in group}) == 1:
            return None
        rates: dict[str, list[float]] = {}
        for one in group:
            rate = next((self._table[key] for key in _keys(one) if key in self._table), None)
            if rate is None:
                return None
            rates.setdefault(layer_of(one), []).append(rate)
        if len(rates) == 1:
            return None
        return max(sorted(rates), key=lambda layer: sum(rates[layer]) / len(rates[layer]))


def extents_learned(texts: Iterable[tuple[Sequence[Finding], Sequence[Gold]]]) -> dict[str, float]:
    """The table of ``Extents``: of what layers found in texts, and what stands there."""
    seen: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for findings, gold in texts:
        marks = {(start, end) for start, end, _ in gold}
        for group in _groups(one for one in findings if not _is_fixed(one)):
            for one in group:
                if any(_disagree(one, other) for other in group):
                    for key in _keys(one):
                        seen[key] += 1
                        right[key] += _span(one) in marks
    return {key: round((right[key] + 1) / (count + 2), 4) for key, count in seen.items() if count >= _SEEN}


def _cut(text: str, group: Sequence[Finding], best: str) -> Iterator[Finding]:
    """What ``best`` says, and of the others what lies beside that."""
    kept = [one for one in group if layer_of(one) == best]
    yield from kept
    for one in group:
        if layer_of(one) == best:
            continue
        touched = [span for other in kept if (span := _span(other)).overlaps(_span(one))]
        if len(touched) < 2:
            yield one  # merging unites the two
            continue
        for span in _beside(text, _span(one), touched):
            form = "name" if one.category is Category.NAME else one.form
            yield one._replace(span=span, canonical="", form=form)


def _beside(text: str, span: Span, others: Sequence[Span]) -> Iterator[Span]:
    """What ``span`` has and none of ``others``, without what is neither letter nor digit at its ends."""
    at = span.start
    for start, end in (*sorted((other.start, other.end) for other in others), (span.end, span.end)):
        first, last = at, min(start, span.end)
        while first < last and not text[first].isalnum():
            first += 1
        while first < last and not text[last - 1].isalnum():
            last -= 1
        if first < last:
            yield Span(first, last)
        at = max(at, end)


def _whole_lines(text: str, findings: Sequence[Finding]) -> list[Finding]:
    """Pieces of an address line with nothing but signs between them are one: nobody writes two streets side by side."""
    out = [one for one in findings if one.category is not Category.STREET or _is_fixed(one)]
    line: list[Finding] = []
    for one in sorted((one for one in findings if one.category is Category.STREET and not _is_fixed(one)), key=_span):
        end = max((_span(other).end for other in line), default=0)
        if line and end < _span(one).start and not _BETWEEN.fullmatch(text, end, _span(one).start):
            out += _as_one(line)
            line = []
        line.append(one)
    return [*out, *_as_one(line)]


def _as_one(line: Sequence[Finding]) -> Sequence[Finding]:
    """The finding of all of ``line`` beside them, where there are several side by side: merging keeps that."""
    span = Span(_span(line[0]).start, max(_span(one).end for one in line)) if line else Span(0, 0)
    if not line or any(one.span == span for one in line):
        return line
    surest = max(line, key=lambda one: one.score)
    return [*line, surest._replace(span=span, canonical="")]


def _groups(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """Of those that overlap, directly or by others."""
    group: list[Finding] = []
    end = -1
    for one in sorted(findings, key=_span):
        span = _span(one)
        if group and span.start >= end:
            yield group
            group, end = [], -1
        group.append(one)
        end = max(end, span.end)
    if group:
        yield group


def _disagree(one: Finding, other: Finding) -> bool:
    return layer_of(one) != layer_of(other) and one.span != other.span and _span(one).overlaps(_span(other))


def _keys(finding: Finding) -> tuple[str, str]:
    layer = layer_of(finding)
    return f"{layer}/{finding.category.value}", layer


def _is_fixed(finding: Finding) -> bool:
    return finding.span is None or finding.score >= _CHECKED


def _span(finding: Finding) -> Span:
    return finding.span or Span(0, 0)
