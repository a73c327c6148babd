"""Drift: how far the shares of the categories have moved from those of a baseline.

The statistic is the population stability index, the sum over categories of (p - q) ln(p / q), where p is a category's share now
and q its share in the baseline; it is 0 for equal shares, and by custom below 0.1 little, from 0.25 a shift. Each count gets a
half more, so that a category that is new or gone has a share as well (Jeffreys' prior).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["Baseline", "Shares", "read_baseline", "stability", "write_baseline"]

Shares = Mapping[str, int]
"""Decisions by category."""
Baseline = Mapping[str, Shares]
"""By project."""


def stability(now: Shares, baseline: Shares) -> float:
    """The index; never negative, and 0 where either has nothing to compare."""
    if not sum(now.values()) or not sum(baseline.values()):
        return 0.0
    categories = sorted({*now, *baseline})
    shares = [(_share(now, one, categories), _share(baseline, one, categories)) for one in categories]
    return math.fsum((p - q) * math.log(p / q) for p, q in shares)


def read_baseline(path: Path) -> Baseline:
    """Empty where there is no such file. Raises Misconfigured for one that is no baseline."""
    try:
        found = json.loads(path.read_text("utf-8"))
        return {str(name): {str(one): int(count) for one, count in shares.items()} for name, shares in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError):
        raise Misconfigured("baseline-unreadable", path.name, "write it again: deidstream monitor baseline") from None


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Whole or not at all. Raises Misconfigured where it cannot be written."""
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.write_text(json.dumps(baseline, indent=1, sort_keys=True), "utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise Misconfigured("baseline-unwritable", path.name, f"cannot write there (errno {error.errno})") from None


def _share(counts: Shares, category: str, categories: list[str]) -> float:
    return (counts.get(category, 0) + 0.5) / (sum(counts.values()) + 0.5 * len(categories))
