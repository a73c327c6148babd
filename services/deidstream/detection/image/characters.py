"""What a line of text reads: PP-OCR's recogniser, and its classes put together (connectionist temporal classification)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from deidstream.ports import Inference

if TYPE_CHECKING:
    import numpy.typing as npt

    from deidstream.detection.image.lines import Pixels

__all__ = ["Characters", "Text", "straightened", "tensor"]

_HEIGHT = 48
_NARROWEST, _WIDEST = 320, 3200
_BATCH = 6
_UPRIGHT = 1.5
"""Lines that are so many times higher than wide are turned: they are written upwards or downwards."""


class Text(NamedTuple):
    """``score``: the mean certainty of its characters. ``places``: where each stands, in parts of the line's length."""

    text: str
    score: float
    places: Sequence[float]

    def __repr__(self) -> str:
        return f"Text({len(self.text)} characters, {self.score:.2f})"


class Characters:
    """Reads with ``model``; ``alphabet``: its classes from 1 on, without the last, which is a blank space.

    ``beside``: how many calls of the model may run at a time. Calls beside one another take less than threads within one call do.
    """

    def __init__(self, model: Inference, alphabet: Sequence[str], beside: int = 1) -> None:
        self._model = model
        self._alphabet = ("", *alphabet, " ")
        self._beside = beside

    def read(self, lines: Sequence[Pixels]) -> list[Text]:
        """What each of ``lines`` reads, written from left to right. Raises Unavailable."""
        found = [Text("", 0.0, ())] * len(lines)
        by_width = sorted(range(len(lines)), key=lambda number: lines[number].shape[1] / lines[number].shape[0])
        size = max(1, _BATCH // self._beside)
        batches = [by_width[start : start + size] for start in range(0, len(by_width), size)]
        for numbers, texts in zip(batches, self._batches(lines, batches), strict=True):
            for number, text in zip(numbers, texts, strict=True):
                found[number] = text
        return found

    def _batches(self, lines: Sequence[Pixels], batches: Sequence[Sequence[int]]) -> Iterator[list[Text]]:
        each = ([lines[number] for number in numbers] for numbers in batches)
        if self._beside == 1 or len(batches) < 2:
            yield from map(self._batch, each)
            return
        with ThreadPoolExecutor(self._beside) as pool:
            yield from pool.map(self._batch, each)

    def _batch(self, lines: Sequence[Pixels]) -> list[Text]:
        given, widths = tensor(lines)
        answer: Any = self._model.infer({"x": given})
        classes = next(iter(answer.values()))
        return [self._text(of_line, own / given.shape[3]) for own, of_line in zip(widths, classes, strict=True)]

    def _text(self, classes: npt.NDArray[np.float32], share: float) -> Text:
        best = classes.argmax(axis=1)
        chosen = best != 0
        chosen[1:] &= best[1:] != best[:-1]
        at = np.flatnonzero(chosen)
        text = "".join(self._alphabet[one] for one in best[at])
        if not text.strip():
            return Text("", 0.0, ())
        places = np.clip((at + 0.5) / (len(best) * share), 0.0, 1.0)
        return Text(text, float(classes[at, best[at]].mean()), tuple(map(float, places)))


def tensor(lines: Sequence[Pixels]) -> tuple[npt.NDArray[np.float32], list[int]]:
    """What the model takes, (lines, 3, height, columns), BGR from -1 to 1, 0 behind a line's end; and the columns of each line."""
    widths = [min(_WIDEST, max(1, ceil(_HEIGHT * line.shape[1] / line.shape[0]))) for line in lines]
    out = np.zeros((len(lines), 3, _HEIGHT, max(_NARROWEST, *widths)), np.float32)
    for row, line, own in zip(out, lines, widths, strict=True):
        resized = cv2.resize(line, (own, _HEIGHT))[:, :, ::-1]
        row[:, :, :own] = resized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
    return out, widths


def straightened(picture: Pixels, quad: npt.NDArray[np.float32]) -> tuple[Pixels, bool]:
    """The line at ``quad`` cut out and made level; whether it was turned because it stands upright."""
    width = max(1, round(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))))
    height = max(1, round(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform(quad, corners)
    warped = cv2.warpPerspective(
        picture, transform, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    cut = np.asarray(warped, np.uint8)
    if height >= width * _UPRIGHT:
        return np.ascontiguousarray(np.rot90(cut)), True
    return cut, False
