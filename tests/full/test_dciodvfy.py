"""What is released is as valid as what came in: dciodvfy (dicom3tools) finds no error that it does not find in the input."""

from __future__ import annotations

import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pydicom
import pytest
import yaml
from deidstream.core.region import Region
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.picture import DicomPicture

from tests.cli.command import run
from tests.formats.dicom.files import bundled
from tests.full.java import CACHE

pytestmark = pytest.mark.full

_FILES = (
    "CT_small.dcm",
    "JPEG2000.dcm",
    "JPEG-lossy.dcm",
    "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm",
    "SC_rgb_small_odd.dcm",
    "SC_rgb_rle_2frame.dcm",
    "chrGerm.dcm",
    "image_dfl.dcm",
    "liver_1frame.dcm",  # a segmentation
    "reportsi.dcm",
    "rtdose_1frame.dcm",
    "rtplan.dcm",
    "rtstruct.dcm",
    "test-SR.dcm",
)
_PAINTED = (
    "JPEG2000.dcm",
    "JPGExtended.dcm",
    "MR_small_RLE.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_gdcm.dcm",
    "liver_1frame.dcm",  # one bit
)
_VALUES = re.compile(r"</[^>]*>|= <[^>]*>|<?\b(?:0|[0-9]+\.[0-9.]+)>?\s*$")
"""Paths and values in a message, UIDs among them: they differ, the error is the same."""


@pytest.fixture(scope="module")
def validator() -> Path:
    program = CACHE / "dicom" / "usr/bin/dciodvfy"
    if not program.exists():
        pytest.skip("dciodvfy is not there: see tests/full/prepare")
    return program


def _errors(validator: Path, path: Path) -> set[str]:
    done = subprocess.run([validator, path], capture_output=True, check=False, timeout=60)  # noqa: S603
    lines = (done.stdout + done.stderr).decode("utf-8", "replace").splitlines()
    return {_VALUES.sub("", line).strip() for line in lines if line.startswith("Error")}


@pytest.mark.parametrize("name", ["research-dates-shifted", "hipaa-safe-harbor"])
def test_nothing_that_was_valid_is_invalid_afterwards(validator: Path, name: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    by_name = {path.name: path for path in bundled()}
    for one in _FILES:
        (tmp_path / "in" / one).write_bytes(by_name[one].read_bytes())
    policy = yaml.safe_load((files("deidstream.core") / "policies" / f"{name}.yaml").read_text())
    policy["dicom"] |= {"pixels": "keep"}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy))
    options = ("--policy", tmp_path / "policy.yaml", "--tagger", "none")
    assert run("clean", tmp_path / "in", "--out", tmp_path / "out", *options).code == 0
    found = {
        one: _errors(validator, tmp_path / "out" / one) - _errors(validator, tmp_path / "in" / one) for one in _FILES
    }
    assert {one: errors for one, errors in found.items() if errors} == {}


@pytest.mark.parametrize("name", _PAINTED)
def test_what_was_painted_over_is_as_valid_as_before(validator: Path, name: str, tmp_path: Path) -> None:
    before = next(path for path in bundled() if path.name == name)
    after = tmp_path / name
    after.write_bytes(DicomPicture(split(before.read_bytes())).painted([Region("PixelData", 1, 8, 4, 30, 20)]))
    assert _errors(validator, after) - _errors(validator, before) == set()


def test_the_validator_sees_what_an_instance_lacks(validator: Path, tmp_path: Path) -> None:
    path = next(path for path in bundled() if path.name == "CT_small.dcm")
    dataset = pydicom.dcmread(path)
    del dataset.StudyInstanceUID
    dataset.save_as(tmp_path / "less.dcm")
    assert _errors(validator, tmp_path / "less.dcm") - _errors(validator, path)
