"""What a span begins and ends with: words with their hyphens and apostrophes, characters of scripts without spaces, other signs.

A model's pieces of words know nothing of this: what it says of the pieces of a unit is averaged, and a unit is taken as a whole.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

__all__ = ["Units", "units"]

_UNSPACED = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Kana and Han
)
_JOINERS = "-\u2010\u2011'\u2019\u02bc\u00b7\u200c\u200d"
_WORD = rf"[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff])*+"
_UNIT = re.compile(rf"[{_UNSPACED}]|{_WORD}(?:[{_JOINERS}]{_WORD})*+|\S")
_EDGE = re.compile(rf"[\w+#@{_UNSPACED}]")

Integers = npt.NDArray[np.int64]


class Units:
    """The units of a text: code points ``[starts[i], ends[i])``, int64. ``edges[i]``: whether a span may begin or end with it."""

    __slots__ = ("edges", "ends", "starts")

    def __init__(self, starts: Integers, ends: Integers, edges: npt.NDArray[np.bool_]) -> None:
        self.starts = starts
        self.ends = ends
        self.edges = edges

    def __len__(self) -> int:
        return len(self.starts)

    def first_at(self, places: Integers) -> Integers:
        """For each place the first unit that ends behind it."""
        return np.searchsorted(self.ends, places, side="right")

    def last_before(self, places: Integers) -> Integers:
        """For each place the last unit that begins before it."""
        return np.searchsorted(self.starts, places, side="left") - 1


def units(text: str) -> Units:
    """Those of ``text``, in order; white space is in none."""
    found = [(match.start(), match.end()) for match in _UNIT.finditer(text)]
    places = np.array(found, dtype=np.int64).reshape(-1, 2)
    edges = np.fromiter((_EDGE.match(text, start) is not None for start, _ in found), dtype=np.bool_, count=len(found))
    return Units(places[:, 0], places[:, 1], edges)
