"""What stands behind the pixels that are looked at, where nobody looks: no instance with it counts as examined."""

from __future__ import annotations

import io
import struct

import numpy as np
import pydicom
import pytest
from deidstream.core.errors import Malformed
from deidstream.core.policy import Dicom
from deidstream.detection.fields.dicom.pixels import EXAMINED, refusal
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.picture import DicomPicture
from deidstream.formats.dicom.pixels.streams import left_over
from openjpeg.utils import encode_array
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from tests.formats.dicom.files import bundled, report, written
from tests.formats.dicom.pictures import instance, speckle

_COMPRESSED = (JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless, RLELossless)


def _frame(syntax: str, seed: int = 1) -> bytes:
    picture = speckle(64, 64, seed)
    if syntax == JPEGBaseline8Bit:
        out = io.BytesIO()
        Image.fromarray(picture).save(out, "JPEG", comment=b"Quiltrane")
        return out.getvalue()
    if syntax == JPEG2000Lossless:
        return bytes(encode_array(picture, bits_stored=8))
    made = pydicom.dcmread(io.BytesIO(instance(picture, syntax)))
    return next(generate_frames(made.PixelData, number_of_frames=1))


def _encapsulated(syntax: str, *fragments: bytes) -> bytes:
    made = pydicom.dcmread(io.BytesIO(instance(speckle(64, 64))))
    made.PixelData = encapsulate(list(fragments), has_bot=False)
    made["PixelData"].is_undefined_length = True
    return written(made, syntax)


@pytest.mark.parametrize("more", [b"Quiltrane^Ada ", b"\0\0Q\0"])
def test_native_pixels_beyond_the_frames_are_refused(more: bytes) -> None:
    made = pydicom.dcmread(io.BytesIO(instance(speckle(64, 64))))
    made.PixelData += b"\0\0"
    DicomPicture(split(written(made)))  # padding
    made.PixelData += more
    with pytest.raises(Malformed, match="pixels-left-over"):
        DicomPicture(split(written(made)))


@pytest.mark.parametrize("syntax", _COMPRESSED)
def test_what_stands_behind_the_end_of_a_compressed_frame_is_refused(syntax: str) -> None:
    frame = _frame(syntax)
    assert DicomPicture(split(_encapsulated(syntax, frame))).looks(1)
    for more in (b"Quiltrane^Ada ", _frame(syntax, 2)):
        with pytest.raises(Malformed, match="pixels-left-over"):
            DicomPicture(split(_encapsulated(syntax, frame + more))).looks(1)
        with pytest.raises(Malformed, match="pixels-left-over"):  # a fragment of its own is of the same frame
            DicomPicture(split(_encapsulated(syntax, frame + b"\0" * (len(frame) % 2), more))).looks(1)


def test_run_lengths_that_say_more_than_the_pixels_are_left_over() -> None:
    head = struct.pack("<16I", 1, 64, *[0] * 14)
    assert not left_over(head + b"\xfd\7\0", 4)  # four times seven, and padding
    assert not left_over(head + b"\x03abcd", 4)
    assert left_over(head + b"\x08abcdQuill", 4)
    assert left_over(head + b"\x03abcd\x03Quil", 4)
    assert left_over(struct.pack("<16I", 1, 68, *[0] * 14) + b"Quil\xfd\7", 4)
    assert left_over(struct.pack("<16I", 1, 64, 77, *[0] * 13) + b"\xfd\7", 4)


def test_of_what_pydicom_brings_along_only_garbage_is_left_over() -> None:
    found = set()
    for path in bundled():
        try:
            picture = DicomPicture(split(path.read_bytes()))
            picture.looks(1)
        except Malformed as error:
            found |= {path.name} if error.code == "pixels-left-over" else set()
        except Exception:  # noqa: BLE001, S112 - what else is wrong with it, others test
            continue
    assert found == {"badVR.dcm"}  # 400 bytes of pixels, and 5,600 of somebody's memory


def test_an_instance_with_two_kinds_of_pixels_is_refused() -> None:
    made = pydicom.dcmread(io.BytesIO(instance(speckle(64, 64))))
    one = split(written(made))
    made.FloatPixelData = np.zeros((64, 64), np.float32).tobytes()
    two = split(written(made, ExplicitVRLittleEndian))
    assert refusal(one, Dicom(pixels="examine"), EXAMINED) == ""
    assert refusal(two, Dicom(pixels="examine"), EXAMINED) == "pixels-left-over"
    assert refusal(split(written(report())), Dicom(pixels="examine"), EXAMINED) == ""
