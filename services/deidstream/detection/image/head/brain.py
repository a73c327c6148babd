"""The brain of a head: a surface that grows from its middle until it meets the skull.

After S. M. Smith, Fast robust automated brain extraction, Human Brain Mapping 17 (2002) 143-155. CT is shown to it as an MR
that has grey soft tissue, and black bone and air.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from deidstream.detection.image.head.body import Body, near

__all__ = ["Brain", "brain_of"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]

_BONE = 200.0
_SOFT = (-20.0, 100.0)
"""Hounsfield units of bone that partial volume has thinned, and of what lies in the skull."""
_LEAST, _MOST = 60.0, 2_400.0
"""Millilitres: a slab of a brain, and a large brain with what surrounds it."""
_USUAL = 1_900.0
"""What is larger has probably run out through the base of the skull: then darker tissue ends it."""
_THRESHOLDS = (0.5, 0.6, 0.7)
"""How bright, between dark and bright, is still brain."""
_OUTER = 6.0
"""Millimetres of scalp and skull at least."""
_ENCLOSED = 0.7
"""Of the directions from the middle of a brain, how many must meet bone (CT)."""
_BEYOND = 25.0
"""Millimetres by which a volume is continued at its ends."""
_FARTHEST = 120.0
"""Millimetres from the middle of a brain to its skull at most."""
_COARSE, _FINE = 350, 150
"""Steps of the surface with 642 points, and with 2,562."""


@dataclass(frozen=True, slots=True)
class Brain:
    """``mask`` on the grid, and the middle of it (z, y, x) in grid points."""

    mask: Mask = field(repr=False)
    middle: Points
    millilitres: float


def brain_of(values: Floats, body: Body, step: float, hounsfield: bool) -> Brain | None:
    """None where nothing is found that looks like one."""
    seen, seed = _from_ct(values, body, step) if hounsfield else _from_mr(values, body, step)
    if seed is None:
        return None
    deep = _deep(body, step)
    for threshold in _THRESHOLDS:
        mask = _grown(seen, *seed, step, threshold)
        if mask is None:
            return None
        mask &= deep
        millilitres = float(mask.sum()) * step**3 / 1000
        if _LEAST <= millilitres <= _USUAL or (threshold == _THRESHOLDS[-1] and _LEAST <= millilitres <= _MOST):
            return Brain(mask, np.argwhere(mask).mean(0), millilitres)
    return None


def _deep(body: Body, step: float) -> Mask:
    """What has skull and scalp between itself and the air."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(body.filled, 1, mode="edge"))[1:-1, 1:-1, 1:-1]
    return np.asarray(depth * step > _OUTER)


Seed = tuple[Points, float]


def _from_ct(values: Floats, body: Body, step: float) -> tuple[Floats, Seed | None]:
    """As an MR would show it, and the middle of the largest soft mass that bone encloses."""
    from scipy import ndimage

    bone = values > _BONE
    soft = (values > _SOFT[0]) & (values < _SOFT[1]) & body.filled & ~bone
    seen = np.where(soft, np.clip(values, 0, 80) / 2 + 60, 0).astype(np.float32)
    walled = soft & ~near(bone, 1.5)
    inner = ndimage.distance_transform_edt(np.pad(walled, 1, mode="edge"))[1:-1, 1:-1, 1:-1] > 6 / step
    labels, count = ndimage.label(inner)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    for label in np.argsort(sizes)[::-1][:6]:
        if sizes[label] * step**3 < 10_000:
            break
        part = labels == label
        middle = np.argwhere(part).mean(0)
        if _enclosed(bone, middle, step) >= _ENCLOSED:
            radius = (3 * part.sum() / 4 / np.pi) ** (1 / 3)
            return seen, (middle, float(radius))
    return seen, None


def _enclosed(bone: Mask, middle: Points, step: float) -> float:
    """The share of directions from ``middle`` in which bone is met; those that leave through the end of the volume do not count."""
    directions = _sphere(2)[0]
    distances = np.arange(0, _FARTHEST, step) / step
    points = middle + directions[:, None] * distances[:, None]
    index = np.rint(points).astype(int)
    inside = np.asarray(((index >= 0) & (index < np.array(bone.shape))).all(-1))
    index = np.clip(index, 0, np.array(bone.shape) - 1)
    met = (bone[index[..., 0], index[..., 1], index[..., 2]] & inside).any(1)
    counts = met | inside[:, -1]
    left = ~inside.all(1) & ~met
    if left.mean() > 0.6:
        return 0.0
    return float(met[counts].mean()) if counts.any() else 0.0


