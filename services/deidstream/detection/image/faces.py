"""Faces, by CenterFace (Xu and others, 2019): a map of centers of faces, and the size of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import cv2
import numpy as np

from deidstream.core.region import Region
from deidstream.detection.image.areas import Area
from deidstream.detection.image.lines import Pixels
from deidstream.ports import Inference, Mark

__all__ = ["Faces"]

_LEAST = 0.3
"""Heat from which a point is the center of a face."""
_OVERLAP = 0.3
_STEP, _CELL = 32, 4
_SIDES = (640, 1280)
"""Longest sides at which a picture is looked at: large faces are found in small pictures, small ones in large ones."""
_TURNS = (1, 2, 3)
"""Right angles against the clock: a picture may lie on its side, or on its head."""
_MARGIN = 0.15
"""Of a face's sides, added all around: hair and ears are part of who somebody is."""


class Faces:
    """Finds faces with ``model``."""

    def __init__(self, model: Inference) -> None:
        self._model = model

    def find(self, picture: Pixels, element: str, frame: int, areas: Sequence[Area] | None = None) -> Iterator[Mark]:
        """The faces in ``picture``, or in those ``areas`` of it: upright ones, and large ones turned by right angles.

        Raises Unavailable.
        """
        scales = _scales(picture)
        found = self._seen(picture, areas, [*((by, 0) for by in scales), *((scales[0], turn) for turn in _TURNS)])
        boxes = [(x, y, right - x, low - y) for x, y, right, low in found[:, :4].tolist()]
        for number in cv2.dnn.NMSBoxes(boxes, found[:, 4].tolist(), _LEAST, _OVERLAP) if boxes else ():
            yield Mark("face", _region(found[number], picture, element, frame), "", float(found[number][4]))

    def sees_one(self, picture: Pixels) -> bool:
        """Whether a face is in ``picture``, of any size, upright or turned by right angles. Raises Unavailable."""
        scales = _scales(picture)
        return any(len(self._seen(picture, None, [(by, turn) for by in scales])) > 0 for turn in (0, *_TURNS))

    def _seen(
        self, picture: Pixels, areas: Sequence[Area] | None, views: Sequence[tuple[float, int]]
    ) -> Any:  # as _found
        """All that is found in ``areas`` at each scale and turn of ``views``."""
        looked = [(0, 0, picture.shape[1], picture.shape[0])] if areas is None else areas
        return np.concatenate(
            [np.empty((0, 5)), *(self._within(picture, one, *view) for one in looked for view in views)]
        )

    def _within(self, picture: Pixels, area: Area, scale: float, quarters: int) -> Any:  # as _found
        """In ``area`` turned by ``quarters`` against the clock; where it lies in ``picture``."""
        left, top, right, low = area
        found = self._found(np.ascontiguousarray(np.rot90(picture[top:low, left:right], quarters)), scale)
        for quarter in reversed(range(quarters)):
            across = right - left if quarter % 2 == 0 else low - top
            found = np.stack(
                [across - found[:, 3], found[:, 0], across - found[:, 1], found[:, 2], found[:, 4]], axis=1
            )
        return found + np.array([left, top, left, top, 0.0])

    def _found(self, picture: Pixels, scale: float) -> Any:  # (faces, 5): left, top, right, bottom, heat
        height, width = (max(_STEP, ceil(length * scale / _STEP) * _STEP) for length in picture.shape[:2])
        resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        tensor = np.ascontiguousarray(resized.transpose(2, 0, 1)[None].astype(np.float32))
        answer: Any = self._model.infer({"input.1": tensor})
        heat, size, offset = answer["537"][0, 0], answer["538"][0], answer["539"][0]
        rows, columns = np.where(heat > _LEAST)
        tall, wide = np.exp(size[0, rows, columns]) * _CELL, np.exp(size[1, rows, columns]) * _CELL
        y = (rows + offset[0, rows, columns] + 0.5) * _CELL
        x = (columns + offset[1, rows, columns] + 0.5) * _CELL
        across, down = picture.shape[1] / width, picture.shape[0] / height
        left, right = (x - wide / 2) * across, (x + wide / 2) * across
        top, low = (y - tall / 2) * down, (y + tall / 2) * down
        return np.stack([left, top, right, low, heat[rows, columns]], axis=1)


def _scales(picture: Pixels) -> list[float]:
    return sorted({min(2.0, side / max(picture.shape[:2])) for side in _SIDES})


def _region(face: Any, picture: Pixels, element: str, frame: int) -> Region:
    left, top, right, low = face[:4].tolist()
    across, down = (right - left) * _MARGIN, (low - top) * _MARGIN
    x, y = max(0, int(left - across)), max(0, int(top - down))
    right, low = min(picture.shape[1], ceil(right + across)), min(picture.shape[0], ceil(low + down))
    return Region(element, frame, x, y, max(1, right - x), max(1, low - y))
