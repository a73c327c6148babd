"""The pixels of a released page held against those that it was made of: what stands there still, and what else has changed."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from deidstream.core.page import Box
from deidstream.detection.image.areas import Area, merged
from deidstream.detection.image.lines import Pixels

__all__ = ["cut", "has_strayed", "is_standing"]

_INK, _SAME = 48, 24
"""Steps of 255: what stands out from what is filled in; by how much compression changes a pixel beside a letter."""
_MOST = 0.6
"""Of the ink: where as much is as it was, it is not for what was written over it."""
_LEAST = 12
"""Pixels of ink: fewer are a dot."""
_COARSE, _MOVED = 4, 24
"""Pixels that are looked at as one, where compression evens out, and steps of 255 by which they may differ."""


def cut(boxes: Sequence[Box], shape: Sequence[int]) -> list[Area]:
    """``boxes`` within a picture of ``shape``, those that overlap as one."""
    inside = [(max(0, one.left), max(0, one.top), min(shape[1], one.right), min(shape[0], one.bottom)) for one in boxes]
    return merged([one for one in inside if one[0] < one[2] and one[1] < one[3]])


def is_standing(before: Pixels, after: Pixels, box: Box) -> bool:
    """Whether most of the ink in ``box``, or in its left, right, upper or lower half, is as it was."""
    window = np.s_[max(0, box.top) : max(0, box.bottom), max(0, box.left) : max(0, box.right)]
    old, new = _grey(before[window]), _grey(after[window])
    if not old.size:
        return False
    ground = int(np.bincount(new.ravel(), minlength=256).argmax())
    ink = np.abs(old.astype(np.int16) - ground) > _INK
    same = ink & (cv2.absdiff(old, new) <= _SAME)
    middle, center = ink.shape[0] // 2, ink.shape[1] // 2
    halves = (np.s_[:, :], np.s_[:middle], np.s_[middle:], np.s_[:, :center], np.s_[:, center:])
    return any(_is_most(int(same[half].sum()), int(ink[half].sum())) for half in halves)


def has_strayed(before: Pixels, after: Pixels, around: Sequence[Area]) -> bool:
    """Whether anything has changed that is not ``around``."""
    kept = after.copy()
    for left, top, right, low in around:
        kept[top:low, left:right] = before[top:low, left:right]
    if np.array_equal(before, kept):
        return False
    size = (max(1, before.shape[1] // _COARSE), max(1, before.shape[0] // _COARSE))
    old, new = (cv2.resize(_grey(one), size, interpolation=cv2.INTER_AREA) for one in (before, kept))
    return int(cv2.absdiff(old, new).max()) > _MOVED


def _is_most(part: int, whole: int) -> bool:
    return whole >= _LEAST and part > _MOST * whole


def _grey(picture: Pixels) -> Pixels:
    if not picture.size:
        return np.empty(0, np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), np.uint8)
