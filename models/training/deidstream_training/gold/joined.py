"""Gold spans as our own synthetic documents have them."""

from __future__ import annotations

from dataclasses import replace

from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold

__all__ = ["joined"]


def joined(document: Annotated) -> Annotated:
    """A given and a family name that a corpus marks apart are one span where only a space is between them."""
    found: list[Gold] = []
    for one in sorted(document.gold, key=lambda gold: gold.span):
        last = found[-1] if found else None
        if last and _are_one_name(last, one, document.text):
            found[-1] = last._replace(span=Span(last.span.start, max(last.span.end, one.span.end)))
        else:
            found.append(one)
    return replace(document, gold=tuple(found))


def _are_one_name(first: Gold, second: Gold, text: str) -> bool:
    between = text[first.span.end : second.span.start]
    return first.category is second.category is Category.NAME and between == " "
