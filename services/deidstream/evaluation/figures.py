"""From counts to figures: shares in [0, 1], or None where there is nothing to take a share of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deidstream.evaluation.counting import Counts

__all__ = ["FIGURES", "Figure", "Share"]

Share = Callable[[Counts], float | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """A share with its meaning in a few words. ``of_spans``: it compares spans, and can be said of one category too."""

    share: Share
    meaning: str
    of_spans: bool = True


def _ratio(numerator: str, denominator: str) -> Share:
    over, under = Counts._fields.index(numerator), Counts._fields.index(denominator)

    def share(counts: Counts) -> float | None:
        return counts[over] / counts[under] if counts[under] else None

    return share


def _f1(precision: Share, recall: Share) -> Share:
    def share(counts: Counts) -> float | None:
        p, r = precision(counts), recall(counts)
        if p is None and r is None:
            return None
        p, r = p or 0.0, r or 0.0
        return 2 * p * r / (p + r) if p + r else 0.0

    return share


_exact_precision = _ratio("predicted_exact", "predicted")
_exact_recall = _ratio("gold_exact", "gold")
_touch_precision = _ratio("predicted_touching", "predicted")
_touch_recall = _ratio("gold_touched", "gold")
_char_precision = _ratio("predicted_characters_right", "predicted_characters")
_char_recall = _ratio("gold_characters_covered", "gold_characters")

FIGURES: Mapping[str, Figure] = {
    "covered": Figure(_ratio("gold_covered", "gold"), "gold spans wholly covered, whatever the category"),
    "covered_but_titles": Figure(
        _ratio("gold_covered_but_titles", "gold"), "the same, where titles before a name need not be covered"
    ),
    "strict_precision": Figure(_exact_precision, "predictions with the extent and category of a gold span"),
    "strict_recall": Figure(_exact_recall, "gold spans found with extent and category"),
    "strict_f1": Figure(_f1(_exact_precision, _exact_recall), "harmonic mean of the two"),
    "overlap_precision": Figure(_touch_precision, "predictions that touch a gold span"),
    "overlap_recall": Figure(_touch_recall, "gold spans that a prediction touches"),
    "overlap_f1": Figure(_f1(_touch_precision, _touch_recall), "harmonic mean of the two"),
    "char_precision": Figure(_char_precision, "predicted characters inside gold spans"),
    "char_recall": Figure(_char_recall, "characters of gold spans covered"),
    "char_f1": Figure(_f1(_char_precision, _char_recall), "harmonic mean of the two"),
    "leaking": Figure(_ratio("documents_leaking", "documents"), "documents with a span not wholly covered", False),
    "clinical": Figure(_ratio("clinical_touched", "clinical"), "clinical terms outside gold spans touched", False),
    "clinical_of_tokens": Figure(_ratio("clinical_touched", "tokens"), "the same, as a share of all tokens", False),
    "tokens": Figure(_ratio("tokens_touched", "tokens"), "tokens outside gold spans touched by what is judged", False),
    "kept": Figure(_ratio("kept_touched", "kept"), "values marked as no identifier touched", False),
    "hard_negatives": Figure(
        _ratio("hard_negatives_spoiled", "hard_negatives"), "hard-negative documents spoiled", False
    ),
    "hard_negatives_touched": Figure(
        _ratio("hard_negatives_touched", "hard_negatives"), "the same, by categories too that are unmarked", False
    ),
}
"""By name. The more of ``leaking`` and what follows, the worse; of all others, the better."""
