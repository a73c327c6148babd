"""Overlay planes: how they look, and how parts of them are cleared."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from deidstream.core.region import Region
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.overlays import overlays
from deidstream.formats.dicom.pixels.picture import DicomPicture
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, RLELossless

from tests.formats.dicom.files import written
from tests.formats.dicom.pictures import instance, speckle

_DRAWN = np.zeros((2, 13, 11), np.uint8)  # 143 bits a frame: the second begins within a byte
_DRAWN[0, 2:5, 3:9] = 1
_DRAWN[1, 1:12, 5] = 1
_DRAWN[1, 6, 1:10] = 1


def _with(drawn: np.ndarray, syntax: str = ExplicitVRLittleEndian, group: int = 0x6002, **more: object) -> bytes:
    made = pydicom.dcmread(io.BytesIO(instance(speckle(32, 32), RLELossless if syntax == RLELossless else syntax)))
    bits = np.packbits(drawn.reshape(-1), bitorder="little").tobytes()
    bits += b"\0" * (len(bits) % 2)
    if syntax == ExplicitVRBigEndian:
        bits = np.frombuffer(bits, "<u2").byteswap().tobytes()
    _element(made, group, 0x10, "US", drawn.shape[1])
    _element(made, group, 0x11, "US", drawn.shape[2])
    _element(made, group, 0x15, "IS", drawn.shape[0])
    _element(made, group, 0x40, "CS", "G")
    _element(made, group, 0x50, "SS", [1, 1])
    _element(made, group, 0x100, "US", more.get("allocated", 1))
    _element(made, group, 0x102, "US", 0)
    _element(made, group, 0x3000, "OW", more.get("data", bits))
    return written(made, syntax)


def _element(made: Dataset, group: int, number: int, vr: str, value: object) -> None:
    made.add_new(group << 16 | number, vr, value)


def _drawings(content: bytes) -> list[tuple[str, int, np.ndarray]]:
    return [(element, frame, look[:, :, 0] // 255) for element, frame, look in DicomPicture(split(content)).drawings()]


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_each_frame_of_an_overlay_is_drawn_and_loses_what_is_in_a_rectangle_and_no_more(syntax: str) -> None:
    content = _with(_DRAWN, syntax)
    found = _drawings(content)
    assert [(element, frame) for element, frame, _ in found] == [("OverlayData(6002,3000)", n) for n in (1, 2)]
    assert np.array_equal([look for *_, look in found], _DRAWN)
    made = DicomPicture(split(content)).painted([Region("OverlayData(6002,3000)", 2, 0, 0, 11, 5)])
    [(_, _, first), (_, _, second)] = _drawings(made)
    assert np.array_equal(first, _DRAWN[0])
    assert not second[:5].any()
    assert np.array_equal(second[5:], _DRAWN[1, 5:])
    assert pydicom.dcmread(io.BytesIO(made)).PixelData == pydicom.dcmread(io.BytesIO(content)).PixelData
    assert sum(a != b for a, b in zip(content, made, strict=True)) <= 4


def test_pixels_and_overlays_are_painted_together() -> None:
    regions = [Region("PixelData", 1, 0, 0, 8, 8), Region("OverlayData(6002,3000)", 1, 0, 0, 11, 13)]
    made = DicomPicture(split(_with(_DRAWN))).painted(regions)
    assert [frame for _, frame, _ in _drawings(made)] == [2], "what is empty is not looked at"
    assert len(np.unique(pydicom.dcmread(io.BytesIO(made)).pixel_array[:8, :8])) == 1


def test_a_rectangle_of_an_overlay_that_has_gone_is_of_no_concern() -> None:
    content = instance(speckle(32, 32))
    assert DicomPicture(split(content)).painted([Region("OverlayData(6002,3000)", 1, 0, 0, 9, 9)]) == content


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"allocated": 16}, "its bits stood in the pixels"),
        ({"data": b"\0" * 20}, "bits are missing"),
        ({"data": b"\0" * 60}, "something stands behind them"),
        ({"data": b"Quiltrane, Adabel, born 12 March 194"}, "letters are no pixels"),
    ],
)
def test_an_overlay_whose_bits_cannot_all_be_seen_is_none(more: dict[str, object], why: str) -> None:
    assert overlays(split(_with(_DRAWN, **more))) == [], why
    assert len(overlays(split(_with(_DRAWN)))) == 1
