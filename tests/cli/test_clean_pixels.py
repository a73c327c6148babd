"""Pictures through all stages: what is burned in and identifies somebody is gone, measurements stay, and the header says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from deidstream.adapters.pictures.models import open_reader
from deidstream.detection.image.reading import Reader
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.picture import DicomPicture
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from tests.cli.command import run
from tests.formats.dicom.pictures import drawn, instance, speckle

_PLANTED = {(8, 6): "Quiltrane, Adabel", (8, 30): "ID 4711081", (170, 6): "12.03.2024", (8, 215): "Dr Wexelbaum"}
_KEPT = {(230, 215): "12.5 cm", (250, 60): "MI 0.6"}
_WHO = {"PatientName": "Quiltrane^Adabel", "PatientID": "4711081", "StudyDate": "20240312"}


def _lines(reader: Reader, path: Path) -> str:
    picture = DicomPicture(split(path.read_bytes()))
    read = [
        line.text for frame in range(picture.frames) for line in reader.read(picture.looks(frame + 1)[0], "", 1).lines
    ]
    return " ".join(read).replace(" ", "").upper()


def _inputs(folder: Path) -> dict[str, np.ndarray]:
    """Colour in two frames, the second of which alone has the name; grey of 16 bits; grey without anything on it."""
    clean = drawn(np.repeat(speckle()[:, :, None], 3, axis=2), _KEPT)
    colour = np.stack([clean, drawn(clean, _PLANTED)])
    grey = drawn(speckle(), _PLANTED | _KEPT).astype(np.uint16) * 16
    (folder / "colour.dcm").write_bytes(instance(colour, RLELossless, **_WHO))
    (folder / "grey.dcm").write_bytes(instance(grey, JPEGLSLossless, "sc", **_WHO, BurnedInAnnotation="YES"))
    (folder / "none.dcm").write_bytes(
        instance(speckle(128, 128), ExplicitVRLittleEndian, "ct", **_WHO, BodyPartExamined="CHEST")
    )
    return {"colour.dcm": colour, "grey.dcm": grey[None], "none.dcm": speckle(128, 128)[None]}


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray], list[dict[str, object]]]:
    folder = tmp_path_factory.mktemp("pixels")
    (folder / "in").mkdir()
    frames = _inputs(folder / "in")
    options = ("--tagger", "none", "--findings", folder / "findings.jsonl", "--report", folder / "report.json")
    assert run("clean", folder / "in", "--out", folder / "out", *options).code == 0
    found = [json.loads(line) for line in (folder / "findings.jsonl").read_text().splitlines()]
    return folder / "out", frames, found


def test_nothing_that_was_planted_can_be_read_any_more_and_measurements_can(
    cleaned: tuple[Path, dict[str, np.ndarray], object],
) -> None:
    out, _, _ = cleaned
    reader = open_reader(Path(__file__).parents[2] / "models", threads=2)
    for name in ("colour.dcm", "grey.dcm"):
        text = _lines(reader, out / name)
        assert not [one for one in ("QUILTRANE", "ADABEL", "4711081", "2024", "WEXELBAUM") if one in text], name
        assert all(one in text for one in ("12.5CM", "MI0.6")), name


def test_what_is_outside_of_the_rectangles_is_as_it_was(
    cleaned: tuple[Path, dict[str, np.ndarray], list[dict[str, object]]],
) -> None:
    out, frames, found = cleaned
    for name, before in frames.items():
        after = pydicom.dcmread(out / name).pixel_array.reshape(before.shape)
        apart = (before != after).reshape(*before.shape[:3], -1).any(axis=3)
        assert not apart[0].any() or name == "grey.dcm", "frames and pictures without anything on them keep every bit"
        for one in found:
            if one["file"] == name and str(one["part"]).startswith("PixelData["):
                frame, place = str(one["part"])[10:].split("]@")
                x, y, width, height = map(int, place.split(","))
                apart[int(frame) - 1, y : y + height, x : x + width] = False
        assert not apart.any(), name


def test_the_header_says_that_pixels_were_cleaned(cleaned: tuple[Path, object, object]) -> None:
    for name in ("colour.dcm", "grey.dcm", "none.dcm"):
        made = pydicom.dcmread(cleaned[0] / name)
        assert made.BurnedInAnnotation == "NO"
        assert "113101" in [one.CodeValue for one in made.DeidentificationMethodCodeSequence]
    assert made.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert pydicom.dcmread(cleaned[0] / "grey.dcm").file_meta.TransferSyntaxUID == JPEGLSLossless


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"NumberOfFrames": 9}, "pixels-truncated"),
        ({"Rows": 65_000, "Columns": 65_000}, "pixels-too-large"),
        ({"PhotometricInterpretation": "CMYK"}, "pixel-format-unsupported"),
        ({"Modality": "CT", "BodyPartExamined": "HEAD"}, "geometry-missing"),
    ],
)
def test_pixels_that_nobody_can_examine_are_quarantined_with_the_reason(
    attributes: dict[str, object], reason: str, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.dcm").write_bytes(instance(speckle(32, 32), kind="ct", **attributes))
    run("clean", tmp_path / "in", "--out", tmp_path / "out", "--tagger", "none", "--report", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["reasons"] == {reason: 1}
    assert not (tmp_path / "out" / "x.dcm").exists()
