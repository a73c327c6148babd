"""Frames read as pydicom reads them, and written so that only what was painted differs."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from deidstream.core.errors import DeidstreamError, Malformed
from deidstream.core.region import Region
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.picture import DicomPicture
from pydicom.pixels import pixel_array
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from tests.formats.dicom.files import bundled
from tests.formats.dicom.pictures import instance, speckle

_FILES = {path.name: path for path in bundled()}
_EXACT = [
    "CT_small.dcm",  # signed, 16 bits
    "ExplVR_BigEnd.dcm",  # RGB by plane, 8 bits
    "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jls_lossy_line.dcm",
    "SC_rgb_rle_16bit_2frame.dcm",
    "SC_rgb_jpeg_gdcm.dcm",  # JPEG lossless
    "SC_rgb_small_odd.dcm",
    "SC_rgb_small_odd_big_endian.dcm",
    "examples_palette.dcm",
    "image_dfl.dcm",  # deflated
    "rtdose_expb.dcm",  # 32 bits, 15 frames
]
_JPEG_2000 = ["693_J2KI.dcm", "GDCMJ2K_TextGBR.dcm", "MR_small_jp2klossless.dcm", "JPEG2000.dcm", "SC_rgb_gdcm_KY.dcm"]
_LOSSY = [
    "SC_jpeg_no_color_transform.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "examples_ybr_color.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
]


def _picture(path: Path) -> DicomPicture:
    return DicomPicture(split(path.read_bytes()))


def _read(content: bytes) -> np.ndarray:
    """By pydicom alone; frames first."""
    dataset = pydicom.dcmread(io.BytesIO(content))
    made = pixel_array(dataset, raw=True)
    return made if int(dataset.get("NumberOfFrames") or 1) > 1 else made[None]


def _painted(path: Path) -> tuple[np.ndarray, np.ndarray, Region]:
    """The last frame before and after, with a quarter of it painted over."""
    picture = _picture(path)
    module = picture.module
    region = Region("PixelData", picture.frames, 0, 0, max(1, module.columns // 2), max(1, module.rows // 2))
    after = picture.painted([region])
    return _read(path.read_bytes()), _read(after), region


@pytest.mark.parametrize("name", _EXACT)
def test_what_is_outside_of_what_was_painted_keeps_its_value_and_the_rest_is_one_value(name: str) -> None:
    before, after, region = _painted(_FILES[name])
    inside = after[-1, : region.height, : region.width]
    assert (inside == inside[0, 0]).all()
    assert np.array_equal(before[:-1], after[:-1])
    assert np.array_equal(before[-1, region.height :], after[-1, region.height :])
    assert np.array_equal(before[-1, :, region.width :], after[-1, :, region.width :])


@pytest.mark.parametrize("name", ["MR_small_RLE.dcm", "SC_rgb_jpeg_gdcm.dcm", "693_J2KI.dcm", "SC_rgb_jpeg_dcmtk.dcm"])
def test_compressed_pixels_that_were_painted_have_no_length_but_an_end(name: str) -> None:
    """PS3.5, A.4: DCMTK refuses anything else."""
    made = _picture(_FILES[name]).painted([Region("PixelData", 1, 8, 4, 20, 10)])
    assert pydicom.dcmread(io.BytesIO(made))["PixelData"].is_undefined_length


@pytest.mark.parametrize("name", _JPEG_2000)
def test_jpeg_2000_is_written_anew_without_loss(name: str) -> None:
    """pydicom's own decoders of it are not installed: read by the library behind them."""
    picture = _picture(_FILES[name])
    module = picture.module
    region = Region("PixelData", 1, 8, 4, module.columns // 2, module.rows // 2)
    again = DicomPicture(split(picture.painted([region])))
    (before,), (after,) = picture.looks(1)[:1], again.looks(1)[:1]
    assert after.shape == before.shape
    made = pydicom.dcmread(io.BytesIO(picture.painted([region])))
    assert made.file_meta.TransferSyntaxUID == module.syntax
    assert np.ptp(after[4 : 4 + region.height, 8 : 8 + region.width].reshape(-1, 3), axis=0).max() == 0
    if module.samples == 3:  # grey values are scaled anew when the range changes
        assert np.array_equal(before[region.height + 4 :], after[region.height + 4 :])


@pytest.mark.parametrize("name", _LOSSY)
def test_lossy_jpeg_differs_outside_by_a_step_or_two_at_most_in_nearly_all_pixels(name: str) -> None:
    before, after, region = _painted(_FILES[name])
    apart = np.abs(before[-1].astype(int) - after[-1].astype(int)).max(axis=2)
    outside = apart[region.height + 16 :, region.width + 16 :]  # beyond the blocks that the rectangle ends in
    assert (outside <= 2).mean() > 0.99
    assert np.array_equal(before[:-1], after[:-1]), "other frames are not compressed again"


def test_frames_that_are_not_painted_keep_their_bytes() -> None:
    frames = np.stack([speckle(seed=seed) for seed in range(4)])
    source = instance(frames, RLELossless)
    made = DicomPicture(split(source)).painted([Region("PixelData", 3, 10, 10, 50, 20)])
    before, after = (
        list(pydicom.encaps.generate_frames(pydicom.dcmread(io.BytesIO(one)).PixelData, number_of_frames=4))
        for one in (source, made)
    )
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, False, True]


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless, JPEGLSLossless]
)
@pytest.mark.parametrize("kind", ["u1", "u2", "i2"])
def test_syntaxes_and_kinds_of_samples(syntax: str, kind: str) -> None:
    frames = speckle(64, 96).astype(kind) * (1 if kind == "u1" else 20) - (0 if kind[0] == "u" else 600)
    frames = frames.astype(kind)
    made = DicomPicture(split(instance(frames, syntax))).painted([Region("PixelData", 1, 5, 6, 20, 30)])
    expected = frames.copy()
    expected[6:36, 5:25] = frames.min()
    assert np.array_equal(_read(made)[0], expected)


