"""What a line of text reads: PP-OCR's recogniser, and its classes put together (connectionist temporal classification)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from deidstream.ports import Inference

if TYPE_CHECKING:
    import numpy.typing as npt

    from deidstream.detection.image.lines import Pixels

__all__ = ["Characters", "Text", "narrowed", "straightened"]

_HEIGHT = 48
_NARROWEST, _WIDEST = 320, 3200
_BATCH = 6
_NARROWER = 0.8
"""Of their width, to which lines of print can be pressed and still be read."""
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
    """Reads with ``model``; ``alphabet``: its classes from 1 on, without the last, which is a blank space."""

    def __init__(self, model: Inference, alphabet: Sequence[str]) -> None:
        self._model = model
        self._alphabet = ("", *alphabet, " ")

    def read(self, lines: Sequence[Pixels]) -> list[Text]:
        """What each of ``lines`` reads, written from left to right. Raises Unavailable."""
        found = [Text("", 0.0, ())] * len(lines)
        by_width = sorted(range(len(lines)), key=lambda number: lines[number].shape[1] / lines[number].shape[0])
        for start in range(0, len(by_width), _BATCH):
            numbers = by_width[start : start + _BATCH]
            for number, text in zip(numbers, self._batch([lines[number] for number in numbers]), strict=True):
                found[number] = text
        return found

    def _batch(self, lines: Sequence[Pixels]) -> Iterator[Text]:
        widths = [min(_WIDEST, max(1, ceil(_HEIGHT * line.shape[1] / line.shape[0]))) for line in lines]
        width = max(_NARROWEST, *widths)
        tensor = np.zeros((len(lines), 3, _HEIGHT, width), np.float32)
        for row, line, own in zip(tensor, lines, widths, strict=True):
            resized = cv2.resize(line, (own, _HEIGHT))[:, :, ::-1]
            row[:, :, :own] = resized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
        answer: Any = self._model.infer({"x": tensor})
        classes = next(iter(answer.values()))
        for own, of_line in zip(widths, classes, strict=True):
            yield self._text(of_line, own / width)

    def _text(self, classes: npt.NDArray[np.float32], share: float) -> Text:
        best, chances = classes.argmax(axis=1), classes.max(axis=1)
        chosen = best != 0
        chosen[1:] &= best[1:] != best[:-1]
        at = np.flatnonzero(chosen)
        text = "".join(self._alphabet[one] for one in best[at])
        if not text.strip():
            return Text("", 0.0, ())
        places = np.clip((at + 0.5) / (len(best) * share), 0.0, 1.0)
        return Text(text, float(chances[at].mean()), tuple(map(float, places)))


def narrowed(line: Pixels) -> Pixels:
    """``line`` pressed together; places along it are in parts of its length, and so stay as they are."""
    size = (max(1, round(line.shape[1] * _NARROWER)), line.shape[0])
    return np.asarray(cv2.resize(line, size, interpolation=cv2.INTER_AREA), np.uint8)


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
