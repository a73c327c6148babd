"""Where the face of a head is: what must go so that nobody is recognised, and what must stay."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from deidstream.detection.image.head.body import Body
from deidstream.detection.image.head.brain import Brain

__all__ = ["Region", "region_of"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Vector = npt.NDArray[np.float64]

_BEHIND = 28.0
"""Millimetres behind the smoothed front of the face where the cut runs: the eyes are gone, and the nose."""
_DEEPEST = 36.0
"""Millimetres behind the middle of the face beyond which nothing is cut: the neck stays."""
_AROUND_BRAIN = 16.0
"""Millimetres around the brain that stay: the skull, and what lies under it."""
_BESIDE = 20.0
"""Millimetres beside the face in which what stands out goes with it: brows."""
_LEAST = 5.0
"""Millimetres that must go for anything to go: what is less is the skin of a forehead."""
_SLOPE = 0.35
"""How fast the surface that is put in the place of a face falls at most: no brow, no chin, no socket."""
_WALL = 5.0
"""Millimetres of it at least."""
_REACH = 130.0
"""Millimetres from the brain, beyond which there is no face."""
_SKIN = 3.0
"""Millimetres that become air at the sides of the head, under what sticks out."""
_THIN = 12.0
"""Millimetres: what is narrower sticks out (an ear)."""
_LIMIT = 20.0


@dataclass(frozen=True, slots=True)
class Region:
    """``air``: millimetres into what must become air (negative: outside of it, clipped); ``filled``: the same of what must become
    tissue of no shape, where it is not air."""

    air: Floats = field(repr=False)
    filled: Floats = field(repr=False)


def region_of(values: Floats, body: Body, brain: Brain, step: float, front: Vector, top: Vector) -> Region | None:
    """``front`` and ``top``: unit vectors in grid axes (z, y, x), as the header has them. None where anatomy contradicts them."""
    from scipy import ndimage

    padded = np.pad(~brain.mask, 1, constant_values=True)
    from_brain = (ndimage.distance_transform_edt(padded) * step)[1:-1, 1:-1, 1:-1].astype(np.float32)
    frame = _frame(values, body, brain, from_brain, step, front, top)
    if frame is None:
        return None
    filled, air = _cut(body.filled, from_brain, frame, step)
    ears, under = _ears(values, body, from_brain, frame, step)
    made = [
        np.clip(one, -_LIMIT, _LIMIT).astype(np.float32) for one in (np.maximum(air, ears), np.maximum(filled, under))
    ]
    return Region(made[0], made[1])


@dataclass(frozen=True, slots=True)
class _Frame:
    """Millimetres from the middle of the brain: to the ``front``, to one ``side``, to the ``top``, for each point of the grid."""

    front: Floats = field(repr=False)
    side: Floats = field(repr=False)
    top: Floats = field(repr=False)


def _frame(
    values: Floats, body: Body, brain: Brain, from_brain: Floats, step: float, front: Vector, top: Vector
) -> _Frame | None:
    """The head's own axes: those of the header, turned to where its face is. None where the two contradict each other."""
    seen = _evidence(values, body, brain, from_brain, step)
    side = np.cross(front, top)
    if seen is not None:
        ahead, aside = float(seen @ front), float(seen @ side)
        if ahead <= 5 or abs(aside) > 1.8 * ahead:
            return None
        turned = front * ahead + side * aside
        front = turned / np.linalg.norm(turned)
        side = np.cross(front, top)
    grid = [np.arange(n, dtype=np.float32) * step for n in values.shape]
    middle = brain.middle * step

    def along(axis: Vector) -> Floats:
        z, y, x = ((one - at) * part for one, at, part in zip(grid, middle, axis, strict=True))
        return np.asarray(z[:, None, None] + y[None, :, None] + x[None, None, :], np.float32)

    return _Frame(along(front), along(side), along(top))


def _evidence(values: Floats, body: Body, brain: Brain, from_brain: Floats, step: float) -> Vector | None:
    """From the brain to the middle of the cavities of the face (nose, sinuses, mouth, throat), in millimetres."""
    depth = _depth(body.filled) * step
    hollow = body.filled & (values < body.threshold) & (depth > 8) & (from_brain > 8) & (from_brain < 80)
    if hollow.sum() * step**3 < 3_000:
        return None
    return np.asarray((np.argwhere(hollow).mean(0) - brain.middle) * step)


