"""A series of a head through all stages: the face is gone from the pixels, nothing else is, and the header says so."""

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from deidstream.detection.image.head import look
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1, JPEGLSLossless

from tests.cli.command import run
from tests.harness.heads import compressed, instances, measured, phantom, read

_THICK = 2
"""Every second slice: six millimetres apart."""


def _policy(folder: Path) -> Path:
    text = (files("deidstream.core") / "policies" / "research-dates-shifted.yaml").read_text()
    assert "pixels: examine" in text
    path = folder / "policy.yaml"
    path.write_text(text.replace("pixels: examine", "pixels: trust-header"))
    return path


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heads")
    (folder / "in").mkdir()
    slices = [
        compressed(one, (JPEGLosslessSV1, JPEGLSLossless, ExplicitVRLittleEndian)[number % 3])
        for number, one in enumerate(instances(phantom().values)[::_THICK])
    ]
    for number, content in enumerate(slices):
        (folder / "in" / f"{number * 7 % len(slices):02}.dcm").write_bytes(content)
    (lonely,) = instances(phantom().values[:1], Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    (folder / "in" / "localizer.dcm").write_bytes(lonely)
    options = ("--tagger", "none", "--policy", _policy(folder))
    with pytest.MonkeyPatch.context() as patch:
        # A doll of ellipsoids looks like a face to the model whatever is cut off it; real heads: make evaluate-heads.
        patch.setattr(look, "why_not", lambda seen, model: "")
        assert run("clean", folder / "in", "--out", folder / "out", *options).code != 0  # the lonely slice
    return folder / "out"


def test_the_face_is_air_and_all_that_was_kept_has_its_bits(cleaned: Path) -> None:
    one = phantom()
    before, brain, face = one.values[::_THICK], one.brain[::_THICK], one.face[::_THICK]
    after = measured([path.read_bytes() for path in sorted(cleaned.glob("*.dcm"))])
    assert after.shape == before.shape
    changed = after != before
    assert changed[face].mean() > 0.95
    assert changed[brain].mean() < 0.01
    nose = face.copy()
    nose[:, 8:] = False  # the foremost of it lies before whatever was filled
    assert np.median(after[nose]) < -900
    assert changed.mean() < 0.5


def test_the_header_says_that_no_face_is_left(cleaned: Path) -> None:
    for path in cleaned.glob("*.dcm"):
        header = read(path.read_bytes())
        assert header.RecognizableVisualFeatures == "NO"
        assert "113102" in [str(code.CodeValue) for code in header.DeidentificationMethodCodeSequence]
        assert header.PatientID != "4711"


def test_a_slice_without_its_series_is_quarantined(cleaned: Path) -> None:
    reason = (cleaned / ".quarantine" / "localizer.dcm.reason.json").read_text()
    assert "head-unclear" in reason
    assert not (cleaned / "localizer.dcm").exists()
