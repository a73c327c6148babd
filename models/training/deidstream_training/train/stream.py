"""The documents of several files in a drawn order, epoch after epoch, as batches: the same numbers give the same batches."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from deidstream.detection.text.tagger.pieces import Pieces

from deidstream_training.train.examples import Batch, Mark, batched, examples, parsed
from deidstream_training.train.labels import LABELS

__all__ = ["batches"]


def batches(files: Sequence[Path], pieces: Pieces, window: int, most: int, seed: int) -> Iterator[Batch]:
    """Without end. ``window``: pieces of an example at most; ``most``: pieces of a batch. Raises ValueError without documents."""
    places = [(path, offset) for path in files for offset in _lines(path)]
    if not places:
        raise ValueError("there is no document in these files")
    for epoch in count():
        drawn = random.Random(f"{seed}-{epoch}")
        order = drawn.sample(places, len(places))
        yield from batched(examples(_read(order), pieces, LABELS, window, drawn.getrandbits(32)), pieces, most)


def _lines(path: Path) -> Iterator[int]:
    """Where each line begins, in bytes."""
    offset = 0
    with path.open("rb") as lines:
        for line in lines:
            yield offset
            offset += len(line)


def _read(order: Sequence[tuple[Path, int]]) -> Iterator[tuple[str, list[Mark]]]:
    opened = {path: path.open("rb") for path in {path for path, _ in order}}
    try:
        for path, offset in order:
            opened[path].seek(offset)
            yield parsed(opened[path].readline())
    finally:
        for file in opened.values():
            file.close()
