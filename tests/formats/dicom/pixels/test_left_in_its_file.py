"""Compressed frames that go from file to file unread lose what is not pixels too, as those in memory do."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from deidstream.cli.clean import pixels
from deidstream.formats.dicom import split
from deidstream.formats.dicom.pixels.silent import silenced
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from tests.formats.dicom.files import written
from tests.formats.dicom.pictures import instance, speckle

_SECRET = b"Quiltrane^Adabel"


def _file(folder: Path, frames: list[bytes]) -> Path:
    made = dcmread(io.BytesIO(instance(speckle(64, 64))))
    made.PixelData, made.NumberOfFrames = encapsulate(frames), len(frames)
    made["PixelData"].is_undefined_length = True
    path = folder / "x.dcm"
    path.write_bytes(written(made, JPEGBaseline8Bit))
    return path


@pytest.mark.parametrize("comment", [_SECRET, b""])
def test_frames_left_in_their_file_come_out_as_from_memory(
    comment: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pixels, "_AT_A_TIME", 1000)  # comments lie across portions
    monkeypatch.setattr(pixels, "_LEAST", 0)
    frames = []
    for number in range(40):
        out = io.BytesIO()
        Image.fromarray(speckle(64, 64, number)).save(out, "JPEG", comment=comment)
        frames.append(out.getvalue() + comment)
    path = _file(tmp_path, frames)
    left = pixels.leave(path, lambda: bytes(range(240, 256)))
    assert left is not None
    small = silenced(split(left.source))
    assert small.source == left.source  # the mark is no comment
    out = io.BytesIO()
    left.write(out, small.source)
    assert out.getvalue() == silenced(split(path.read_bytes())).source
    assert _SECRET not in out.getvalue()
    assert (out.getvalue() == path.read_bytes()) is (not comment)


def test_frames_that_break_the_rules_are_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixels, "_LEAST", 0)
    assert pixels.leave(_file(tmp_path, [_SECRET]), lambda: bytes(16)) is None
