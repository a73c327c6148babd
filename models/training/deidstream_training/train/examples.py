"""Documents as a model reads them: windows of pieces with a label each, in batches of nearly equal length."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from deidstream.detection.text.tagger.pieces import Encoded, Pieces

__all__ = ["IGNORED", "Batch", "Example", "batched", "examples", "parsed", "read"]

IGNORED = -100
"""The label of what frames and fills: the loss leaves it out, as PyTorch's does by default."""

Integers = npt.NDArray[np.int64]
Mark = tuple[int, int, str]
"""Code points ``[start, end)`` and a category."""


class Example(NamedTuple):
    """A window without its frame: int64 ``[pieces]`` each."""

    ids: Integers
    labels: Integers


class Batch(NamedTuple):
    """int64 ``[n, t]`` each, framed and filled; ``mask`` is 1 where something stands."""

    ids: Integers
    mask: Integers
    labels: Integers


def read(path: Path) -> Iterator[tuple[str, list[Mark]]]:
    """Text and marks of each document of a file of ``synthesise`` or ``inject``."""
    with path.open(encoding="utf-8") as lines:
        yield from map(parsed, lines)


def parsed(line: str | bytes) -> tuple[str, list[Mark]]:
    """One line of such a file."""
    one = json.loads(line)
    return one["text"], [(start, end, category) for start, end, category in one["spans"]]


def examples(
    documents: Iterable[tuple[str, Sequence[Mark]]], pieces: Pieces, labels: Sequence[str], size: int, seed: int = 1
) -> Iterator[Example]:
    """Windows of at most ``size`` pieces. A long document is cut at places drawn by ``seed``, so that nothing is always at an edge.

    Raises ValueError for a category that ``labels`` (O first, then B- and I- of each) does not have.
    """
    numbers = {label: number for number, label in enumerate(labels)}
    draw = random.Random(seed)
    for text, marks in documents:
        (encoded,) = pieces.encode([text])
        found = _labelled(encoded, marks, numbers)
        start = 0
        while start < len(found):
            end = start + size if start else draw.randint(size // 2, size)
            yield Example(encoded.ids[start:end], found[start:end])
            start = end


def batched(found: Iterable[Example], pieces: Pieces, most: int, pool: int = 2_000) -> Iterator[Batch]:
    """``most``: pieces of a batch, with what fills it. Of each ``pool`` those of like length go together, in a drawn order."""
    draw = random.Random(1)
    waiting: list[Example] = []
    for one in found:
        waiting.append(one)
        if len(waiting) == pool:
            yield from _pooled(waiting, pieces, most, draw)
            waiting = []
    yield from _pooled(waiting, pieces, most, draw)


def _labelled(encoded: Encoded, marks: Sequence[Mark], numbers: dict[str, int]) -> Integers:
    """A piece is of the mark that it has a sign in common with, and begins it when it is the first that has."""
    found = np.zeros(len(encoded.ids), dtype=np.int64)
    for start, end, category in marks:
        if f"B-{category}" not in numbers:
            raise ValueError(f"no label for the category {category}")
        first = int(np.searchsorted(encoded.ends, start, side="right"))
        last = int(np.searchsorted(encoded.starts, end, side="left"))
        found[first:last] = numbers[f"I-{category}"]
        found[first : min(first + 1, last)] = numbers[f"B-{category}"]
    return found


def _pooled(waiting: list[Example], pieces: Pieces, most: int, draw: random.Random) -> Iterator[Batch]:
    ordered = sorted(waiting, key=lambda one: len(one.ids))
    groups: list[list[Example]] = []
    for one in ordered:
        if not groups or (len(groups[-1]) + 1) * (len(one.ids) + 2) > most:
            groups.append([])
        groups[-1].append(one)
    draw.shuffle(groups)
    for group in groups:
        yield _framed(group, pieces)


def _framed(group: Sequence[Example], pieces: Pieces) -> Batch:
    longest = max(len(one.ids) for one in group) + 2
    ids = np.full((len(group), longest), pieces.pad, dtype=np.int64)
    labels = np.full((len(group), longest), IGNORED, dtype=np.int64)
    for row, one in enumerate(group):
        ids[row, 0], ids[row, len(one.ids) + 1] = pieces.begin, pieces.end
        ids[row, 1 : len(one.ids) + 1] = one.ids
        labels[row, 1 : len(one.ids) + 1] = one.labels
    return Batch(ids, (ids != pieces.pad).astype(np.int64), labels)
