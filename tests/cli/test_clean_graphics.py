"""The option Clean Graphics (PS3.15, E.3.3), from file to file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
import yaml
from deidstream.adapters import policy_files
from pydicom.dataset import Dataset

from tests.cli.command import run
from tests.formats.dicom.files import report, written
from tests.formats.dicom.pictures import drawn, instance, speckle

_WHO = {"PatientName": "Quiltrane^Adabel", "PatientID": "4711081", "StudyDate": "20240312"}
_STATE = "1.2.840.10008.5.1.4.1.1.11.1"


def _policy(folder: Path, *options: str) -> Path:
    content = yaml.safe_load((policy_files.FOLDER / "research-dates-shifted.yaml").read_text())
    content["dicom"]["options"] = [*content["dicom"]["options"], *options]
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def _overlaid() -> bytes:
    over = drawn(np.zeros((240, 320), np.uint8), {(8, 20): "Quiltrane, Adabel", (200, 200): "12.5 cm"}) > 127
    over[100:102, 40:200] = True
    made = pydicom.dcmread(io.BytesIO(instance(speckle(), **_WHO)))
    bits = np.packbits(over.reshape(-1), bitorder="little").tobytes()
    values = [(0x10, "US", 240), (0x11, "US", 320), (0x22, "LO", "Quiltrane"), (0x40, "CS", "G"), (0x50, "SS", [1, 1])]
    for number, vr, value in [*values, (0x100, "US", 1), (0x102, "US", 0), (0x3000, "OW", bits)]:
        made.add_new(0x60000000 | number, vr, value)
    return written(made)


def _annotated() -> bytes:
    text, line, annotation = Dataset(), Dataset(), Dataset()
    text.UnformattedTextValue = "lesion of Adabel Quiltrane, 12 mm"
    line.GraphicDimensions, line.NumberOfGraphicPoints, line.GraphicType = 2, 2, "POLYLINE"
    line.GraphicData = [1.0, 2.0, 3.0, 4.0]
    annotation.GraphicLayer = "LAYER1"
    annotation.TextObjectSequence, annotation.GraphicObjectSequence = [text], [line]
    return written(report(SOPClassUID=_STATE, Modality="PR", GraphicAnnotationSequence=[annotation], **_WHO))


def _cleaned(folder: Path, content: bytes, *options: str) -> Dataset:
    (folder / "in").mkdir()
    (folder / "in" / "x.dcm").write_bytes(content)
    more = ("--tagger", "none", "--report", folder / "report.json", "--policy", _policy(folder, *options))
    run("clean", folder / "in", "--out", folder / "out", *more)
    assert json.loads((folder / "report.json").read_text())["reasons"] == {}
    return pydicom.dcmread(folder / "out" / "x.dcm")


def _codes(made: Dataset) -> list[str]:
    return [one.CodeValue for one in made.DeidentificationMethodCodeSequence]


def test_an_overlay_stays_without_what_identifies_somebody(tmp_path: Path) -> None:
    made = _cleaned(tmp_path, _overlaid(), "clean-graphics")
    bits = np.unpackbits(np.frombuffer(made[0x60003000].value, np.uint8), bitorder="little").reshape(240, 320)
    assert not bits[18:44, 8:140].any(), "the name has gone"
    assert bits[196:225, 200:300].any(), "the measurement stays"
    assert bits[100:102, 60:190].all(), "and so do lines"
    assert 0x60000022 not in made
    assert np.array_equal(made.pixel_array, speckle()), "no pixel under it is touched"
    assert "113103" in _codes(made)


@pytest.mark.parametrize("content", [_overlaid(), _annotated()], ids=["overlay", "annotation"])
def test_without_the_option_graphics_go(content: bytes, tmp_path: Path) -> None:
    made = _cleaned(tmp_path, content)
    assert not any(element.tag.group == 0x6000 for element in made)
    assert "lesion" not in str(made)
    assert "113103" not in _codes(made)


def test_annotations_keep_what_is_said_of_the_picture(tmp_path: Path) -> None:
    made = _cleaned(tmp_path, _annotated(), "clean-graphics")
    annotation = made.GraphicAnnotationSequence[0]
    text = annotation.TextObjectSequence[0].UnformattedTextValue
    assert text.startswith("lesion of ")
    assert text.endswith(", 12 mm")
    assert "Quiltrane" not in str(made)
    assert "Adabel" not in str(made)
    assert list(annotation.GraphicObjectSequence[0].GraphicData) == [1.0, 2.0, 3.0, 4.0]
