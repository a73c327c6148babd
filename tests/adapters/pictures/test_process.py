"""The child that decodes and looks: what becomes of a source that takes too long, too much, or the child with it."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from deidstream.adapters.pictures import PictureLimits, PictureProcess, PictureSetting
from deidstream.core.errors import Malformed, Misconfigured
from deidstream.core.region import Region

from tests.formats.dicom.pictures import instance, speckle

_SETTING = PictureSetting(Path(__file__).parents[3] / "models", threads=2)
_SMALL = instance(speckle(64, 64))


def _opened(limits: PictureLimits) -> PictureProcess:
    return PictureProcess(replace(_SETTING, limits=limits))


def test_a_source_that_takes_too_long_is_refused_and_the_next_has_a_new_child() -> None:
    pictures = _opened(PictureLimits(seconds=0.3))  # it takes longer to start
    with pytest.raises(Malformed, match="pixels-timeout"):
        pictures.look("dicom", _SMALL)
    pictures._setting = replace(_SETTING, limits=PictureLimits())
    assert pictures.painted("dicom", _SMALL, [Region("PixelData", 1, 0, 0, 4, 4)]) != _SMALL
    pictures.close()


def test_a_child_that_dies_takes_one_source_with_it() -> None:
    pictures = _opened(PictureLimits())
    pictures.painted("dicom", _SMALL, [])
    assert pictures._child is not None
    child = pictures._child.pid or 0
    os.kill(child, signal.SIGSTOP)
    assert pictures._pipe is not None
    pictures._pipe.send(("look", "dicom", _SMALL, False))
    os.kill(child, signal.SIGKILL)
    with pytest.raises(Malformed, match="pixels-crashed"):
        pictures.look("dicom", _SMALL)
    assert pictures.painted("dicom", _SMALL, []) == _SMALL
    pictures.close()


def test_pixels_beyond_the_memory_of_the_child_are_refused() -> None:
    pictures = _opened(PictureLimits(memory=1500 * 2**20))
    large = instance(speckle(5000, 5000))
    with pytest.raises(Malformed, match="pixels-(too-large|failed|crashed)|model-failed"):
        pictures.look("dicom", large)
    pictures.close()


def test_errors_of_the_child_say_what_they_said_there() -> None:
    pictures = _opened(PictureLimits())
    with pytest.raises(Malformed, match="pixels-truncated: PixelData"):
        pictures.look("dicom", instance(speckle(64, 64), NumberOfFrames=3))
    pictures.close()


@pytest.mark.parametrize("how", ["missing", "other"])
def test_a_model_that_is_not_as_it_was_released_ends_the_start(how: str, tmp_path: Path) -> None:
    models = tmp_path / "models"
    for name in ("ocr", "faces"):
        shutil.copytree(_SETTING.models / name, models / name)
    path = models / "ocr" / "characters" / "model.onnx.gz"
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(
        Misconfigured, match=r"characters/model.onnx.gz: .*expected (the file with SHA-256 )?[0-9a-f]{64}"
    ):
        PictureProcess(replace(_SETTING, models=models))
