"""Writes documents to a file of JSON lines, and goes on with one that broke off."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from deidstream_training.synthesise.document import Document

__all__ = ["Figures", "write"]


@dataclass(slots=True)
class Figures:
    """What a file holds, and how fast this run wrote its share of it."""

    documents: int = 0
    written: int = 0
    spans: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def line(self) -> str:
        """The figures in one line."""
        spans = " ".join(f"{category}={count}" for category, count in sorted(self.spans.items()))
        rate = self.written / self.seconds if self.seconds else 0.0
        return f"documents={self.documents} spans={self.spans.total()} {spans} per_second={rate:.0f}"


def write(path: Path, documents: Callable[[int], Iterator[Document]], advance: Callable[[int], None]) -> Figures:
    """Writes what `documents` gives from an index on, after the whole lines that the file has already.

    A last line that was cut off is written again. Raises ``ValueError`` where the file was begun with other
    arguments, that is, where its lines are not the first ones of `documents`.
    """
    figures, size = _present(path)
    _compare(path, documents, figures.documents)
    advance(figures.documents)
    began = monotonic()
    with open(path, "ab", opener=_for_the_owner) as file:
        file.truncate(size)
        for document in documents(figures.documents):
            file.write(document.line().encode() + b"\n")
            figures.documents += 1
            figures.written += 1
            figures.spans.update(category.value for _, _, category in document.content.marks)
            advance(1)
    figures.seconds = monotonic() - began
    return figures


def _for_the_owner(path: str, flags: int) -> int:
    """``inject`` writes sentences of real notes."""
    return os.open(path, flags, 0o600)


def _present(path: Path) -> tuple[Figures, int]:
    """What a file holds in whole lines, and where they end."""
    figures, size = Figures(), 0
    if not path.exists():
        return figures, size
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            size += len(line)
            figures.documents += 1
            figures.spans.update(category for _, _, category in json.loads(line)["spans"])
    return figures, size


def _compare(path: Path, documents: Callable[[int], Iterator[Document]], count: int) -> None:
    """Compares the first and the last whole line with what belongs there."""
    if not count:
        return
    with path.open("rb") as file:
        lines = {index: line for index, line in enumerate(file) if index in (0, count - 1)}
    for index, line in lines.items():
        expected = next(documents(index), None)
        if expected is None or line.rstrip(b"\n") != expected.line().encode():
            raise ValueError("the file was begun with other arguments; name another, or delete it")
