"""From what a model says of each piece to spans: whole units, one category each, no punctuation at the ends but what closes a
quotation or bracket that was opened within (``Hospital "Carlos Haya"``), and the point of a last initial (``Anna S.``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from deidstream.core.category import NUMBERS, Category
from deidstream.detection.text.tagger.units import Units

__all__ = ["Labels", "Tagged", "of_units", "spans"]

_LIKELY_NOTHING = 0.1
"""Less than this that it is of any category."""
_HYPHENED = NUMBERS | {
    *(Category.AGE, Category.DATE, Category.BIRTH_DATE, Category.DEATH_DATE),
    *(Category.PHONE, Category.FAX, Category.EMAIL, Category.URL, Category.USERNAME),
}
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Labels(NamedTuple):
    """How the model's outputs are to be read: ``O`` first, then for each category ``B-`` (begins) and ``I-`` (goes on).

    ``thresholds``: float32 ``[categories]``: a unit is of the likeliest category when it is of any with this probability.
    """

    categories: Sequence[str]
    thresholds: Floats


class Tagged(NamedTuple):
    """The code points ``[start, end)`` are of a category, with a calibrated probability."""

    start: int
    end: int
    category: str
    score: float


def spans(found: Units, of_units: Floats, labels: Labels) -> list[Tagged]:
    """``of_units``: float32 ``[units, labels]``, what the model says of each unit."""
    if not len(found):
        return []
    begins, goes_on = of_units[:, 1::2], of_units[:, 2::2]
    each = begins + goes_on
    best = each.argmax(axis=1)
    rows = np.arange(len(best))
    is_any = 1.0 - of_units[:, 0] >= labels.thresholds[best]
    is_new = begins[rows, best] > goes_on[rows, best]
    scores = each[rows, best]
    kinds = np.where(is_any, best, -1)
    for join in found.joins:
        _with_hyphen(join, kinds, is_new, 1.0 - of_units[:, 0], labels)
    return list(_joined(found, kinds, is_new, scores, labels))


def _with_hyphen(join: int, kinds: Integers, is_new: npt.NDArray[np.bool_], is_any: Floats, labels: Labels) -> None:
    """A number, day or age with letters before or behind a hyphen is one, unless the model is sure that one of them is nothing."""
    left, right = join - 1, join + 1
    sides = [kinds[at] for at in (right, left) if kinds[at] >= 0]
    if not sides or any(labels.categories[kind] not in _HYPHENED for kind in sides):
        return
    if min(is_any[left], is_any[right]) >= _LIKELY_NOTHING:
        kinds[left : right + 1] = sides[0]
        is_new[join : right + 1] = False


def of_units(found: Units, starts: Integers, ends: Integers, probabilities: Floats) -> Floats:
    """float32 ``[units, labels]``: the mean over the pieces of each unit; that it begins something, from its first piece alone.

    ``starts``, ``ends``: int64 ``[pieces]``, code points of the pieces; ``probabilities``: float32 ``[pieces, labels]``. A unit
    that no piece stands for is of no category: the model has not seen it.
    """
    first, last = found.first_at(starts), found.last_before(ends)
    real = first <= last
    first, last, seen = first[real], last[real], probabilities[real]
    total = np.zeros((len(found), probabilities.shape[1]), dtype=np.float32)
    count = np.zeros(len(found), dtype=np.float32)
    for offset in range(int((last - first).max(initial=0)) + 1):
        inside = first + offset <= last
        np.add.at(total, first[inside] + offset, seen[inside])
        np.add.at(count, first[inside] + offset, 1.0)
    mean: Floats = (total / np.maximum(count, 1.0)[:, None]).astype(np.float32)
    mean[count == 0, 0] = 1.0
    return _by_first_piece(mean, first, seen)


def _by_first_piece(mean: Floats, first: Integers, seen: Floats) -> Floats:
    """Keeps what a unit is, and divides it into begins and goes on as the first piece of the unit says."""
    units, rows = np.unique(first, return_index=True)
    begins, goes_on = seen[rows][:, 1::2], seen[rows][:, 2::2]
    share = begins / np.maximum(begins + goes_on, 1e-9)
    each = mean[units][:, 1::2] + mean[units][:, 2::2]
    mean[units, 1::2] = each * share
    mean[units, 2::2] = each * (1 - share)
    return mean


def _joined(
    found: Units, kinds: Integers, is_new: npt.NDArray[np.bool_], scores: Floats, labels: Labels
) -> Iterator[Tagged]:
    at = 0
    marked = np.flatnonzero(kinds >= 0)
    while at < len(marked):
        run = [int(marked[at])]
        at += 1
        while (
            at < len(marked)
            and marked[at] == run[-1] + 1
            and kinds[marked[at]] == kinds[run[0]]
            and not is_new[marked[at]]
        ):
            run.append(int(marked[at]))
            at += 1
        while run and not found.edges[run[0]]:
            run.pop(0)
        while run and not found.edges[run[-1]]:
            run.pop()
        if run:
            score = float(scores[run[0] : run[-1] + 1].mean())
            category = labels.categories[int(kinds[run[0]])]
            is_initial = category == Category.NAME and found.abbreviates(run[-1])
            last = run[-1] + (is_initial or found.closes(run[0], run[-1]))
            yield Tagged(int(found.starts[run[0]]), int(found.ends[last]), category, score)