def _from_mr(values: Floats, body: Body, step: float) -> tuple[Floats, Seed | None]:
    """The middle of the largest ball that fits into the body: of a head, its cranium."""
    from scipy import ndimage

    depth = ndimage.distance_transform_edt(np.pad(body.filled, 1))[1:-1, 1:-1, 1:-1] * step
    deepest = float(depth.max())
    if not 12 <= deepest <= 115:
        return values, None
    middle = np.argwhere(depth > deepest - 2 * step).mean(0)
    return np.where(body.filled, values, values[body.filled].min()).astype(np.float32), (middle, 0.55 * deepest / step)


def _grown(seen: Floats, middle: Points, radius: float, step: float, threshold: float) -> Mask | None:
    """The inside of the surface. ``radius`` in grid points: of the ball that it begins as."""
    # Where the volume ends in the head, the head goes on: else what is thin there would be left out.
    beyond = round(_BEYOND / step)
    padded = np.pad(seen, beyond, mode="edge")
    around = _ball(padded.shape, middle + beyond, radius)
    inner = padded[around]
    t2, t98 = np.percentile(padded[padded > 0], [2, 98]) if (padded > 0).any() else (0.0, 0.0)
    middling = float(np.median(inner)) if inner.size else 0.0
    if not t98 > t2 or middling <= t2:
        return None
    surface = _Surface(padded, (float(t2), middling, float(t98)), step, threshold)
    points, faces, neighbours = _sphere(3)
    where = middle + beyond + points * radius * 0.7
    where = surface.relax(where, faces, neighbours, _COARSE)
    where, faces, neighbours = _refined(where, faces)
    where = surface.relax(where, faces, neighbours, _FINE)
    inside = _inside(where, faces, (padded.shape[0], padded.shape[1], padded.shape[2]))
    return inside[beyond:-beyond, beyond:-beyond, beyond:-beyond]


class _Surface:
    """The forces of Smith's paper, equations 2 to 13."""

    def __init__(self, seen: Floats, levels: tuple[float, float, float], step: float, threshold: float) -> None:
        self._threshold = threshold
        self._seen = seen.ravel()
        self._limits = np.array(seen.shape) - 1
        self._strides = np.array([seen.shape[1] * seen.shape[2], seen.shape[2], 1])
        self._t2, self._tm, _ = levels
        self._t = levels[0] + 0.1 * (levels[2] - levels[0])
        self._step = step
        self._near = np.arange(1, int(20 / step) + 1, dtype=np.float64)
        self._bend = (1 / 3.33 + 1 / 10) / 2, 6 / (1 / 3.33 - 1 / 10)

    def relax(
        self, where: Points, faces: npt.NDArray[np.int64], neighbours: npt.NDArray[np.int64], steps: int
    ) -> Points:
        for _ in range(steps):
            where = where + self._moves(where, faces, neighbours)
        return where

    def _moves(self, where: Points, faces: npt.NDArray[np.int64], neighbours: npt.NDArray[np.int64]) -> Points:
        normal = _normals(where, faces)
        around = where[neighbours]
        length = float(np.linalg.norm(around[:, 0] - where, axis=1).mean())
        to_mean = around.mean(1) - where
        along = (to_mean * normal).sum(1, keepdims=True) * normal
        within = to_mean - along
        bent = np.linalg.norm(along, axis=1)
        curvature = 2 * bent / (length**2 * self._step)
        smooth = (1 + np.tanh(self._bend[1] * (curvature - self._bend[0]))) / 2
        pushed = 0.05 * length * self._push(where, normal)[:, None] * normal
        return np.asarray(within / 2 + smooth[:, None] * along + pushed)

    def _push(self, where: Points, normal: Points) -> npt.NDArray[np.float64]:
        at = where[:, None] - normal[:, None] * self._near[None, :, None]
        index = np.rint(np.clip(at, 0, self._limits)).astype(np.int64) @ self._strides
        values = self._seen[index]
        half = len(self._near) // 2
        darkest = np.maximum(self._t2, np.minimum(self._tm, values.min(1)))
        brightest = np.minimum(self._tm, np.maximum(self._t, values[:, :half].max(1)))
        level = (brightest - self._t2) * self._threshold + self._t2
        return np.asarray(2 * (darkest - level) / np.maximum(brightest - self._t2, 1e-6))


