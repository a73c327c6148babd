"""Volumes of heads, and variants of them: what scanners and archives do to geometry."""

from __future__ import annotations

import gzip
import os
import plistlib
import struct
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from deidstream.detection.image.head.grid import Plane
from scipy import ndimage

Floats = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float64]
CACHE = Path(__file__).parents[3] / ".cache" / "volumes"
SHARED = Path(os.environ.get("CORPUS") or Path(__file__).parents[4] / "shared" / "data") / "volumes"


@dataclass(frozen=True, slots=True)
class Volume:
    """``values`` by slice, row and column; ``axes``: of these in the patient (LPS), one a row; ``spacing`` (mm) along them.

    ``inside``: the voxels within the skull, as somebody else found them. ``shift``: of each slice along its columns (tilted
    gantry). ``said``: the axes as a header has them that is wrong.
    """

    name: str
    values: Floats = field(repr=False)
    spacing: tuple[float, float, float]
    hounsfield: bool
    threshold: float
    inside: npt.NDArray[np.bool_] = field(repr=False)
    axes: Vector = field(default_factory=np.eye(3)[::-1].copy, repr=False)
    shift: float = 0.0
    said: Vector | None = field(default=None, repr=False)

    def planes(self) -> Iterator[Plane]:
        """Of the slices, in order, as the header has them."""
        axes = self.axes if self.said is None else self.said
        for k in range(len(self.values)):
            origin = axes[0] * k * self.spacing[0] + axes[1] * k * self.shift
            yield Plane(
                (float(origin[0]), float(origin[1]), float(origin[2])),
                (float(axes[2][0]), float(axes[2][1]), float(axes[2][2])),
                (float(axes[1][0]), float(axes[1][1]), float(axes[1][2])),
                self.spacing[1],
                self.spacing[2],
                self.values.shape[1],
                self.values.shape[2],
            )

    def towards(self, direction: tuple[float, float, float]) -> Vector:
        """A direction of the patient in axes of the volume."""
        return np.asarray(self.axes @ np.array(direction))


def headsq() -> Volume:
    """The shared CT: 64 x 64 x 93, the top slice first, Hounsfield units and 1024."""
    folder = SHARED / "headsq"
    slices = [np.fromfile(folder / f"quarter.{n}", "<i2").reshape(64, 64) for n in range(93, 0, -1)]
    values = np.stack(slices).astype(np.float32) - 1024
    return Volume("headsq", values, (1.5, 3.2, 3.2), True, -300, _cavity(values, (1.5, 3.2, 3.2)))


def colin() -> Volume:
    """The 1 mm MRI of mricron-data, and its brain as BET found it."""
    folder = CACHE / "mricron-data" / "usr" / "share" / "mricron" / "templates"
    values, brain = (_nifti(folder / f"{name}.nii.gz")[:, ::-1, ::-1].copy() for name in ("ch2", "ch2bet"))
    return Volume("mricron", values, (1, 1, 1), False, 40, brain > 0)


def cranium() -> Volume:
    """A CT of invesalius-examples, that nothing was tuned to."""
    path = CACHE / "invesalius-examples/usr/share/doc/invesalius-examples/examples/Cranium.inv3"
    with tarfile.open(path) as archive:
        files = {Path(one.name).name: one for one in archive.getmembers() if one.isfile()}
        said = plistlib.loads(_read(archive, files["main.plist"]))
        raw = np.frombuffer(_read(archive, files["matrix.dat"]), "<i2").reshape(said["matrix"]["shape"])
    x, y, z = map(float, said["spacing"])
    values = raw[:, ::-1].astype(np.float32)
    return Volume("cranium", values, (z, y, x), True, -300, _cavity(values, (z, y, x)))


def variants(one: Volume) -> Iterator[Volume]:
    """The same head as other scanners and archives would have it."""
    yield _turned(one, (2, 0, 1), "sagittal")
    yield _turned(one, (1, 0, 2), "coronal")
    yield _flipped(one, (0,), "from the top")
    yield _flipped(one, (1, 2), "mirrored twice")
    yield _tilted(one, 0.3)
    thick = max(1, round(5 / one.spacing[0]))
    yield replace(
        one,
        name=f"{one.name}, 5 mm",
        values=one.values[::thick],
        inside=one.inside[::thick],
        spacing=(one.spacing[0] * thick, *one.spacing[1:]),
    )
    noise = np.random.default_rng(7).normal(0, 30 if one.hounsfield else 6, one.values.shape).astype(np.float32)
    yield replace(one, name=f"{one.name}, noise", values=one.values + noise)
    part = len(one.values) // 4
    yield replace(one, name=f"{one.name}, lower part", values=one.values[:-part], inside=one.inside[:-part])
    yield _swung(one, 20)
    for name, turn in _WRONG.items():
        yield replace(one, name=f"{one.name}, header {name}", said=one.axes @ np.array(turn))


