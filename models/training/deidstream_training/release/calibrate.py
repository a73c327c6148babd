"""How sure is sure enough: what a model's outputs are divided by, and from which probability on a unit counts, by category.

Learned on documents of which training has seen nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from deidstream.detection.text.tagger.tagger import Judged
from deidstream.detection.text.tagger.units import Units

from deidstream_training.train.examples import IGNORED, Batch, Mark

__all__ = ["Answers", "temperature", "thresholds"]

Floats = npt.NDArray[np.float32]
_TEMPERATURES = np.geomspace(0.5, 4.0, 61)
_LEAST, _GREATEST = 0.1, 0.8
"""Thresholds are between: what the held-out documents do not show, others will."""
_GRID = np.linspace(_LEAST, _GREATEST, 71)


class Answers(NamedTuple):
    """A model's logits, float32 ``[n, t, labels]``, for a batch."""

    logits: Floats
    batch: Batch


def temperature(answers: Iterable[Answers]) -> float:
    """The one with which the right labels are likeliest (Guo et al. 2017, On Calibration of Modern Neural Networks)."""
    found = list(answers)
    logits = np.concatenate([one.logits[one.batch.labels != IGNORED] for one in found])
    right = np.concatenate([one.batch.labels[one.batch.labels != IGNORED] for one in found])
    return float(min(_TEMPERATURES, key=lambda each: _surprise(logits / each, right)))


def thresholds(
    documents: Sequence[Sequence[Mark]], judged: Sequence[Judged], categories: Sequence[str], right: float
) -> list[float]:
    """For each category the least one at which ``right`` of the units that count are within a mark, of whatever category.

    ``documents``: the marks of those that were ``judged``.
    """
    each, certain, inside = _units(documents, judged)
    found = []
    for number in range(len(categories)):
        mine = each == number
        found.append(_least(certain[mine], inside[mine], right))
    return found


def _surprise(logits: Floats, right: npt.NDArray[np.int64]) -> float:
    """The mean of minus the logarithm of the right labels' probabilities."""
    greatest = logits.max(axis=1)
    total = np.log(np.exp(logits - greatest[:, None]).sum(axis=1)) + greatest
    return float((total - logits[np.arange(len(right)), right]).mean())


def _units(
    documents: Sequence[Sequence[Mark]], judged: Sequence[Judged]
) -> tuple[npt.NDArray[np.int64], Floats, npt.NDArray[np.bool_]]:
    """Of every unit: its likeliest category, how likely it is of any, and whether a mark has a sign of it."""
    each, certain, inside = [], [], []
    for marks, one in zip(documents, judged, strict=True):
        probabilities = one.probabilities
        each.append((probabilities[:, 1::2] + probabilities[:, 2::2]).argmax(axis=1))
        certain.append(1.0 - probabilities[:, 0])
        inside.append(_inside(marks, one.units))
    return np.concatenate(each), np.concatenate(certain), np.concatenate(inside)


def _inside(marks: Sequence[Mark], units: Units) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(units), dtype=np.bool_)
    for start, end, _ in marks:
        found[np.searchsorted(units.ends, start, side="right") : np.searchsorted(units.starts, end, side="left")] = True
    return found


def _least(certain: Floats, inside: npt.NDArray[np.bool_], right: float) -> float:
    for threshold in _GRID:
        counts = certain >= threshold
        if not counts.any() or inside[counts].mean() >= right:
            return round(float(threshold), 2)
    return _GREATEST
