"""A series is looked at slice by slice, and then as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from deidstream.core.errors import Unsafe
from deidstream.detection.image.head.body import body_of
from deidstream.detection.image.head.brain import brain_of
from deidstream.detection.image.head.grid import Grid, Plane, Stack
from deidstream.detection.image.head.region import region_of
from deidstream.detection.image.head.verdict import Cut, Verdict

__all__ = ["Seen", "Survey"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_MOST_SLICES = 20_000
_SAMPLES = 24
"""Rows and columns of a slice of which pixels are remembered as they are."""
_POOL = 128
"""Values that stand for the noise of a series."""
_PADDING = -1_100.0
"""Hounsfield units below which nothing was measured: the corners outside of the round field of view."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A volume on its grid, as it was measured (``before``) and as it would be released, for whoever looks for a face.

    ``threshold``: between air and tissue. ``front`` and ``top``: of the patient, in grid axes. ``ruled_out``: whether its header
    says that no face is there, so that nothing would be changed.
    """

    before: Floats = field(repr=False)
    values: Floats = field(repr=False)
    step: float
    threshold: float
    front: npt.NDArray[np.float64] = field(repr=False)
    top: npt.NDArray[np.float64] = field(repr=False)
    ruled_out: bool = False


Look = Callable[[Seen], str]
"""Why a volume may not be released, '' where it may."""


@dataclass(slots=True)
class Survey:
    """Takes slices in any order. ``hounsfield``: whether values are in Hounsfield units."""

    hounsfield: bool
    _stacks: list[Stack] = field(default_factory=list, repr=False)
    _samples: list[list[tuple[Plane, int, int, Floats]]] = field(default_factory=list, repr=False)
    _count: int = 0

    def add(self, plane: Plane, values: Floats) -> None:
        """One slice, ``values`` of shape (rows, columns) in the unit of the series. Raises Unsafe: ``series-too-large``."""
        self._count += 1
        if self._count > _MOST_SLICES:
            raise Unsafe("series-too-large", "series")
        place = next((n for n, one in enumerate(self._stacks) if one.first.is_parallel(plane)), None)
        if place is None:
            place = len(self._stacks)
            self._stacks.append(Stack(plane))
            self._samples.append([])
        self._stacks[place].add(plane, values)
        down, across = max(1, plane.rows // _SAMPLES), max(1, plane.columns // _SAMPLES)
        self._samples[place].append((plane, down, across, values[::down, ::across].astype(np.float32)))

    def verdict(self, look: Look) -> Verdict:
        """What becomes of each slice. ``look`` is asked whether what would be released may be."""
        return Verdict(tuple(self._cut(*one, look) for one in zip(self._stacks, self._samples, strict=True)))

    def absence(self, look: Look) -> Verdict:
        """The same where every header says that no head is there: nothing is cut, and ``look`` is asked whether that can be."""
        return Verdict(tuple(self._kept(stack, look) for stack in self._stacks))

    def _kept(self, stack: Stack, look: Look) -> Cut:
        """What is no volume, or holds nothing as large as a face, shows none."""
        grid = stack.grid()
        if not stack.is_volume:
            return Cut("", grid)
        values, known = stack.volume(grid)
        body = body_of(values, known, grid.step, self.hounsfield)
        if body is None:
            return Cut("", grid)
        front, top = grid.index((0, -1, 0)), grid.index((0, 0, 1))
        return Cut(look(Seen(values, values, grid.step, body.threshold, front, top, ruled_out=True)), grid)

    def _cut(self, stack: Stack, samples: list[tuple[Plane, int, int, Floats]], look: Look) -> Cut:
        grid = stack.grid()
        if not stack.is_volume:
            return Cut("head-unclear", grid)
        values, known = stack.volume(grid)
        body = body_of(values, known, grid.step, self.hounsfield)
        if body is None:
            return Cut("head-unclear", grid)
        brain = brain_of(values, body, grid.step, self.hounsfield)
        if brain is None:
            return Cut("head-unclear", grid)
        front, top = grid.index((0, -1, 0)), grid.index((0, 0, 1))
        region = region_of(values, body, brain, grid.step, front, top)
        if region is None:
            return Cut("head-turned", grid)
        cut = Cut.of(region, grid, *self._pools(samples, grid, region.air, region.filled, body.filled, body.threshold))
        code = look(Seen(values, _carried_out(values, cut), grid.step, body.threshold, front, top))
        return Cut(code, grid) if code else cut

    def _pools(
        self,
        samples: list[tuple[Plane, int, int, Floats]],
        grid: Grid,
        air: Floats,
        filled: Floats,
        inside: Mask,
        threshold: float,
    ) -> tuple[Floats, Floats]:
        """Values of the air around the body, and of the soft tissue behind the cut, as they were measured."""
        outside: list[Floats] = []
        behind: list[Floats] = []
        for plane, down, across, values in samples:
            z, y, x = _points(plane, down, across, values.shape, grid)
            out = ~inside[z, y, x]
            outside.append(values[out & (values < threshold)])
            behind.append(values[(values > threshold) & (filled[z, y, x] < 0) & (filled[z, y, x] > -12) & ~out])
        empty = np.concatenate(outside)
        if self.hounsfield:
            empty = empty[empty > _PADDING]
        soft = np.concatenate(behind)
        if len(soft):
            soft = soft[(soft >= np.percentile(soft, 45)) & (soft <= np.percentile(soft, 75))]
        lowest = -1000.0 if self.hounsfield else float(min((one.min() for *_, one in samples), default=0.0))
        return _pool(empty, lowest), _pool(soft, threshold * 0.5 + 50 if self.hounsfield else 3 * threshold)


def _points(
    plane: Plane, down: int, across: int, shape: tuple[int, ...], grid: Grid
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    first = (grid.axes @ np.array(plane.origin) - grid.low) / grid.step
    rows = first[1] + np.arange(shape[0]) * down * plane.between_rows / grid.step
    columns = first[2] + np.arange(shape[1]) * across * plane.between_columns / grid.step
    limits = grid.shape
    z = np.full(shape, int(np.clip(round(first[0]), 0, limits[0] - 1)))
    y = np.clip(np.rint(rows).astype(np.int64), 0, limits[1] - 1)[:, None] + np.zeros(shape, np.int64)
    x = np.clip(np.rint(columns).astype(np.int64), 0, limits[2] - 1)[None, :] + np.zeros(shape, np.int64)
    return z, y, x


def _pool(values: Floats, otherwise: float) -> Floats:
    """Quantiles, so that drawing from them gives the distribution."""
    if len(values) < 50:
        return np.array([otherwise], np.float32)
    return np.quantile(values, np.linspace(0.005, 0.995, _POOL)).astype(np.float32)


def _carried_out(values: Floats, cut: Cut) -> Floats:
    """The volume as it will be released, on its grid."""
    assert cut.air is not None
    assert cut.filled is not None
    out = values.copy()
    out[cut.filled > 0] = np.median(cut.tissue)
    out[cut.air > 0] = np.median(cut.background)
    return out
