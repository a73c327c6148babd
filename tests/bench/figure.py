"""A measured figure, and what it must reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Figure", "summary", "table"]

Bound = Literal["", "at most", "at least", "under"]


@dataclass(frozen=True, slots=True)
class Figure:
    """``name`` is what the last line calls it. A figure without a ``bound`` is for information."""

    name: str
    value: float
    unit: str
    bound: Bound = ""
    limit: float = 0.0
    note: str = ""

    @property
    def short(self) -> bool:
        """Whether it misses its bound."""
        match self.bound:
            case "at most":
                return self.value > self.limit
            case "at least":
                return self.value < self.limit
            case "under":
                return self.value >= self.limit
        return False


def table(figures: Sequence[Figure]) -> str:
    """One row a figure: ratios first, then what has a bound, then the rest."""
    ordered = sorted(figures, key=lambda one: (one.unit != "x", not one.bound))
    rows = [f"{'figure':34} {'value':>10} {'unit':16} {'must reach':>16}"]
    for one in ordered:
        bound = f"{one.bound} {one.limit:g}" if one.bound else ""
        verdict = ("FALLS SHORT" if one.short else "ok") if one.bound else ""
        rows.append(f"{one.name:34} {one.value:>10.3f} {one.unit:16} {bound:>16} {verdict:11} {one.note}".rstrip())
    return "\n".join(rows)


def summary(figures: Sequence[Figure]) -> str:
    """Everything in one line."""
    ordered = sorted(figures, key=lambda one: (one.unit != "x", not one.bound))
    shorts = [one.name for one in ordered if one.short]
    verdict = f"FALLS SHORT: {','.join(shorts)}" if shorts else "ok"
    return "bench: " + " ".join(f"{one.name}={one.value:.3f}" for one in ordered) + f" {verdict}"
