"""Texts of any length for a model that reads a few hundred pieces: windows that overlap; what is near a cut the next one judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["Window", "batches", "windows"]


class Window(NamedTuple):
    """The pieces ``[start, end)`` of the text with this number, of which ``[keep_start, keep_end)`` are judged here."""

    text: int
    start: int
    end: int
    keep_start: int
    keep_end: int

    @property
    def length(self) -> int:
        """How many pieces are read."""
        return self.end - self.start


def windows(text: int, pieces: int, size: int, margin: int) -> Iterator[Window]:
    """Covers ``pieces`` pieces: each is kept once, and at least ``margin`` pieces away from where its window was cut off.

    ``size`` must be greater than twice ``margin``.
    """
    kept = 0
    while kept < pieces:
        start = max(0, min(kept - margin, pieces - size))
        end = min(start + size, pieces)
        upto = end if end == pieces else end - margin
        yield Window(text, start, end, kept, upto)
        kept = upto


def batches(found: Sequence[Window], most: int) -> Iterator[Sequence[Window]]:
    """All windows, the longest first, so that those of one batch are of nearly the same length; ``most`` pieces a batch, with the
    padding, but one window at least."""
    ordered = sorted(found, key=lambda window: -window.length)
    at = 0
    while at < len(ordered):
        count = max(1, most // ordered[at].length)
        yield ordered[at : at + count]
        at += count
