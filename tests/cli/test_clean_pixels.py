"""Pixels that nobody looks at stay in their files: what comes out is the same, and nothing that would be refused passes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from deidstream.adapters.file_keys import FileKeyRing
from deidstream.cli.clean import pixels
from deidstream.core.policy import Dicom
from deidstream.wire import decode_case
from pydicom.data import data_manager
from pydicom.pixels import pixel_array

from tests.cli.command import run
from tests.cli.test_clean_dicom import _policy
from tests.formats.dicom.pictures import drawn
from tests.formats.dicom.pixels.test_single_bits import segmentation

_FILES = Path(data_manager.__file__).parent / "test_files"
_NAMES = (
    *("CT_small.dcm", "MR_small_RLE.dcm", "JPEG2000.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm"),
    *("image_dfl.dcm", "liver_1frame.dcm", "rtdose_1frame.dcm", "test-SR.dcm"),
)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def _cleaned(folder: Path, out: str, **dicom: object) -> tuple[dict[str, bytes], dict[str, int]]:
    where, report = folder.parent / out, folder.parent / "report.json"
    policy = _policy(folder.parent, **{"pixels": "keep"} | dicom)
    arguments = ("--policy", policy, "--tagger", "none", "--report", report, "--state", folder.parent / "state")
    run("clean", folder, "--out", where, *arguments)
    files = {path.name: path.read_bytes() for path in where.iterdir() if path.is_file()}
    return files, json.loads(report.read_text())["reasons"]


def test_what_is_released_is_the_same_to_the_last_byte(inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NAMES:
        (inputs / name).write_bytes((_FILES / name).read_bytes())
    whole, reasons = _cleaned(inputs, "whole")
    assert (set(whole), reasons) == (set(_NAMES), {})
    monkeypatch.setattr(pixels, "_LEAST", 0)
    opened: list[Path] = []
    monkeypatch.setattr(pixels.Left, "write", _noting(opened, pixels.Left.write))
    apart, _ = _cleaned(inputs, "apart")
    assert apart == whole
    assert {path.name for path in opened} == set(_NAMES) - {"image_dfl.dcm", "test-SR.dcm"}


def _noting(opened: list[Path], write):  # noqa: ANN001, ANN202
    def noted(self, out, released):  # noqa: ANN001, ANN202
        opened.append(self.path)
        return write(self, out, released)

    return noted


def test_a_number_of_the_patient_that_stands_in_pixel_data_keeps_the_instance_back_whole(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "_LEAST", 0)
    monkeypatch.setattr(pixels, "_AT_A_TIME", 64)
    made = pydicom.dcmread(_FILES / "CT_small.dcm")
    made.PatientID = "4711081332"
    plain = made.PixelData
    made.PixelData = plain[:1000] + b" 4711081332 " + plain[1012:]
    made.save_as(inputs / "x.dcm")
    made.PixelData = plain
    made.save_as(inputs / "y.dcm")
    released, reasons = _cleaned(inputs, "out")
    assert (set(released), reasons) == ({"y.dcm"}, {"residue": 1})
    keys = FileKeyRing(inputs.parent / "state" / "keys", create=False)
    sealed = (inputs.parent / "out" / ".quarantine" / "x.dcm").read_bytes()
    assert decode_case(sealed, keys).source == (inputs / "x.dcm").read_bytes()


@pytest.mark.parametrize("more", [b"", b"Quiltrane^Adabel" * 20], ids=["shorter", "another of the same length"])
def test_a_file_that_is_changed_meanwhile_is_refused_and_nothing_of_it_written(
    more: bytes, inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "_LEAST", 0)
    (inputs / "x.dcm").write_bytes((_FILES / "CT_small.dcm").read_bytes())
    write = pixels.Left.write

    def changed(self, out, released):  # noqa: ANN001, ANN202
        self.path.write_bytes(self.path.read_bytes()[:-320] + more)
        return write(self, out, released)

    monkeypatch.setattr(pixels.Left, "write", changed)
    assert _cleaned(inputs, "out") == ({}, {"file-changed": 1})


@pytest.mark.parametrize(
    ("policy", "looked_at"),
    [
        (Dicom(), True),
        (Dicom(pixels="keep"), False),
        (Dicom(pixels="keep", heads="remove"), True),
        (Dicom(pixels="trust-header"), True),
        (Dicom(pixels="trust-header", heads="keep"), False),
        (Dicom(pixels="quarantine", heads="keep"), False),
    ],
)
def test_only_a_policy_that_wants_neither_text_nor_faces_found_leaves_them(policy: Dicom, looked_at: bool) -> None:
    assert pixels.looks(policy) is looked_at


def test_what_is_written_in_pixels_of_one_bit_is_painted_over_and_nothing_else(inputs: Path) -> None:
    text = {(21, 31): "QUILTRANE, ADABEL", (21, 61): "MRN 4711081332", (191, 131): "12.5 cm"}
    before = drawn(np.zeros((203, 301), np.uint8), text, 20) > 128  # 61,103 bits a frame
    frames = np.stack([np.zeros_like(before), before]).astype(np.uint8)
    secondary = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.1", "Modality": "OT"}
    (inputs / "x.dcm").write_bytes(segmentation(frames, **secondary))
    _, reasons = _cleaned(inputs, "out", pixels="examine")
    assert reasons == {}
    made = pydicom.dcmread(inputs.parent / "out" / "x.dcm")
    after = pixel_array(made)
    assert not after[1, :58].any()
    assert not after[1, 58:90, 75:].any(), "the number; what it is a number of stays"
    assert np.array_equal(after[1, 95:], frames[1, 95:])
    assert np.array_equal(after[0], frames[0])
    assert made.BurnedInAnnotation == "NO"