_WRONG = {
    "upside down": [[-1, 0, 0], [0, 1, 0], [0, 0, -1]],
    "on its face": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "on its side": [[0, 1, 0], [1, 0, 0], [0, 0, -1]],
    "on its other side": [[0, 1, 0], [-1, 0, 0], [0, 0, 1]],
    "backwards": [[-1, 0, 0], [0, -1, 0], [0, 0, 1]],
}
"""Of x, y and z of the patient."""


def _turned(one: Volume, order: tuple[int, int, int], name: str) -> Volume:
    spacing = tuple(one.spacing[n] for n in order)
    return replace(
        one,
        name=f"{one.name}, {name}",
        values=np.ascontiguousarray(one.values.transpose(order)),
        inside=np.ascontiguousarray(one.inside.transpose(order)),
        spacing=(spacing[0], spacing[1], spacing[2]),
        axes=one.axes[list(order)],
    )


def _flipped(one: Volume, which: tuple[int, ...], name: str) -> Volume:
    axes = one.axes.copy()
    axes[list(which)] *= -1
    values, inside = np.flip(one.values, which).copy(), np.flip(one.inside, which).copy()
    return replace(one, name=f"{one.name}, {name}", values=values, inside=inside, axes=axes)


def _tilted(one: Volume, slope: float) -> Volume:
    """Each slice begins ``slope`` times its height further back, and shows what is there."""
    shift = slope * one.spacing[0]
    room = ((0, 0), (int(len(one.values) * shift / one.spacing[1]) + 1, 0), (0, 0))

    def sheared(values: npt.NDArray[np.generic]) -> Floats:
        moved = [
            ndimage.shift(slice_.astype(np.float32), (-k * shift / one.spacing[1], 0), order=1, mode="nearest")
            for k, slice_ in enumerate(np.pad(values, room, mode="edge"))
        ]
        return np.stack(moved)

    return replace(
        one,
        name=f"{one.name}, gantry tilted",
        values=sheared(one.values),
        inside=sheared(one.inside) > 0.5,
        shift=shift,
    )


def _swung(one: Volume, degrees: float) -> Volume:
    """The head turned to the side, which no header says."""
    turned = ndimage.rotate(one.values, degrees, axes=(1, 2), reshape=False, order=1, mode="nearest")
    inside = ndimage.rotate(one.inside.astype(np.float32), degrees, axes=(1, 2), reshape=False, order=1) > 0.5
    return replace(one, name=f"{one.name}, turned {degrees:g} degrees", values=turned, inside=inside)


def _cavity(values: Floats, spacing: tuple[float, float, float]) -> npt.NDArray[np.bool_]:
    """What bone encloses in the slices of a CT, opened so that it ends at the openings of the skull; largest piece."""
    bone = values > 250
    closed = np.stack(
        [ndimage.binary_closing(np.pad(one, 9), iterations=round(12 / spacing[1]))[9:-9, 9:-9] for one in bone]
    )
    inner = np.stack([ndimage.binary_fill_holes(one) for one in closed]) & ~closed & (values > -50) & (values < 100)
    inner = ndimage.binary_opening(inner, iterations=max(1, round(6 / spacing[1])))
    labels, count = ndimage.label(inner)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(labels == int(sizes.argmax()))


def _nifti(path: Path) -> Floats:
    """Voxels by (z, y, x), to the left-posterior... as NIfTI-1 has them: x to the right, y to the front, z up."""
    data = gzip.decompress(path.read_bytes())
    order = "<" if struct.unpack("<i", data[:4])[0] == 348 else ">"
    size = struct.unpack(order + "8h", data[40:56])
    kind = {2: "u1", 4: "i2", 16: "f4"}[struct.unpack(order + "h", data[70:72])[0]]
    start = int(struct.unpack(order + "f", data[108:112])[0])
    count = size[1] * size[2] * size[3]
    flat = np.frombuffer(data, np.dtype(kind).newbyteorder(order), count, start)
    return flat.reshape(size[3], size[2], size[1]).astype(np.float32)


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()
