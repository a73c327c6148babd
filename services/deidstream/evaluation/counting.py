"""What agrees and what does not within one document, as numbers that may be added up.

What is found is counted under the category of the gold span; what is reported, under that of the gold span for which its category
is right, else under its own. A prediction of a category that the corpus leaves unmarked, and that touches no gold span, is not
judged. A span that is marked or reported twice counts once.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.core.surrogate.person import TITLES
from deidstream.evaluation.annotated import Annotated, Gold, Predicted
from deidstream.evaluation.words import Words

__all__ = ["Compared", "Counts", "compare", "covered", "judged", "mask", "total"]


_TITLE = re.compile(r"(\w{2,})[.\s]+")  # a letter alone may be an initial


class Counts(NamedTuple):
    """Of one document, one category, or any number of documents together. Characters are code points."""

    gold: int = 0
    gold_exact: int = 0
    """Found with the same extent and a right category."""
    gold_covered: int = 0
    """Wholly covered by predictions of any category; white space between two of them does not count as left over."""
    gold_covered_but_titles: int = 0
    """The same, where titles before a name need not be covered: corpora differ in whether they mark them."""
    gold_touched: int = 0
    predicted: int = 0
    predicted_exact: int = 0
    predicted_touching: int = 0
    unjudged: int = 0
    """Predictions of categories that the corpus leaves unmarked; in none of the other numbers of predictions."""
    gold_characters: int = 0
    gold_characters_covered: int = 0
    predicted_characters: int = 0
    predicted_characters_right: int = 0
    documents: int = 0
    """With at least one gold span."""
    documents_leaking: int = 0
    hard_negatives: int = 0
    hard_negatives_spoiled: int = 0
    """Touched by a prediction that is judged."""
    hard_negatives_touched: int = 0
    """Touched by any prediction."""
    kept: int = 0
    kept_touched: int = 0
    clinical: int = 0
    """Clinical terms, in tokens, outside gold spans."""
    clinical_touched: int = 0
    tokens: int = 0
    """All tokens outside gold spans."""
    tokens_touched: int = 0
    characters: int = 0
    """Of the texts."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One document, one detector."""

    counts: Counts
    categories: Mapping[Category, Counts]


def total(counts: Iterable[Counts]) -> Counts:
    """Added up, field by field."""
    columns = list(zip(*counts, strict=True))
    return Counts(*map(sum, columns)) if columns else Counts()


def compare(document: Annotated, predicted: Sequence[Predicted], words: Words) -> Compared:
    """``predicted`` against what stands in ``document``. ``words`` are those of its text."""
    gold = tuple(dict.fromkeys(document.gold))
    counted, unjudged = judged(document, predicted)
    length = len(document.text)
    everything, claimed, marked = (
        mask(length, (one.span for one in spans)) for spans in ((*counted, *unjudged), counted, gold)
    )
    seen = _Seen(document.text, everything, claimed, marked)
    exact, filed = _exact(gold, counted), _filed(gold, counted)
    by_category = {
        category: _category([one for one in gold if one.category is category], filed.get(category, []), exact, seen)
        for category in {one.category for one in gold} | set(filed)
    }
    parts = total(by_category.values())
    counts = parts._replace(
        unjudged=len(unjudged),
        gold_characters=seen.marked.count(1),
        gold_characters_covered=_both(seen.marked, seen.reported),
        predicted_characters=seen.claimed.count(1),
        predicted_characters_right=_both(seen.claimed, seen.marked),
        documents=int(bool(gold)),
        documents_leaking=int(parts.gold_covered < parts.gold),
        hard_negatives=int(document.hard_negative),
        hard_negatives_spoiled=int(document.hard_negative and bool(counted)),
        hard_negatives_touched=int(document.hard_negative and bool(counted or unjudged)),
        kept=len(document.kept),
        kept_touched=sum(_touched(everything, span) for span in document.kept),
        characters=len(document.text),
    )
    return Compared(_with_words(counts, words, seen), by_category)


def judged(document: Annotated, predicted: Iterable[Predicted]) -> tuple[tuple[Predicted, ...], tuple[Predicted, ...]]:
    """Those that count, and those about which the corpus says nothing; each once, in the given order."""
    marked = mask(len(document.text), (gold.span for gold in document.gold))
    counted: list[Predicted] = []
    unjudged: list[Predicted] = []
    for one in dict.fromkeys(predicted):
        silent = one.category in document.unmarked and not _touched(marked, one.span)
        (unjudged if silent else counted).append(one)
    return tuple(counted), tuple(unjudged)


