"""What one detector comes to on one corpus, or on several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from deidstream.core.category import Category
from deidstream.evaluation.annotated import Annotated, Predicted
from deidstream.evaluation.bootstrap import Interval, intervals
from deidstream.evaluation.counting import Counts, compare, total
from deidstream.evaluation.figures import FIGURES, Share
from deidstream.evaluation.words import Words

__all__ = ["PATIENTS", "Result", "pooled", "result"]

PATIENTS = "patients_leaking"
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Result:
    """Counts of each document, and added up. ``patients``: of each with a gold span, whether one is not wholly covered."""

    documents: tuple[Counts, ...] = field(repr=False)
    counts: Counts
    categories: Mapping[Category, Counts]
    languages: Mapping[str, Counts]
    patients: Mapping[tuple[str, str], bool] = field(repr=False)
    """By corpus and patient; empty where the corpus does not say whose its documents are."""

    def figures(self) -> dict[str, float]:
        """By name, those that are defined here."""
        found = {name: value for name, share in self._shares().items() if (value := share(self.counts)) is not None}
        if self.patients:
            found[PATIENTS] = sum(self.patients.values()) / len(self.patients)
        return found

    def intervals(self, resamples: int, seed: int) -> dict[str, Interval]:
        """Of the figures, but for ``patients_leaking``: documents of one patient are not independent of one another."""
        return intervals(self.documents, self._shares(), resamples, Random(seed))

    def _shares(self) -> dict[str, Share]:
        """Where nothing is marked at all, it says nothing of a prediction that it meets no mark."""
        return {name: one.share for name, one in FIGURES.items() if self.counts.gold or not one.of_spans}


def result(documents: Sequence[Annotated], words: Sequence[Words], predicted: Sequence[Sequence[Predicted]]) -> Result:
    """Of the predictions for each of ``documents``, whose words are given because every detector is asked about the same."""
    compared = [compare(*one) for one in zip(documents, predicted, words, strict=True)]
    categories: dict[Category, list[Counts]] = {}
    languages: dict[str, list[Counts]] = {}
    patients: dict[tuple[str, str], bool] = {}
    for document, one in zip(documents, compared, strict=True):
        languages.setdefault(document.language, []).append(one.counts)
        for category, counts in one.categories.items():
            categories.setdefault(category, []).append(counts)
        if document.patient and document.gold:
            key = document.corpus, document.patient
            patients[key] = patients.get(key, False) or bool(one.counts.documents_leaking)
    each = tuple(one.counts for one in compared)
    return Result(each, total(each), _totals(categories), _totals(languages), patients)


def pooled(results: Iterable[Result]) -> Result:
    """Of several corpora as if they were one."""
    results = list(results)
    return Result(
        tuple(counts for one in results for counts in one.documents),
        total(one.counts for one in results),
        _together([one.categories for one in results]),
        _together([one.languages for one in results]),
        {patient: leaking for one in results for patient, leaking in one.patients.items()},
    )


def _together(several: Sequence[Mapping[_Key, Counts]]) -> dict[_Key, Counts]:
    lists: dict[_Key, list[Counts]] = {}
    for one in several:
        for key, counts in one.items():
            lists.setdefault(key, []).append(counts)
    return _totals(lists)


def _totals(lists: Mapping[_Key, Sequence[Counts]]) -> dict[_Key, Counts]:
    return {key: total(counts) for key, counts in sorted(lists.items(), key=lambda item: str(item[0]))}
