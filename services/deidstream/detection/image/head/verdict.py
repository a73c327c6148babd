"""What was found about the heads of a series, small enough to be stored, and what it says of each slice."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from deidstream.core.errors import Malformed
from deidstream.detection.image.head.grid import Grid, Plane
from deidstream.detection.image.head.region import Region

__all__ = ["AIR", "FILLED", "KEPT", "Cut", "Verdict"]

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]

KEPT, AIR, FILLED = 0, 1, 2
_SCALE = 6.0
"""Steps a millimetre in which distances are stored."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What becomes of one stack of parallel slices: distances on its grid, and values that air and tissue have in this series.

    Without distances nothing is cut: ``code`` says why. '' means that no face is there; anything else that nobody knows.
    """

    code: str
    grid: Grid
    air: npt.NDArray[np.int8] | None = field(default=None, repr=False)
    filled: npt.NDArray[np.int8] | None = field(default=None, repr=False)
    background: Floats = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)
    tissue: Floats = field(default_factory=lambda: np.zeros(0, np.float32), repr=False)

    @classmethod
    def of(cls, region: Region, grid: Grid, background: Floats, tissue: Floats) -> Cut:
        """That which ``region`` says."""
        air, filled = (np.rint(one * _SCALE).astype(np.int8) for one in (region.air, region.filled))
        return cls("", grid, air, filled, background, tissue)

    def covers(self, plane: Plane) -> bool:
        """Whether ``plane`` is one of these slices, or lies between them."""
        axes = np.stack([plane.normal, np.array(plane.down), np.array(plane.along)])
        if np.abs(axes - self.grid.axes).max() > 0.02:
            return False
        low, high = _extent(plane, self.grid)
        limit = np.array(self.grid.shape) - 1
        return bool((low >= -1.0).all() and (high <= limit + 1.0).all())

    def labels(self, plane: Plane) -> Labels:
        """What becomes of each pixel of a slice that it covers: KEPT, AIR or FILLED; shape (rows, columns)."""
        if self.air is None or self.filled is None:
            return np.zeros((plane.rows, plane.columns), np.uint8)
        air, filled = self._at(self.air, plane), self._at(self.filled, plane)
        return np.where(air > 0, AIR, np.where(filled > 0, FILLED, KEPT)).astype(np.uint8)

    def _at(self, distances: npt.NDArray[np.int8], plane: Plane) -> Floats:
        import cv2

        z, y, x = (self.grid.axes @ np.array(plane.origin) - self.grid.low) / self.grid.step
        z = float(np.clip(z, 0, self.grid.shape[0] - 1))
        below = int(z)
        above = min(below + 1, self.grid.shape[0] - 1)
        share = z - below
        flat = (1 - share) * distances[below].astype(np.float32) + share * distances[above].astype(np.float32)
        matrix = np.array(
            [
                [plane.between_columns / self.grid.step, 0, x],
                [0, plane.between_rows / self.grid.step, y],
            ]
        )
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        made = cv2.warpAffine(flat, matrix, (plane.columns, plane.rows), flags=how, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(made, np.float32)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One cut for each orientation of a series."""

    cuts: tuple[Cut, ...]

    @property
    def is_absence(self) -> bool:
        """Whether no face is there, of all that could be looked at."""
        return all(cut.air is None and not cut.code for cut in self.cuts)

    def cut_of(self, plane: Plane) -> Cut | None:
        """That of the stack in which ``plane`` lies; None where it lies outside of what was looked at."""
        return next((cut for cut in self.cuts if cut.covers(plane)), None)

    def to_bytes(self) -> bytes:
        """For the shelf; content, to be sealed."""
        return b"".join(_section(part) for cut in self.cuts for part in _parts(cut))

    @classmethod
    def from_bytes(cls, data: bytes) -> Verdict:
        """The inverse. Raises Malformed (``verdict-broken``)."""
        try:
            parts = _sections(data)
            return cls(tuple(_cut(parts[n : n + 5]) for n in range(0, len(parts), 5)))
        except (zlib.error, ValueError, LookupError):
            raise Malformed("verdict-broken", "series") from None


def _extent(plane: Plane, grid: Grid) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """First and last pixel in grid points."""
    first = (grid.axes @ np.array(plane.origin) - grid.low) / grid.step
    size = [0.0, (plane.rows - 1) * plane.between_rows, (plane.columns - 1) * plane.between_columns]
    return first, first + np.array(size) / grid.step


def _parts(cut: Cut) -> Sequence[bytes]:
    grid = cut.grid
    said = {
        "code": cut.code,
        "axes": grid.axes.tolist(),
        "low": grid.low.tolist(),
        "step": grid.step,
        "shape": grid.shape,
    }
    arrays = (cut.air, cut.filled, cut.background.astype("<f4"), cut.tissue.astype("<f4"))
    return (json.dumps(said).encode(), *(b"" if one is None else one.tobytes() for one in arrays))


def _cut(parts: Sequence[bytes]) -> Cut:
    said = json.loads(parts[0])
    shape = tuple(said["shape"])
    grid = Grid(np.array(said["axes"]), np.array(said["low"]), said["step"], shape)
    air, filled = (np.frombuffer(part, np.int8).reshape(shape) if part else None for part in parts[1:3])
    background, tissue = (np.frombuffer(part, "<f4").astype(np.float32) for part in parts[3:5])
    return Cut(said["code"], grid, air, filled, background, tissue)


def _section(data: bytes) -> bytes:
    packed = zlib.compress(data, 6)
    return len(packed).to_bytes(4, "big") + packed


def _sections(data: bytes) -> list[bytes]:
    out, position = [], 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        out.append(zlib.decompress(data[position + 4 : position + 4 + size]))
        position += 4 + size
    return out