def mask(length: int, spans: Iterable[Span]) -> bytearray:
    """One byte a code point: 1 where one of ``spans`` lies. What is outside ``[0, length)`` is left out."""
    marked = bytearray(length)
    for start, end in spans:
        start, end = max(0, start), min(end, length)
        if start < end:
            marked[start:end] = b"\x01" * (end - start)
    return marked


def covered(text: str, reported: bytearray, span: Span) -> bool:
    """Whether ``span`` is touched, and nothing but white space of it is left outside what was ``reported``."""
    if not _touched(reported, span):
        return False
    at = reported.find(0, span.start, span.end)
    while at >= 0:
        if not text[at].isspace():
            return False
        at = reported.find(0, at + 1, span.end)
    return True


class _Seen(NamedTuple):
    text: str
    reported: bytearray
    """By all predictions."""
    claimed: bytearray
    """By those that are judged."""
    marked: bytearray


class _Exact(NamedTuple):
    gold: frozenset[Gold]
    predicted: frozenset[Predicted]


def _exact(gold: Sequence[Gold], predicted: Sequence[Predicted]) -> _Exact:
    reported = set(predicted)
    pairs = [
        (one, Predicted(one.span, category))
        for one in gold
        for category in one.accepts
        if Predicted(one.span, category) in reported
    ]
    return _Exact(frozenset(one for one, _ in pairs), frozenset(other for _, other in pairs))


def _filed(gold: Sequence[Gold], predicted: Sequence[Predicted]) -> dict[Category, list[Predicted]]:
    """The predictions by the category that they are counted under."""
    ordered = sorted(gold, key=lambda one: one.span)
    starts = [one.span.start for one in ordered]
    longest = max((one.span.end - one.span.start for one in ordered), default=0)
    filed: dict[Category, list[Predicted]] = {}
    for one in predicted:
        first, last = bisect_left(starts, one.span.start - longest), bisect_left(starts, one.span.end)
        right = (
            other.category
            for other in ordered[first:last]
            if one.category in other.accepts and other.span.overlaps(one.span)
        )
        filed.setdefault(next(right, one.category), []).append(one)
    return filed


def _category(of_gold: Sequence[Gold], of_predicted: Sequence[Predicted], exact: _Exact, seen: _Seen) -> Counts:
    in_gold = mask(len(seen.text), (one.span for one in of_gold))
    in_predicted = mask(len(seen.text), (one.span for one in of_predicted))
    return Counts(
        gold=len(of_gold),
        gold_exact=sum(one in exact.gold for one in of_gold),
        gold_covered=sum(covered(seen.text, seen.reported, one.span) for one in of_gold),
        gold_covered_but_titles=sum(covered(seen.text, seen.reported, _untitled(seen.text, one)) for one in of_gold),
        gold_touched=sum(_touched(seen.reported, one.span) for one in of_gold),
        predicted=len(of_predicted),
        predicted_exact=sum(one in exact.predicted for one in of_predicted),
        predicted_touching=sum(_touched(seen.marked, one.span) for one in of_predicted),
        gold_characters=in_gold.count(1),
        gold_characters_covered=_both(in_gold, seen.reported),
        predicted_characters=in_predicted.count(1),
        predicted_characters_right=_both(in_predicted, seen.marked),
    )


def _untitled(text: str, gold: Gold) -> Span:
    """The span of a name behind its titles; the same where nothing else is in it."""
    start, end = gold.span
    while gold.category is Category.NAME and (word := _TITLE.match(text, start, end)) and word[1].casefold() in TITLES:
        start = word.end()
    return Span(start, end) if start < end else gold.span


def _with_words(counts: Counts, words: Words, seen: _Seen) -> Counts:
    """A clinical term is spoiled whatever it was taken for; another token may well be what the corpus leaves unmarked."""
    tokens = [span for span in words.tokens if not _touched(seen.marked, span)]
    clinical = [span for span in words.clinical if not _touched(seen.marked, span)]
    return counts._replace(
        clinical=len(clinical),
        clinical_touched=sum(_touched(seen.reported, span) for span in clinical),
        tokens=len(tokens),
        tokens_touched=sum(_touched(seen.claimed, span) for span in tokens),
    )


def _touched(marked: bytearray, span: Span) -> bool:
    return marked.find(1, span.start, span.end) >= 0


def _both(one: bytearray, other: bytearray) -> int:
    """Code points in which both are 1."""
    return (int.from_bytes(one) & int.from_bytes(other)).bit_count()
