"""Pictures of one bit a pixel, as pydicom reads them; frames begin anywhere within a byte."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from deidstream.core.errors import Malformed
from deidstream.core.region import Region
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.picture import DicomPicture
from pydicom.pixels import pixel_array
from pydicom.pixels.utils import pack_bits
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.formats.dicom.files import report, written
from tests.formats.dicom.pictures import drawn

_FRAMES = np.random.default_rng(4).integers(0, 2, (5, 13, 7)).astype(np.uint8)  # 91 bits each
_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def segmentation(
    frames: npt.NDArray[np.uint8], syntax: str = ExplicitVRLittleEndian, vr: str = "OB", **attributes: object
) -> bytes:
    made = report(SOPClassUID=_SEGMENTATION, Modality="SEG")
    made.NumberOfFrames, made.Rows, made.Columns = frames.shape
    made.SamplesPerPixel, made.PhotometricInterpretation, made.PixelRepresentation = 1, "MONOCHROME2", 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 1, 1, 0
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    packed = bytearray(pack_bits(frames.ravel(), pad=True))
    packed[-1] |= 0x80 if frames.size % 8 else 0  # behind the last bit something stands
    made.PixelData = bytes(packed) if syntax != ExplicitVRBigEndian or vr == "OB" else _swapped(bytes(packed))
    made["PixelData"].VR = vr
    return written(made, syntax)


def _swapped(value: bytes) -> bytes:
    return np.frombuffer(value, "<u2").byteswap().tobytes()


def _value(content: bytes) -> bytes:
    return bytes(pydicom.dcmread(io.BytesIO(content)).PixelData)


_KINDS = [
    (ExplicitVRLittleEndian, "OB"),
    (ExplicitVRLittleEndian, "OW"),
    (ImplicitVRLittleEndian, "OW"),
    (DeflatedExplicitVRLittleEndian, "OB"),
    (ExplicitVRBigEndian, "OB"),
]


@pytest.mark.parametrize(("syntax", "vr"), _KINDS)
@pytest.mark.parametrize("frame", [1, 2, 5])
def test_only_the_bits_of_what_is_painted_change(syntax: str, vr: str, frame: int) -> None:
    source = segmentation(_FRAMES, syntax, vr)
    made = DicomPicture(split(source)).painted([Region("PixelData", frame, 1, 2, 4, 9)])
    expected = _FRAMES.copy()
    expected[frame - 1, 2:11, 1:5] = 0
    assert np.array_equal(pixel_array(pydicom.dcmread(io.BytesIO(made))), expected)
    assert len(_value(made)) == len(_value(source))
    assert _value(made)[-1] == _value(source)[-1], "what stands behind the last bit stays"


def test_words_of_big_endian_files_are_turned_as_a_whole() -> None:
    source = segmentation(_FRAMES, ExplicitVRBigEndian, "OW")
    made = DicomPicture(split(source)).painted([Region("PixelData", 3, 0, 0, 7, 13)])
    expected = _FRAMES.copy()
    expected[2] = 0
    bits = np.unpackbits(np.frombuffer(_swapped(_value(made)), np.uint8), bitorder="little")
    assert np.array_equal(bits[: expected.size], expected.ravel())


def test_each_frame_looks_as_it_is_however_little_is_drawn_in_it() -> None:
    little = drawn(np.zeros((400, 400), np.uint8), {(20, 20): "a"}, 16) > 128
    assert 0 < little.mean() < 0.001
    (look,) = DicomPicture(split(segmentation(np.stack([~little, little]).astype(np.uint8)))).looks(2)
    assert np.array_equal(look[:, :, 0] == 255, little)
    assert set(np.unique(look)) == {0, 255}


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"NumberOfFrames": 6}, "pixels-truncated"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "pixel-format-unsupported"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "pixel-format-unsupported"),
        ({"PixelRepresentation": 1}, "pixel-format-unsupported"),
        ({"BitsStored": 8}, "pixel-module-broken"),
    ],
)
def test_what_no_such_picture_can_be_is_refused(attributes: dict[str, object], code: str) -> None:
    with pytest.raises(Malformed, match=code):
        DicomPicture(split(segmentation(_FRAMES, **attributes)))
