"""What a released instance says of its pixels."""

from __future__ import annotations

import io

import pydicom
import pytest
from deidstream.formats.dicom import split
from deidstream.stages.writer.dicom import labelled

from tests.formats.dicom.files import bundled

_FILES = {path.name: path for path in bundled()}


@pytest.mark.parametrize(
    ("name", "painted", "added"),
    [
        ("SC_rgb_jpeg_dcmtk.dcm", True, ["ISO_10918_1"]),
        ("SC_jpeg_no_color_transform.dcm", True, ["ISO_10918_1"]),
        ("SC_rgb_jpeg_dcmtk.dcm", False, []),
        ("SC_rgb_rle.dcm", True, []),
    ],
)
def test_frames_that_lost_something_once_more_are_said_to_have(name: str, painted: bool, added: list[str]) -> None:
    made = pydicom.dcmread(io.BytesIO(labelled(split(_FILES[name].read_bytes()), (), "examined", painted)))
    assert made.BurnedInAnnotation == "NO"
    assert _several(made, "LossyImageCompressionMethod") == [
        *_several(pydicom.dcmread(_FILES[name]), "LossyImageCompressionMethod"),
        *added,
    ]
    if added:
        assert made.LossyImageCompression == "01"
        plain = made.Rows * made.Columns * 3
        assert float(_several(made, "LossyImageCompressionRatio")[-1]) == pytest.approx(
            plain / len(made.PixelData), rel=0.02
        )


def _several(dataset: pydicom.Dataset, keyword: str) -> list[object]:
    value = dataset.get(keyword)
    return [] if value is None else [value] if isinstance(value, str | float) else list(value)


def test_nothing_is_said_of_pixels_that_nobody_examined() -> None:
    made = pydicom.dcmread(io.BytesIO(labelled(split(_FILES["CT_small.dcm"].read_bytes()), ())))
    assert "BurnedInAnnotation" not in made
    assert [one.CodeValue for one in made.DeidentificationMethodCodeSequence] == ["113100"]
