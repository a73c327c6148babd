"""A volume as somebody sees it who renders its surface: shaded, from any side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Scene", "View", "rendered", "views_around"]

Floats = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """From where one looks: unit vectors in axes (z, y, x) of a volume, ``ahead`` into the picture and ``up`` in it."""

    ahead: Vector
    up: Vector
    name: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """A volume of equal ``step`` (mm) whose surface is where ``values`` pass ``threshold``; ``size``: of pictures, in pixels."""

    values: Floats = field(repr=False)
    step: float
    threshold: float
    size: int = 256


def views_around(front: Vector, top: Vector, yaws: Sequence[float], pitches: Sequence[float]) -> Iterator[View]:
    """Of somebody who faces ``front`` with the head at ``top``: degrees to the side, and from above."""
    side = np.cross(front, top)
    for pitch in pitches:
        for yaw in yaws:
            y, p = np.radians([yaw, pitch])
            ahead = np.cos(p) * (-np.cos(y) * front + np.sin(y) * side) - np.sin(p) * top
            across = np.cross(ahead, top)
            across /= np.linalg.norm(across)
            yield View(ahead, np.cross(across, ahead), f"{yaw:g},{pitch:g}")


def rendered(scene: Scene, views: Sequence[View]) -> Iterator[Picture]:
    """One grey picture for each view, of shape (size, size)."""
    from scipy import ndimage

    padded = np.pad(scene.values, 2, constant_values=float(scene.values.min()))
    smooth = ndimage.gaussian_filter(padded, 0.7).astype(np.float32)
    solid = smooth > scene.threshold
    for view in views:
        yield _picture(scene, smooth, solid, view)


def _picture(scene: Scene, smooth: Floats, solid: npt.NDArray[np.bool_], view: View) -> Picture:
    """Rays are parallel; positions in grid points."""
    shape = np.array(solid.shape)
    middle = (shape - 1) / 2
    width = float(shape.max()) * 1.25
    across = np.cross(view.ahead, view.up)
    at = (np.arange(scene.size) - scene.size / 2 + 0.5) * width / scene.size
    origin = middle + across * at[None, :, None] - view.up * at[:, None, None]
    origin = origin.reshape(-1, 3)
    where, hit = _first(solid, origin, view.ahead)
    found = np.flatnonzero(hit)
    depth = _refined(smooth, scene.threshold, origin[found], view.ahead, where[found])
    normal = _gradient(smooth, origin[found] + depth[:, None] * view.ahead)
    light = -0.8 * view.ahead + 0.5 * view.up + 0.2 * across
    light /= np.linalg.norm(light)
    out = np.zeros(scene.size**2, np.uint8)
    out[found] = 40 + 200 * np.clip(-(normal @ light), 0, 1)
    return out.reshape(scene.size, scene.size)


def _first(
    solid: npt.NDArray[np.bool_], origin: Vector, ahead: Vector
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """How far each ray goes until it is in the body, and whether it comes there."""
    limits = np.array(solid.shape) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (0 - origin) / ahead, (limits - origin) / ahead
    enters, leaves = np.nanmax(np.minimum(one, other), 1), np.nanmin(np.maximum(one, other), 1)
    at = enters.copy()
    hit = np.zeros(len(origin), bool)
    active = np.flatnonzero(leaves > enters)
    flat = solid.ravel()
    strides = np.array([solid.shape[1] * solid.shape[2], solid.shape[2], 1])
    while len(active):
        index = np.rint(np.clip(origin[active] + ahead * at[active, None], 0, limits)).astype(np.int64) @ strides
        inside = flat[index]
        hit[active[inside]] = True
        active = active[~inside]
        at[active] += 0.9
        active = active[at[active] < leaves[active]]
    return at, hit


def _refined(smooth: Floats, threshold: float, origin: Vector, ahead: Vector, at: Vector) -> Vector:
    outer, inner = at - 1.4, at + 0.5
    for _ in range(5):
        middle = (outer + inner) / 2
        inside = _sampled(smooth, origin + middle[:, None] * ahead) > threshold
        inner, outer = np.where(inside, middle, inner), np.where(inside, outer, middle)
    return inner


def _gradient(smooth: Floats, at: Vector) -> Vector:
    parts = []
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 1.2
        parts.append(_sampled(smooth, at + step) - _sampled(smooth, at - step))
    made = np.stack(parts, 1)
    return np.asarray(made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-6))


def _sampled(smooth: Floats, at: Vector) -> Vector:
    from scipy import ndimage

    return np.asarray(ndimage.map_coordinates(smooth, at.T, order=1, mode="nearest"), np.float64)
