"""Instances with something painted over, read by DCMTK's own decoders."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.core.region import Region
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.picture import DicomPicture

from tests.formats.dicom.files import bundled
from tests.full.dicom_peers import prepared

pytestmark = pytest.mark.full

_FILES = {path.name: path for path in bundled()}


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("dcmdrle", "MR_small_RLE.dcm"),
        ("dcmdjpls", "MR_small_jpeg_ls_lossless.dcm"),
        ("dcmdjpeg", "SC_rgb_jpeg_gdcm.dcm"),  # lossless
        ("dcmdjpeg", "JPGExtended.dcm"),  # 12 bits
    ],
)
def test_dcmtk_reads_what_we_read(program: str, name: str, tmp_path: Path) -> None:
    picture = DicomPicture(split(_FILES[name].read_bytes()))
    made = picture.painted([Region("PixelData", 1, 5, 3, 20, 11)])
    (tmp_path / "ours.dcm").write_bytes(made)
    done = prepared().run(program, tmp_path / "ours.dcm", tmp_path / "native.dcm")
    assert done.returncode == 0, done.stderr
    ours = DicomPicture(split(made))
    theirs = DicomPicture(split((tmp_path / "native.dcm").read_bytes()))
    for frame in range(1, ours.frames + 1):
        assert ours.words(frame) == theirs.words(frame)
    assert ours.words(1) != picture.words(1)