def _cut(filled: Mask, from_brain: Floats, frame: _Frame, step: float) -> tuple[Floats, Floats]:
    """How far each point lies in front of what stays, and how far in front of the surface that is put there instead.

    Both are heights over a plane through the brain, seen from the front. The face behind its surface goes as deep as the first;
    what lies between the two is filled, so that the end is smooth, and no cavity that was cut open looks like an eye.
    """
    from scipy import ndimage

    rows = (frame.top - frame.top.min()) / step
    columns = (frame.side - frame.side.min()) / step
    shape = int(rows.max()) + 2, int(columns.max()) + 2
    places = np.rint(rows).astype(np.int32), np.rint(columns).astype(np.int32)
    face = _foremost(filled & (from_brain < _REACH), frame.front, places, shape)
    brain = _foremost(from_brain <= _AROUND_BRAIN, frame.front, places, shape)
    known = np.isfinite(face)
    middle = np.abs(np.arange(shape[1]) * step + frame.side.min()) < 35
    heights = np.arange(shape[0]) * step + frame.top.min()
    central = face[np.ix_((heights < 20) & (heights > -110), middle)]
    central = central[np.isfinite(central)]
    plane = float(np.percentile(central if len(central) else face[known], 60)) - _DEEPEST
    brain = ndimage.grey_closing(np.maximum(brain, plane - 60), size=(int(20 / step), int(20 / step)))
    closed = ndimage.grey_closing(_spread(face, known), size=(int(30 / step), int(30 / step)))
    kept = np.maximum(np.maximum(ndimage.gaussian_filter(closed, 10 / step) - _BEHIND, plane), brain)
    touched = ndimage.binary_opening(known & (_spread(face, known) > kept + _LEAST), iterations=2)
    touched = (ndimage.gaussian_filter(touched.astype(np.float32), 8 / step) > 0.35) & known
    around = np.where(known & ~touched, np.maximum(face, kept), kept)  # skin that stays: what is put there begins at it
    surface = np.maximum(ndimage.gaussian_filter(_cone(around, _SLOPE * step), 8 / step), kept + _WALL)
    surface = ndimage.gaussian_filter(surface, 6 / step)
    # No cliff where the cut begins: what stands out above its surface goes as well.
    beside = ndimage.distance_transform_edt(~touched) * step < _BESIDE
    higher = known & beside & (_spread(face, known) > surface + _WALL / 2)
    touched = (ndimage.gaussian_filter((touched | higher).astype(np.float32), 4 / step) > 0.4) & known
    at = np.stack([rows.ravel(), columns.ravel()])

    def over(heights: npt.NDArray[np.float64]) -> Floats:
        sampled = ndimage.map_coordinates(heights.astype(np.float32), at, order=1, mode="nearest")
        return np.asarray(sampled.reshape(frame.front.shape), np.float32)

    out = ndimage.distance_transform_edt(~touched) if touched.any() else np.full(shape, np.inf)
    edge = over(np.clip((ndimage.distance_transform_edt(touched) - out) * step, -_LIMIT, _LIMIT))
    return np.minimum(frame.front - over(kept), edge), np.minimum(frame.front - over(surface), edge)


def _cone(heights: npt.NDArray[np.float64], slope: float) -> npt.NDArray[np.float64]:
    """The least surface above ``heights`` that falls by at most ``slope`` a point."""
    out = heights.copy()
    for _ in range(2):
        for axis in (0, 1):
            lines = np.moveaxis(out, axis, 0)
            for n in range(1, len(lines)):
                np.maximum(lines[n], lines[n - 1] - slope, out=lines[n])
            for n in range(len(lines) - 2, -1, -1):
                np.maximum(lines[n], lines[n + 1] - slope, out=lines[n])
    return out


def _spread(heights: npt.NDArray[np.float64], known: Mask) -> npt.NDArray[np.float64]:
    """Each unknown height as the nearest known one."""
    from scipy import ndimage

    if not known.any():
        return heights
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return np.asarray(heights[tuple(nearest)])


def _foremost(
    mask: Mask, front: Floats, places: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]], shape: tuple[int, int]
) -> npt.NDArray[np.float64]:
    out = np.full(shape, -np.inf)
    np.maximum.at(out, (places[0][mask], places[1][mask]), front[mask])
    return out


def _ears(values: Floats, body: Body, from_brain: Floats, frame: _Frame, step: float) -> tuple[Floats, Floats]:
    """How far each point lies in what becomes air at the sides of the head, and in cavities under it that are closed.

    What sticks out goes, and around the auditory canals the skin that it stands on: what remains has the shape of a head.
    """
    from scipy import ndimage

    wide = int(np.ceil(_THIN / step)) + 1
    padded = np.pad(body.filled, wide, mode="edge")
    inner = ndimage.distance_transform_edt(padded) * step > _THIN
    away = ndimage.distance_transform_edt(~inner)[wide:-wide, wide:-wide, wide:-wide] * step - _THIN
    around = np.abs(away) < 2 * step
    half = float(np.percentile(np.abs(frame.side[around]), 98)) if around.any() else 0.0
    aside = np.abs(frame.side) - 0.6 * half
    sticking = (away - 4, 30 - away, from_brain - 8, 90 - from_brain, aside)
    place = (60 - from_brain, 55 + frame.front, 25 - frame.front, aside, 25 - away)
    skin = np.minimum.reduce((away + _SKIN, from_brain - 14, *place))
    level = body.threshold + (100 if body.threshold < 0 else 0.5 * abs(body.threshold))
    hollow = np.clip((level - values) / max(abs(level), 1e-6) * 10, -_LIMIT, _LIMIT)
    under = np.minimum.reduce((away + _SKIN + 2 * _WALL, hollow, from_brain - 4, *place))
    return np.maximum(np.minimum.reduce(sticking), skin).astype(np.float32), under.astype(np.float32)


def _depth(filled: Mask) -> Floats:
    """Points from the air. The cut faces of the volume are no surface."""
    from scipy import ndimage

    return np.asarray(ndimage.distance_transform_edt(np.pad(filled, 1, mode="edge"))[1:-1, 1:-1, 1:-1], np.float32)
