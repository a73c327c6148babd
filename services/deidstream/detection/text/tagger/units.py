"""What a span begins and ends with: words with their hyphens and apostrophes, characters of scripts without spaces, other signs.

A hyphen between letters and digits joins nothing (``08005-Barcelona``, ``nhc-4711``): what belongs together the model says.

A model's pieces of words know nothing of this: what it says of the pieces of a unit is averaged, and a unit is taken as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["Units", "units"]

_UNSPACED = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Kana and Han
)
_HYPHENS = "-\u2010\u2011"
_JOINERS = _HYPHENS + "'\u2019\u02bc\u00b7\u200c\u200d"
_WORD = rf"[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0dff])*+"
_UNIT = re.compile(rf"[{_UNSPACED}]|{_WORD}(?:[{_JOINERS}]{_WORD})*+|(\S)")
_TURN = re.compile(rf"(?<=\d)[{_JOINERS}](?=\D)|(?<=\D)[{_JOINERS}](?=\d)")
_PAIRS = {")": "(", "]": "[", "»": "«", "”": "“", "“": "„", "’": "‘", '"': '"', "'": "'"}
_EDGE_SIGNS = "_+#@"
_EDGE = re.compile(rf"[\w{_EDGE_SIGNS}{_UNSPACED}]")

Integers = npt.NDArray[np.int64]


class Units:
    """The units of ``text``: code points ``[starts[i], ends[i])``, int64. ``edges[i]``: whether a span may begin or end with it.

    ``joins``: the units that are a hyphen with a unit directly on each side, letters on one and digits on the other.
    """

    __slots__ = ("_text", "edges", "ends", "joins", "starts")

    def __init__(self, text: str, starts: Integers, ends: Integers, edges: npt.NDArray[np.bool_]) -> None:
        self._text = text
        self.starts = starts
        self.ends = ends
        self.edges = edges
        self.joins = self._joins()

    def __len__(self) -> int:
        return len(self.starts)

    def _joins(self) -> list[int]:
        if len(self.starts) < 3:
            return []
        touch = self.ends[:-1] == self.starts[1:]
        alone = (self.ends - self.starts)[1:-1] == 1
        inner = (
            np.flatnonzero(touch[:-1] & touch[1:] & alone & ~self.edges[1:-1] & self.edges[:-2] & self.edges[2:]) + 1
        )
        return [int(place) for place in inner if self._text[self.starts[place]] in _HYPHENS]

    def abbreviates(self, last: int) -> bool:
        """Whether unit ``last`` is one capital, and the one after it its point."""
        end = int(self.ends[last])
        return end - self.starts[last] == 1 and self._text[end - 1].isupper() and self._sign_after(last) == "."

    def closes(self, first: int, last: int) -> bool:
        """Whether the unit after ``last`` closes a quotation or bracket that was opened in units ``[first, last]``."""
        closing = self._sign_after(last)
        opening = _PAIRS.get(closing)
        inside = self._text[self.starts[first] : self.ends[last]]
        if opening is None:
            return False
        return inside.count(opening) % 2 == 1 if opening == closing else inside.count(opening) > inside.count(closing)

    def _sign_after(self, last: int) -> str:
        """The first character of the next unit, '' where white space or nothing comes next."""
        after = last + 1
        is_next = after < len(self.starts) and self.starts[after] == self.ends[last]
        return self._text[self.starts[after]] if is_next else ""

    def first_at(self, places: Integers) -> Integers:
        """For each place the first unit that ends behind it."""
        return np.searchsorted(self.ends, places, side="right")

    def last_before(self, places: Integers) -> Integers:
        """For each place the last unit that begins before it."""
        return np.searchsorted(self.starts, places, side="left") - 1


def units(text: str) -> Units:
    """Those of ``text``, in order; white space is in none."""
    found: list[tuple[int, int]] = []
    edges: list[bool] = []
    for match in _UNIT.finditer(text):
        if match.lastindex is not None:
            found.append(match.span())
            edges.append(match[1] in _EDGE_SIGNS)
        elif match[0].isalpha():
            found.append(match.span())
            edges.append(True)
        else:
            parts = list(_parts(text, *match.span()))
            found += parts
            edges += [_EDGE.match(text, start) is not None for start, _ in parts]
    places = np.array(found, dtype=np.int64).reshape(-1, 2)
    return Units(text, places[:, 0], places[:, 1], np.array(edges, dtype=np.bool_))


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A unit is cut at a hyphen between letters and digits, which is one by itself."""
    if end - start > 2:
        for cut in _TURN.finditer(text, start, end):
            yield start, cut.start()
            yield cut.span()
            start = cut.end()
    yield start, end
