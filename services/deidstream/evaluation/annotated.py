"""A document with what stands in it, and what a detector says stands in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.core.subject import Known

__all__ = ["Annotated", "Gold", "Predicted"]


class Gold(NamedTuple):
    """An identifier that the annotators marked.

    ``accepts`` are the categories that are right for it, the one that it is counted under first: a corpus may have one label
    where we have several (``TERRITORIO``: city, region, postal code). ``label`` is the corpus' own.
    """

    span: Span
    accepts: tuple[Category, ...]
    label: str

    @property
    def category(self) -> Category:
        """Under which it is counted."""
        return self.accepts[0]


class Predicted(NamedTuple):
    """An identifier that a detector reports."""

    span: Span
    category: Category


@dataclass(frozen=True, slots=True)
class Annotated:
    """One document of a corpus. Raises ValueError for a span that is empty or not inside the text."""

    id: str
    corpus: str
    text: str = field(repr=False)
    gold: tuple[Gold, ...] = field(default=(), repr=False)
    language: str = ""
    """BCP 47; '' where the corpus does not say."""
    patient: str = ""
    """Whose document it is; '' where the corpus does not say."""
    hard_negative: bool = False
    """The corpus says that nothing in this document identifies anybody, although it may look so."""
    kept: tuple[Span, ...] = field(default=(), repr=False)
    """What the corpus marks as no identifier, although it may look like one: drugs, codes, numbers that fail their check."""
    unmarked: frozenset[Category] = frozenset()
    """Categories that stand in this corpus' texts without being marked: a prediction of them is right or wrong, nobody knows."""
    known: tuple[Known, ...] = field(default=(), repr=False)
    """What structured data beside the document says about its subject, for the identity layer."""

    def __post_init__(self) -> None:
        for span in (*(gold.span for gold in self.gold), *self.kept):
            if not 0 <= span.start < span.end <= len(self.text):
                raise ValueError("span-outside-text")
