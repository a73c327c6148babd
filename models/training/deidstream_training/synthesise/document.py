"""A synthetic document: a text and where somebody is identified in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from deidstream.core.category import Category

__all__ = ["Document", "Mark", "Text"]

Mark = tuple[int, int, Category]
"""Start and end (half open, in code points) and category."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its marks, ordered and apart from one another. Its repr shows neither."""

    text: str = field(repr=False)
    marks: tuple[Mark, ...] = field(repr=False)

    def __post_init__(self) -> None:
        last = 0
        for start, end, _ in self.marks:
            if not last <= start < end <= len(self.text):
                raise ValueError("marks overlap, are empty or leave the text")
            last = end

    def stripped(self) -> Text:
        """The text without white space at its ends."""
        cut = len(self.text) - len(self.text.lstrip())
        return Text(self.text.strip(), tuple((start - cut, end - cut, category) for start, end, category in self.marks))


@dataclass(frozen=True, slots=True)
class Document:
    """One line of the file that training and evaluation read."""

    id: str
    language: str
    kind: str
    split: str
    content: Text
    noise: tuple[str, ...] = ()

    def line(self) -> str:
        """The document as one line of JSON, without the line's end."""
        fields = {
            "id": self.id,
            "language": self.language,
            "kind": self.kind,
            "split": self.split,
            "text": self.content.text,
            "spans": [[start, end, category.value] for start, end, category in self.content.marks],
            "noise": list(self.noise),
        }
        return json.dumps(fields, ensure_ascii=False)
