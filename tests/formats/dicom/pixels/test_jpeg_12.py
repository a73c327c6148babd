"""JPEG of 12 bits: read as DCMTK reads it, and written so that only what was painted differs."""

from __future__ import annotations

import io
import zlib
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from deidstream.core.errors import DeidstreamError, Malformed
from deidstream.core.region import Region
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels import jpeg_12
from deidstream.formats.dicom.pixels.module import module
from deidstream.formats.dicom.pixels.picture import DicomPicture

from tests.formats.dicom.files import bundled

_FILE = next(path for path in bundled() if path.name == "JPGExtended.dcm")
_SOURCE = _FILE.read_bytes()
_AS_DCMTK = 1369335493
"""CRC-32 of its samples, little-endian, as dcmdjpeg 3.6.7 writes them."""
_MODULE = module(split(_SOURCE))


def _samples(content: bytes) -> npt.NDArray[np.uint16]:
    return np.frombuffer(DicomPicture(split(content)).words(1), "<u2").reshape(_MODULE.rows, _MODULE.columns)


def _frame(steps: int) -> bytes:
    """As much of a frame as says how it is quantised: all coefficients in ``steps``."""
    table = b"\xff\xdb\x00\x43\x00" + bytes([steps] * 64)
    return b"\xff\xd8" + table + b"\xff\xc1\x00\x0b\x0c\x00\x08\x00\x08\x01\x01\x11\x00" + b"\xff\xda"


def _again(samples: npt.NDArray[np.uint16], steps: int) -> npt.NDArray[np.int64]:
    """Written here, read by GDCM."""
    small = replace(_MODULE, rows=samples.shape[0], columns=samples.shape[1])
    return jpeg_12.decoded(jpeg_12.encoded(samples, _frame(steps), small), small).astype(np.int64)


def test_samples_are_those_that_dcmtk_reads() -> None:
    assert zlib.crc32(_samples(_SOURCE).tobytes()) == _AS_DCMTK


def test_only_the_blocks_of_what_is_painted_change_but_for_rounding() -> None:
    made = DicomPicture(split(_SOURCE)).painted([Region("PixelData", 1, 37, 101, 120, 59)])
    before, after = _samples(_SOURCE).astype(int), _samples(made).astype(int)
    apart = np.abs(before - after)
    outside = np.ones_like(apart, bool)
    outside[96:160, 32:160] = False  # the blocks of 8 by 8 that the rectangle touches
    assert apart[outside].max() <= 2
    assert (apart[outside] == 0).mean() > 0.999
    inside = after[104:152, 40:152]
    assert inside.min() == inside.max() <= 1, "blocks that lie within are even, and as dark as the darkest"
    assert before.min() == 0
    read = pydicom.dcmread(io.BytesIO(made))
    assert read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.51"
    assert read["PixelData"].is_undefined_length


@pytest.mark.parametrize("shape", [(8, 8), (9, 7), (64, 130), (1, 1), (301, 203)])
def test_what_is_written_in_steps_of_one_is_read_as_it_was(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(3).integers(0, 4096, shape).astype(np.uint16)
    edges = (np.indices(shape).sum(axis=0) // 3 % 2 * 4095).astype(np.uint16)
    for samples in (noise, edges, np.full(shape, 4095, np.uint16), np.zeros(shape, np.uint16)):
        apart = np.abs(_again(samples, 1) - samples)
        assert apart.max() <= 2
        assert apart.mean() < 0.2


def test_coarse_steps_leave_runs_of_zeros_longer_than_sixteen() -> None:
    smooth = np.add.outer(np.arange(64) * 30, np.arange(96) * 10).astype(np.uint16)
    high = smooth + (np.indices(smooth.shape).sum(axis=0) % 2 * 400).astype(
        np.uint16
    )  # the last coefficient of each block
    assert np.abs(_again(high, 20) - high).max() <= 80
    assert np.abs(_again(high, 20) - high).mean() < 10


def test_what_is_not_grey_unsigned_or_whole_is_refused() -> None:
    with pytest.raises(Malformed, match="frame-broken"):
        jpeg_12.decoded(b"", replace(_MODULE, signed=True))
    with pytest.raises(Malformed, match="cannot-reencode"):
        jpeg_12.encoded(np.zeros((8, 8), np.uint16), b"\xff\xd8\xff\xda", replace(_MODULE, rows=8, columns=8))
    dataset = pydicom.dcmread(io.BytesIO(_SOURCE))
    (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = pydicom.encaps.encapsulate([frame[:40]])
    dataset["PixelData"].is_undefined_length = True
    out = io.BytesIO()
    dataset.save_as(out)
    with pytest.raises(DeidstreamError, match="frame-broken"):
        DicomPicture(split(out.getvalue())).looks(1)
