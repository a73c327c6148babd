"""Where lines of text stand in a picture: PP-OCR's detector, a map of text probabilities, and rectangles around what is dense.

Differentiable binarization (Liao and others, AAAI 2020); thresholds as PaddleOCR ships them with the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np

from deidstream.ports import Inference

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Line", "Lines", "Pixels", "prepared"]

Pixels: TypeAlias = "npt.NDArray[np.uint8]"
"""(rows, columns, 3), RGB."""
_Map: TypeAlias = "npt.NDArray[np.float32]"

_PIXEL, _BOX = 0.3, 0.5
"""Probabilities from which a pixel, and a box on the mean of its pixels, counts as text."""
_UNCLIP = 1.6
_LEAST_SIDE = 3
_MOST = 1000
_STEP = 32
"""The model halves five times."""


class Line(NamedTuple):
    """Four corners ``quad`` (4, 2), clockwise from the upper left as the text is read; ``score`` of being text."""

    quad: npt.NDArray[np.float32]
    score: float


class Lines:
    """Finds lines with ``model``."""

    def __init__(self, model: Inference) -> None:
        self._model = model

    def find(self, picture: Pixels, scale: float = 1.0) -> list[Line]:
        """The lines of ``picture``, looked at ``scale`` times its size; corners in its own pixels. Raises Unavailable."""
        rows, columns = picture.shape[:2]
        given = prepared(picture, scale)
        answer: Any = self._model.infer({"x": given})
        chances = next(iter(answer.values()))[0, 0]
        return list(_lines(chances, columns / given.shape[3], rows / given.shape[2]))


def prepared(picture: Pixels, scale: float) -> _Map:
    """What the model takes, (1, 3, rows, columns), BGR from -1 to 1: ``picture`` at ``scale`` times its size, about."""
    height, width = (_side(length * scale) for length in picture.shape[:2])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = cv2.resize(picture, (width, height), interpolation=interpolation)
    tensor = (resized[:, :, ::-1].astype(np.float32) / 127.5 - 1.0).transpose(2, 0, 1)[None]
    return np.ascontiguousarray(tensor)


def _side(length: float) -> int:
    return max(_STEP, round(length / _STEP) * _STEP)


def _lines(chances: _Map, across: float, down: float) -> Iterator[Line]:
    mask = cv2.dilate((chances > _PIXEL).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask * 255, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours[:_MOST]:
        center, (width, height), angle = cv2.minAreaRect(contour)
        if min(width, height) < _LEAST_SIDE:
            continue
        score = _mean(chances, _corners(center, width, height, angle))
        if score < _BOX:
            continue
        margin = 2 * width * height * _UNCLIP / (2 * (width + height))
        quad = _ordered(_corners(center, width + margin, height + margin, angle))
        yield Line(quad * np.array([across, down], np.float32), score)


def _corners(center: Sequence[float], width: float, height: float, angle: float) -> _Map:
    return np.asarray(cv2.boxPoints((center, (width, height), angle)), np.float32)


def _mean(chances: _Map, quad: _Map) -> float:
    rows, columns = chances.shape
    left, top = np.clip(np.floor(quad.min(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    right, low = np.clip(np.ceil(quad.max(axis=0)).astype(int), 0, (columns - 1, rows - 1))
    mask = np.zeros((low - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(quad - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(chances[top : low + 1, left : right + 1], mask)[0])


def _ordered(quad: _Map) -> _Map:
    """Clockwise from the upper left corner."""
    by_column = quad[np.argsort(quad[:, 0])]
    left, right = by_column[:2], by_column[2:]
    upper_left, lower_left = left[np.argsort(left[:, 1])]
    upper_right, lower_right = right[np.argsort(right[:, 1])]
    return np.array([upper_left, upper_right, lower_right, lower_left], np.float32)
