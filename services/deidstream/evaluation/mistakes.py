"""Each error of a detector in one document, by its kind."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold, Predicted
from deidstream.evaluation.counting import covered, judged, mask

__all__ = ["Kind", "Mistake", "mistakes"]


class Kind(StrEnum):
    """The gravest first."""

    MISSED = "missed"
    """No prediction touches the gold span."""
    PARTIAL = "partial"
    """Something of the gold span is left uncovered."""
    CATEGORY = "wrong category"
    """Wholly covered, but no prediction that touches it has a right category."""
    SPURIOUS = "spurious"
    """A prediction that touches no gold span and is judged."""


class Mistake(NamedTuple):
    """The span of the gold, of a spurious prediction its own."""

    kind: Kind
    span: Span
    category: Category


def mistakes(document: Annotated, predicted: Sequence[Predicted]) -> tuple[Mistake, ...]:
    """In reading order. Every gold span that is not wholly covered is among them as MISSED or PARTIAL."""
    counted, unjudged = judged(document, predicted)
    reported = mask(len(document.text), (one.span for one in (*counted, *unjudged)))
    found = [
        Mistake(kind, gold.span, gold.category)
        for gold in dict.fromkeys(document.gold)
        if (kind := _of_gold(document.text, gold, counted, reported)) is not None
    ]
    marked = mask(len(document.text), (gold.span for gold in document.gold))
    found += [
        Mistake(Kind.SPURIOUS, one.span, one.category)
        for one in counted
        if marked.find(1, one.span.start, one.span.end) < 0
    ]
    return tuple(sorted(found, key=lambda one: (one.span, one.kind)))


def _of_gold(text: str, gold: Gold, predicted: Sequence[Predicted], reported: bytearray) -> Kind | None:
    if reported.find(1, gold.span.start, gold.span.end) < 0:
        return Kind.MISSED
    if not covered(text, reported, gold.span):
        return Kind.PARTIAL
    right = any(one.category in gold.accepts and one.span.overlaps(gold.span) for one in predicted)
    return None if right else Kind.CATEGORY
