"""Heads in every form that slices have: compressed, many in one instance. Results are read by pydicom and its decoders."""

from __future__ import annotations

import io
from typing import cast

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from deidstream.core.case import Case
from deidstream.core.decision import Decision, Method
from deidstream.core.outcome import Forward
from deidstream.detection.image.head.mask import FrameMask, locator_of, painted
from deidstream.detection.image.head.verdict import AIR
from deidstream.formats import split
from deidstream.formats.dicom import DicomDocument
from deidstream.stages.writer.heads import without_face
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from tests.harness.heads import Phantom, compressed, instances, measured, multiframe, phantom, read
from tests.stages.heads.test_heads import LOOKING, Site

_SYNTAXES = [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless, ExplicitVRLittleEndian]
_CT = phantom()


def released(case: Case) -> bytes:
    """As the resolver and the writer would have it."""
    decisions = tuple(
        Decision(one.locator, None, one.category, Method.REDACT, one.canonical, "dicom.heads", (one.detector,))
        for one in case.findings
    )
    document = split("dicom", case.source, "")
    return without_face(case.changed(decisions=decisions), document, lambda: LOOKING).source


def cleaned(*contents: bytes) -> list[bytes]:
    """What becomes of a series."""
    site = Site()
    outcomes = [one for one in site.arrive(*contents) if isinstance(one, Forward)]
    site.clock.time += 61
    outcomes += [one for one in site.due() if isinstance(one, Forward)]
    assert {one.case.header.attribute("head") for one in outcomes} == {"removed"}
    return [released(one.case) for one in outcomes]


def assert_faceless(after: npt.NDArray[np.float32], one: Phantom) -> None:
    changed = after != one.values
    assert changed[one.face].mean() > 0.95
    assert changed[one.brain].mean() < 0.01
    assert 0.02 < changed.mean() < 0.5
    assert np.median(after[one.face & (np.indices(after.shape)[1] < 8)]) < -900  # the nose is air


def test_each_slice_of_a_series_keeps_its_transfer_syntax_and_loses_its_part_of_the_face() -> None:
    slices = [compressed(one, _SYNTAXES[n % 5]) for n, one in enumerate(instances(_CT.values))]
    after = cleaned(*slices)
    assert_faceless(measured(after), _CT)
    syntaxes = {read(one).SOPInstanceUID: read(one).file_meta.TransferSyntaxUID for one in slices}
    assert {read(one).SOPInstanceUID: read(one).file_meta.TransferSyntaxUID for one in after} == syntaxes


@pytest.mark.parametrize("syntax", _SYNTAXES)
def test_an_enhanced_instance_is_a_volume_by_itself(syntax: str) -> None:
    (content,) = cleaned(compressed(multiframe(_CT.values), syntax))
    after = read(content)
    assert after.file_meta.TransferSyntaxUID == syntax
    assert_faceless((after.pixel_array[::-1] - 1024.0).astype(np.float32), _CT)


@pytest.mark.parametrize("syntax", _SYNTAXES)
def test_frames_without_a_mask_keep_their_bytes(syntax: str) -> None:
    source = compressed(multiframe(_CT.values[30:40]), syntax)
    labels = np.zeros(_CT.values.shape[1:], np.uint8)
    labels[10:30, 20:40] = AIR
    mask = FrameMask(labels, np.array([-1000], np.float32), np.array([40], np.float32))
    masks = {locator_of(number): mask for number in (0, 4, 9)}
    made = painted(cast(DicomDocument, split("dicom", source, "")), masks, b"seed", lambda: LOOKING)
    before, after = read(source), read(made.source)
    kept = [one == other for one, other in zip(_frames(before), _frames(after), strict=True)]
    assert [number for number, same in enumerate(kept) if not same] == [0, 4, 9]
    apart = before.pixel_array != after.pixel_array
    assert not apart[:, labels == 0].any()
    assert (after.pixel_array[[0, 4, 9]][:, labels == AIR] == 24).all()


def test_signed_samples_keep_their_sign_in_the_unused_bits() -> None:
    slices = instances(_CT.values)
    for number, one in enumerate(slices):
        made = read(one)
        stored = (made.pixel_array.astype(np.int32) - 1024).clip(-2048, 2047).astype("<i2")
        made.PixelData, made.RescaleIntercept = stored.tobytes(), 0
        made.PixelRepresentation, made.BitsStored, made.HighBit = 1, 12, 11
        slices[number] = compressed(_saved(made), JPEGLSLossless if number % 2 else ExplicitVRLittleEndian)
    words = [np.frombuffer(read(one).PixelData, "<i2") for one in cleaned(*slices) if _is_native(one)]
    assert len(words) == len(slices) // 2
    assert min(int(one.min()) for one in words) < -900
    assert max(int(one.max()) for one in words) < 2048  # 0x0C18 for -1000 would be read as 3096


def test_a_compressed_slice_that_cannot_be_decoded_is_no_part_of_the_volume_and_is_refused() -> None:
    slices = [compressed(one, JPEGLSLossless) for one in instances(_CT.values)]
    at = slices[20].rindex(b"\xff\xda") + 12
    slices[20] = slices[20][:at] + bytes(len(slices[20]) - at - 8) + slices[20][-8:]
    site = Site()
    site.arrive(*slices)
    site.clock.time += 61
    outcomes = [one for one in site.due() if isinstance(one, Forward)]
    assert len(outcomes) == len(slices)
    broken = next(one.case for one in outcomes if one.case.source == slices[20])
    assert broken.findings  # the writer meets it again, and cannot read it either
    with pytest.raises(Exception, match="frame-broken"):
        released(broken)


def _frames(dataset: pydicom.Dataset) -> list[bytes]:
    count = int(dataset.NumberOfFrames)
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        return list(generate_frames(dataset.PixelData, number_of_frames=count))
    size = len(dataset.PixelData) // count
    return [dataset.PixelData[number * size : (number + 1) * size] for number in range(count)]


def _saved(made: pydicom.Dataset) -> bytes:
    out = io.BytesIO()
    made.save_as(out)
    return out.getvalue()


def _is_native(content: bytes) -> bool:
    return read(content).file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
