"""The pages of a printed document as they were read: code points with their places, and what is to be seen after all decisions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Box", "Page", "Pages", "Places", "Run", "Sheet"]


class Box(NamedTuple):
    """Pixels ``[left, right)``, ``[top, bottom)`` of the picture of a page, from its upper left corner."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def united(self, other: Box) -> Box:
        """The smallest that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def overlap(self, other: Box) -> int:
        """Pixels that both have in common."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0


@dataclass(frozen=True, slots=True)
class Page:
    """``text``: all that its text layer says and all that its pixels read; ``boxes[i]``: where code point i stands, None for
    white space that is only implied.

    ``silent[i]``: it is read and decided about as the rest, and never written again: what the layer says and nobody sees, and what
    another code point says already. ``pictures``: what is no text that anybody could read.
    """

    text: str = field(repr=False)
    boxes: tuple[Box | None, ...] = field(repr=False)
    silent: tuple[bool, ...] = field(repr=False)
    pictures: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Pages:
    """Of the document at ``path`` ('' for the source itself, else the leaf that carries it). ``refused``: why it was not read."""

    path: str
    pages: tuple[Page, ...] = ()
    refused: str = ""


class Run(NamedTuple):
    """A word, or what stands in the place of something (``is_new``), at ``box``."""

    text: str
    box: Box
    is_new: bool = False

    def __repr__(self) -> str:
        return f"Run({len(self.text)} code points, {self.box})"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What becomes of a page: the boxes that are covered, and all of the text that it shows then."""

    covered: tuple[Box, ...] = ()
    runs: tuple[Run, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a released page is looked at again: what stood in ``gone`` is seen no more; nothing but what lies in ``around`` may
    have changed.
    """

    gone: tuple[Box, ...] = ()
    around: tuple[Box, ...] = ()
