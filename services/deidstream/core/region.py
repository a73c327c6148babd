"""A rectangle of a frame of a picture, and its locator: ``PixelData[3]@40,12,200,18``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Region", "united"]

_LOCATOR = re.compile(r"([^\[\]@]+)\[(\d+)\]@(\d+),(\d+),(\d+),(\d+)")


class Region(NamedTuple):
    """``element``: which picture. ``frame`` from 1. Pixels from the upper left corner: columns ``[x, x + width)``, rows
    ``[y, y + height)``.
    """

    element: str
    frame: int
    x: int
    y: int
    width: int
    height: int

    @property
    def locator(self) -> str:
        """As findings and decisions name it."""
        return f"{self.element}[{self.frame}]@{self.x},{self.y},{self.width},{self.height}"

    @classmethod
    def parse(cls, locator: str) -> Region | None:
        """The region that ``locator`` names; None for one of anything else."""
        found = _LOCATOR.fullmatch(locator)
        return cls(found[1], *map(int, found.groups()[1:])) if found else None

    def grown(self, margin: int) -> Region:
        """With ``margin`` more pixels on each side, from the left and upper border on."""
        x, y = max(0, self.x - margin), max(0, self.y - margin)
        return self._replace(x=x, y=y, width=self.x + self.width + margin - x, height=self.y + self.height + margin - y)

    def is_within(self, other: Region) -> bool:
        """Whether at least half of it lies in ``other``, on the same frame."""
        return self[:2] == other[:2] and self.overlap(other) * 2 >= self.width * self.height

    def overlap(self, other: Region) -> int:
        """Pixels that both have in common, whatever their frames."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return width * height if width > 0 and height > 0 else 0


def united(regions: Iterable[Region]) -> Region:
    """The least rectangle around ``regions`` (at least one), on the frame of the first."""
    every = list(regions)
    x, y = min(one.x for one in every), min(one.y for one in every)
    right, low = max(one.x + one.width for one in every), max(one.y + one.height for one in every)
    return every[0]._replace(x=x, y=y, width=right - x, height=low - y)