def test_a_frame_looks_as_its_window_says_and_in_full_range_where_that_hides_something() -> None:
    frame = np.full((64, 64), 100, np.uint16)
    frame[:8], frame[8:16] = 4000, 3000  # beyond the window both are white
    shown, whole = DicomPicture(split(instance(frame, WindowCenter="100", WindowWidth="100"))).looks(1)
    assert shown[0, 0, 0] == shown[8, 0, 0] == 255
    assert whole[0, 0, 0] != whole[8, 0, 0]
    assert shown[63, 0].tolist() == [127, 127, 127]


def test_extended_offsets_are_replaced_when_frames_move() -> None:
    frames = np.stack([speckle(seed=seed) for seed in range(3)])
    dataset = pydicom.dcmread(io.BytesIO(instance(frames, RLELossless)))
    values = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=3))
    dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = (
        pydicom.encaps.encapsulate_extended(values)
    )
    out = io.BytesIO()
    dataset.save_as(out)
    made = DicomPicture(split(out.getvalue())).painted([Region("PixelData", 1, 0, 0, 320, 100)])
    read = pydicom.dcmread(io.BytesIO(made))
    assert "ExtendedOffsetTable" not in read
    assert np.array_equal(pixel_array(read)[1:], frames[1:])


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"Rows": 60_000, "Columns": 60_000}, "pixels-too-large"),
        ({"NumberOfFrames": 1_000_000}, "pixels-too-large"),
        ({"NumberOfFrames": 2}, "pixels-truncated"),
        ({"Rows": 0}, "pixel-module-broken"),
        ({"BitsStored": 12}, "pixel-module-broken"),
        ({"PhotometricInterpretation": "CMYK"}, "pixel-format-unsupported"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "pixel-format-unsupported"),
    ],
)
def test_what_contradicts_itself_or_is_too_large_is_refused_before_anything_is_decoded(
    attributes: dict[str, object], code: str
) -> None:
    with pytest.raises(Malformed, match=code):
        DicomPicture(split(instance(speckle(16, 16), **attributes)))


def test_a_frame_that_is_cut_short_is_refused_by_every_decoder() -> None:
    for name in (
        "MR_small_RLE.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_jp2klossless.dcm",
    ):
        dataset = pydicom.dcmread(_FILES[name])
        (frame,) = pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)
        dataset.PixelData = pydicom.encaps.encapsulate([frame[: len(frame) // 2 // 2 * 2]])
        dataset["PixelData"].is_undefined_length = True
        out = io.BytesIO()
        dataset.save_as(out)
        with pytest.raises(DeidstreamError, match="frame-broken"):
            DicomPicture(split(out.getvalue())).looks(1)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_bits_outside_of_the_samples_of_compressed_frames_are_looked_at_too(syntax: str) -> None:
    words = speckle(64, 64).astype("<u2")
    words[10:20, 10:30] |= 1 << 13
    stated = pydicom.dcmread(io.BytesIO(instance(words, syntax, kind="ct")))
    stated.BitsStored, stated.HighBit = 12, 11
    out = io.BytesIO()
    stated.save_as(out)
    picture = DicomPicture(split(out.getvalue()))
    [extra] = [one for one in picture.looks(1) if set(np.unique(one).tolist()) <= {0, 255}]
    assert np.array_equal(extra[:, :, 0] == 255, words >> 13 != 0)


@pytest.mark.parametrize(
    ("signed", "bit", "high"), [(False, 13, 11), (True, 14, 11), (False, 2, 15), (False, None, 11), (True, None, 11)]
)
def test_what_stands_in_bits_outside_of_the_samples_is_looked_at_and_goes_with_what_is_painted(
    signed: bool, bit: int | None, high: int
) -> None:
    values = speckle(64, 64).astype(np.int32) * (-1 if signed else 1)
    shift = high - 11
    words = ((values << shift) & 0xFFFF).astype(np.uint16)
    overlay = np.zeros((64, 64), bool)
    overlay[10:20, 10:30] = True
    if bit is not None:
        words = np.where(overlay, words ^ (1 << bit), words)
    stored = words.astype("<u2").view("<i2") if signed else words.astype("<u2")
    content = instance(stored, kind="ct", BitsStored=12, HighBit=high, PixelRepresentation=int(signed))
    picture = DicomPicture(split(content))
    extra = [one for one in picture.looks(1) if set(np.unique(one).tolist()) <= {0, 255}]
    assert len(extra) == (bit is not None)
    if bit is not None:
        assert np.array_equal(extra[0][:, :, 0] == 255, overlay)
        after = _read(picture.painted([Region("PixelData", 1, 10, 10, 20, 10)]))[0]
        assert len(np.unique(after[overlay])) == 1
