"""Slices of a series on one grid of equal steps, small enough to think about the whole volume at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from deidstream.core.errors import Malformed

__all__ = ["Grid", "Plane", "Stack", "stacked"]

Floats = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]

STEP = 2.5
"""Millimetres between the points of the grid: half of what a nose or an ear measures in its least direction is twice that."""
_MOST = 16_000_000
"""Points of a grid. A whole body takes wider steps."""
_SAME = 1e-3
_WIDEST = 12.0
"""Millimetres between neighbouring slices, beyond which what lies between them is not known."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Where a slice lies (PS3.3, C.7.6.2): ``origin`` of its first pixel, unit vectors ``along`` a row and ``down`` a column, and
    the pixel spacing (``between_rows``, ``between_columns``), in millimetres, in patient co-ordinates (LPS)."""

    origin: tuple[float, float, float]
    along: tuple[float, float, float]
    down: tuple[float, float, float]
    between_rows: float
    between_columns: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        numbers = (*self.origin, *self.along, *self.down, self.between_rows, self.between_columns)
        a, d = np.array(self.along), np.array(self.down)
        sound = np.isfinite(numbers).all() and max(map(abs, numbers)) < 1e5
        if not sound or min(self.between_rows, self.between_columns) < 1e-3 or min(self.rows, self.columns) < 2:
            raise Malformed("geometry-broken", "ImagePlane")
        if abs(a @ a - 1) > 0.02 or abs(d @ d - 1) > 0.02 or abs(a @ d) > 0.02:
            raise Malformed("geometry-broken", "ImageOrientationPatient")

    @property
    def normal(self) -> Vector:
        """Of the plane, right-handed with ``along`` and ``down``."""
        return np.cross(self.along, self.down)

    @property
    def depth(self) -> float:
        """Along the normal."""
        return float(self.normal @ np.array(self.origin))

    def is_parallel(self, other: Plane) -> bool:
        """Whether the two have one orientation."""
        return bool(
            np.abs(np.array(self.along) - other.along).max() < 0.02
            and np.abs(np.array(self.down) - other.down).max() < 0.02
        )


@dataclass(frozen=True, slots=True)
class Grid:
    """Points at ``low + step * (z, y, x)`` along the axes ``(normal, down, along)`` of a stack of parallel slices."""

    axes: Vector = field(repr=False)
    """Unit vectors in patient co-ordinates, one a row: normal, down, along."""
    low: Vector = field(repr=False)
    step: float
    shape: tuple[int, int, int]

    def index(self, direction: Sequence[float]) -> Vector:
        """A direction of the patient (LPS) along the axes of the grid."""
        return np.asarray(self.axes @ np.array(direction, dtype=np.float64))


@dataclass(slots=True)
class Stack:
    """Parallel slices, made small one by one, so that a volume needs never be in memory at its full size."""

    first: Plane
    step: float = STEP
    slices: list[tuple[Plane, Floats]] = field(default_factory=list, repr=False)

    def add(self, plane: Plane, values: npt.NDArray[np.generic]) -> None:
        """One slice; ``values`` of shape (rows, columns) in the modality's unit. Several at one place count as one (the last)."""
        import cv2

        size = (
            max(2, round(plane.columns * plane.between_columns / self.step)),
            max(2, round(plane.rows * plane.between_rows / self.step)),
        )
        shrinks = plane.between_columns < self.step
        small = cv2.resize(
            values.astype(np.float32), size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        self.slices.append((plane, np.asarray(small, np.float32)))

    @property
    def depths(self) -> Vector:
        """Of the slices, ascending, each once."""
        return np.unique(np.round([plane.depth for plane, _ in self.slices], 2))

    @property
    def widest(self) -> float:
        """The largest step between neighbours, in millimetres."""
        depths = self.depths
        return float(np.diff(depths).max()) if len(depths) > 1 else np.inf

    @property
    def is_volume(self) -> bool:
        """Whether the slices are many and close enough to know what lies between them."""
        depths = self.depths
        return len(depths) >= 5 and depths[-1] - depths[0] >= 20 and self.widest <= _WIDEST

    def grid(self) -> Grid:
        """That which holds all slices."""
        axes = np.stack([self.first.normal, np.array(self.first.down), np.array(self.first.along)])
        corners = np.stack([axes @ np.array(corner) for plane, _ in self.slices for corner in _corners(plane)])
        low, high = corners.min(0), corners.max(0)
        step = self.step
        while np.prod((high - low) / step + 1) > _MOST:
            step *= 1.25
        shape = tuple(int(n) for n in np.floor((high - low) / step + 1.5))
        return Grid(axes, low, step, (shape[0], shape[1], shape[2]))

    def volume(self, grid: Grid) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """The values at the points of ``grid``, and where there are any. What lies between two slices is interpolated."""
        ordered = _once(sorted(self.slices, key=lambda one: one[0].depth))
        depths = np.array([plane.depth for plane, _ in ordered])
        values = np.zeros(grid.shape, np.float32)
        known = np.zeros(grid.shape, bool)
        fitted: dict[int, tuple[Floats, Floats]] = {}
        for k in range(grid.shape[0]):
            at = grid.low[0] + k * grid.step
            right = int(np.clip(np.searchsorted(depths, at), 1, len(depths) - 1)) if len(depths) > 1 else 0
            left = max(0, right - 1)
            for number in [one for one in fitted if one < left]:
                del fitted[number]
            for number in (left, right):
                if number not in fitted:
                    fitted[number] = _fitted(*ordered[number], grid)
            gap = depths[right] - depths[left]
            share = float(np.clip((at - depths[left]) / gap, 0, 1)) if gap > 0 else 0.0
            (a, in_a), (b, in_b) = fitted[left], fitted[right]
            values[k] = (1 - share) * a + share * b
            known[k] = (in_a if share < 0.5 else in_b) > 0.5
        return values, known


def stacked(slices: Iterable[tuple[Plane, npt.NDArray[np.generic]]]) -> list[Stack]:
    """Slices by orientation, in the order in which orientations come."""
    stacks: list[Stack] = []
    for plane, values in slices:
        own = next((stack for stack in stacks if stack.first.is_parallel(plane)), None)
        if own is None:
            own = Stack(plane)
            stacks.append(own)
        own.add(plane, values)
    return stacks


def _corners(plane: Plane) -> list[Vector]:
    right = np.array(plane.along) * plane.between_columns * (plane.columns - 1)
    below = np.array(plane.down) * plane.between_rows * (plane.rows - 1)
    origin = np.array(plane.origin)
    return [origin, origin + right, origin + below, origin + right + below]


def _once(slices: Sequence[tuple[Plane, Floats]]) -> list[tuple[Plane, Floats]]:
    """Of slices at one place, the last."""
    found: list[tuple[Plane, Floats]] = []
    for one in slices:
        if found and abs(found[-1][0].depth - one[0].depth) < 10 * _SAME:
            found[-1] = one
        else:
            found.append(one)
    return found


def _fitted(plane: Plane, small: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """A slice at the grid's points of its own depth: a tilted gantry shifts each slice against the others."""
    import cv2

    rows, columns = small.shape
    across = plane.between_columns * plane.columns / columns
    deep = plane.between_rows * plane.rows / rows
    _, y, x = grid.axes @ np.array(plane.origin)
    # Centres of small pixels lie half a small pixel, less half a large one, from the centre of the first large one.
    x0, y0 = x + (across - plane.between_columns) / 2, y + (deep - plane.between_rows) / 2
    matrix = np.array(
        [
            [grid.step / across, 0, (grid.low[2] - x0) / across],
            [0, grid.step / deep, (grid.low[1] - y0) / deep],
        ]
    )
    size = (grid.shape[2], grid.shape[1])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    values = cv2.warpAffine(small, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.ones_like(small), matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(values, np.float32), np.asarray(inside, np.float32)
