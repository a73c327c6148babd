"""How far a figure may be off by the chance of which documents are in the corpus.

Percentile bootstrap over documents (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): spans of one
document are not independent of one another, documents are taken to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import mul
from random import Random
from typing import NamedTuple

from deidstream.evaluation.counting import Counts

__all__ = ["Interval", "intervals"]


class Interval(NamedTuple):
    """Ends of a two-sided 95 % interval."""

    low: float
    high: float


def intervals(
    documents: Sequence[Counts],
    shares: Mapping[str, Callable[[Counts], float | None]],
    resamples: int,
    random: Random,
) -> dict[str, Interval]:
    """By name of the share, from ``resamples`` draws of as many documents, with replacement.

    A share that some draw leaves undefined is taken from the other draws; one that is never defined is left out.
    """
    found: dict[str, list[float]] = {name: [] for name in shares}
    columns = list(zip(*documents, strict=True))
    every = range(len(documents))
    for _ in range(resamples if documents else 0):
        weights = [0] * len(documents)
        for at in random.choices(every, k=len(documents)):
            weights[at] += 1
        drawn = Counts(*(sum(map(mul, weights, column)) for column in columns))
        for name, share in shares.items():
            value = share(drawn)
            if value is not None:
                found[name].append(value)
    return {name: _middle(sorted(values)) for name, values in found.items() if values}


def _middle(values: Sequence[float]) -> Interval:
    last = len(values) - 1
    return Interval(values[round(0.025 * last)], values[round(0.975 * last)])
