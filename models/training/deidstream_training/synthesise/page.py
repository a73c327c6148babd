"""A document that is being written."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from deidstream.core.category import Category

from deidstream_training.synthesise.document import Mark, Text

if TYPE_CHECKING:
    from deidstream_training.synthesise.story import Story

__all__ = ["Page", "Write"]


class Page:
    """The pieces of a document so far, their marks, and what was chosen once for all of it.

    A span that is written within another is part of that one.
    """

    def __init__(self, rng: Random, story: Story) -> None:
        self.rng = rng
        self.story = story
        self.pieces: list[str] = []
        self.marks: list[Mark] = []
        self.length = 0
        self.inside = 0
        self.capital = False
        self.kept: dict[str, Text] = {}

    def add(self, text: str) -> None:
        """Writes a piece."""
        if self.capital and text:
            text, self.capital = text[0].upper() + text[1:], False
        self.pieces.append(text)
        self.length += len(text)

    def mark(self, text: str, category: Category) -> None:
        """Writes a value that identifies somebody, and marks it."""
        start = self.length
        self.add(text)
        self.close(start, category)

    def close(self, start: int, category: Category) -> None:
        """Marks what was written since `start`, unless it lies within a span that is still open."""
        if self.inside or self.length <= start:
            return
        if category is Category.NAME and self.marks and self._continues(start):
            start = self.marks.pop()[0]
        self.marks.append((start, self.length, category))

    def _continues(self, start: int) -> bool:
        """Whether a name that begins here goes on with the one before: a given and a family name are one name."""
        _, end, category = self.marks[-1]
        return category is Category.NAME and start - end == 1 and self.pieces[-2] == " "

    def quote(self, text: Text) -> None:
        """Writes a text that was written before, with its marks."""
        start = self.length
        self.add(text.text)
        if not self.inside:
            self.marks.extend((start + first, start + last, category) for first, last, category in text.marks)

    def aside(self, step: Write) -> Text:
        """What a step writes, on a page of its own that shares the story and what is kept."""
        page = Page(self.rng, self.story)
        page.kept = self.kept
        step(page)
        return page.finished()

    def finished(self) -> Text:
        """What has been written."""
        return Text("".join(self.pieces), tuple(self.marks))


Write = Callable[[Page], None]
