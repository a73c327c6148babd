"""The child that decodes and looks: what becomes of a source that takes too long, too much, or the child with it."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from deidstream.adapters.pictures import PictureLimits, PictureProcess, PictureSetting
from deidstream.adapters.triton_server import TritonServer
from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.core.page import Run, Sheet
from deidstream.core.region import Region

from tests.formats.dicom.pictures import instance, speckle
from tests.formats.pdf.made import pdf, text_of

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


def test_whoever_waits_is_told_when_the_child_is_asked_and_when_it_is_done_with_even_in_vain() -> None:
    told: list[str] = []
    pictures = PictureProcess(replace(_SETTING, limits=PictureLimits(seconds=0.1)), lambda: told.append("stirred"))
    with pytest.raises(Malformed, match="pixels-timeout"):
        pictures.look("dicom", _SMALL)
    assert told == ["stirred", "stirred"]
    pictures.close()


def test_a_child_that_dies_takes_one_source_with_it() -> None:
    pictures = _opened(PictureLimits())
    pictures.painted("dicom", _SMALL, [])
    assert pictures._child is not None
    child = pictures._child.pid or 0
    os.kill(child, signal.SIGSTOP)  # so it is asked, and cannot answer before it dies
    dying = threading.Timer(0.5, os.kill, (child, signal.SIGKILL))
    dying.start()
    with pytest.raises(Malformed, match="pixels-crashed"):
        pictures.look("dicom", _SMALL)
    dying.join()
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


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"%PDF-1.7", "pdf-unreadable"),
        (pdf(["A letter"])[:300], "pdf-unreadable"),
        (pdf(["A letter"], encryption=pikepdf.Encryption(owner="o", user="u")), "pdf-encrypted"),
        (
            pdf([], then=lambda out: setattr(out.pages[0], "MediaBox", pikepdf.Array([0, 0, 14000, 14000]))),
            "page-too-large",
        ),
    ],
    ids=["nothing", "cut off", "locked", "a bomb"],
)
def test_pages_are_read_in_the_child_and_refused_with_their_reason(source: bytes, reason: str) -> None:
    pictures = _opened(PictureLimits())
    with pytest.raises(Malformed, match=reason):
        pictures.read(source)
    pictures.close()


def test_a_page_is_read_and_printed_in_the_child() -> None:
    pictures = _opened(PictureLimits())
    [page] = pictures.read(pdf(["Patient: Quilty McGrath"]))
    assert page.text.strip() == "Patient: Quilty McGrath"
    where = page.text.index("McGrath")
    box = page.boxes[where]
    assert box is not None
    made = pictures.printed(pdf(["Patient: Quilty McGrath"]), [Sheet((), (Run("Hello", box),))])
    assert text_of(made).strip() == "Hello"
    pictures.close()


def test_while_the_server_of_the_models_is_away_nothing_counts_as_seen_and_soon_nobody_asks() -> None:
    pictures = PictureProcess(replace(_SETTING, server=TritonServer("127.0.0.1:9", 2.0)))
    for code in ("model-failed", "model-failed", "model-failed", "model-away"):
        with pytest.raises(Unavailable, match=f"{code}: 127.0.0.1:9/text-lines/1"):
            pictures.look("dicom", _SMALL)
    assert pictures.painted("dicom", _SMALL, []) == _SMALL  # what needs no model goes on
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