def _normals(where: Points, faces: npt.NDArray[np.int64]) -> Points:
    a, b, c = (where[faces[:, n]] for n in range(3))
    each = np.cross(b - a, c - a)
    total = np.zeros_like(where)
    for n in range(3):
        for axis in range(3):
            total[:, axis] += np.bincount(faces[:, n], each[:, axis], len(where))
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9))


def _ball(shape: tuple[int, ...], middle: Points, radius: float) -> Mask:
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    return np.asarray((z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2 <= radius**2)


def _inside(where: Points, faces: npt.NDArray[np.int64], shape: tuple[int, int, int]) -> Mask:
    """The grid points that the surface encloses."""
    from scipy import ndimage

    a, b, c = (where[faces[:, n]] for n in range(3))
    longest = max(float(np.linalg.norm(b - a, axis=1).max()), 1.0)
    parts = min(24, int(np.ceil(longest / 0.6)))
    shell = np.zeros(shape, bool)
    limits = np.array(shape) - 1
    for i in range(parts + 1):
        for j in range(parts + 1 - i):
            at = a + (b - a) * (i / parts) + (c - a) * (j / parts)
            index = np.rint(np.clip(at, 0, limits)).astype(int)
            shell[index[:, 0], index[:, 1], index[:, 2]] = True
    return np.asarray(ndimage.binary_fill_holes(shell))


@lru_cache(maxsize=4)
def _sphere(times: int) -> tuple[Points, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """An icosahedron whose faces were divided ``times`` times: unit vectors, faces, six neighbours of each point."""
    g = (1 + 5**0.5) / 2
    points = np.array([(0, s, t * g) for s in (-1, 1) for t in (-1, 1)], dtype=np.float64)
    points = np.concatenate([points, np.roll(points, 1, 1), np.roll(points, 2, 1)])
    near_ones = [
        (i, j, k)
        for i in range(12)
        for j in range(i + 1, 12)
        for k in range(j + 1, 12)
        if max(_apart(points, i, j), _apart(points, j, k), _apart(points, i, k)) < 2.1
    ]
    faces = np.array([_outward(points, face) for face in near_ones], dtype=np.int64)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for _ in range(times):
        points, faces, _ = _refined(points, faces)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points, faces, _neighbours(faces, len(points))


def _apart(points: Points, i: int, j: int) -> float:
    return float(np.linalg.norm(points[i] - points[j]))


def _outward(points: Points, face: tuple[int, int, int]) -> tuple[int, int, int]:
    i, j, k = face
    turn = float(np.cross(points[j] - points[i], points[k] - points[i]) @ points[i])
    return face if turn > 0 else (i, k, j)


def _refined(
    points: Points, faces: npt.NDArray[np.int64]
) -> tuple[Points, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each face as four."""
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), 1)
    unique, number = np.unique(edges, axis=0, return_inverse=True)
    middle = len(points) + number.reshape(3, -1)
    made = np.concatenate([points, points[unique].mean(1)])
    i, j, k = faces.T
    ij, jk, ki = middle
    fine = np.concatenate([np.stack(one, 1) for one in ((i, ij, ki), (j, jk, ij), (k, ki, jk), (ij, jk, ki))])
    return made, fine, _neighbours(fine, len(made))


def _neighbours(faces: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Six neighbours of each point; of those that have five, one is there twice."""
    edges = np.unique(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=0)
    order = edges[np.argsort(edges[:, 0], kind="stable")]
    start = np.searchsorted(order[:, 0], np.arange(count))
    degree = np.diff(np.append(start, len(order)))
    column = np.minimum(np.arange(6)[None], degree[:, None] - 1)
    return np.asarray(order[start[:, None] + column, 1])
