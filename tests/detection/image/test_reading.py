"""The released models, on pictures with text that is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zxingcpp
from deidstream.adapters.pictures.models import open_reader
from deidstream.detection.image.codes import find
from deidstream.detection.image.reading import Page, Reader

from tests.formats.dicom.pictures import drawn, speckle

_MODELS = Path(__file__).parents[3] / "models"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return open_reader(_MODELS, threads=2)


def _rgb(picture: np.ndarray) -> np.ndarray:
    return np.repeat(picture[:, :, None], 3, axis=2)


def _texts(page: Page) -> list[str]:
    return [line.text.replace(" ", "") for line in page.lines]


def test_lines_are_read_where_they_stand(reader: Reader) -> None:
    page = reader.read(_rgb(drawn(speckle(), {(10, 8): "QUILTRANE ADABEL", (200, 200): "12.5 cm"})), "PixelData", 1)
    assert _texts(page) == ["QUILTRANEADABEL", "12.5cm"]
    name, length = (line.box for line in page.lines)
    assert name.x <= 10 < 150 <= name.x + name.width
    assert name.y <= 12
    assert (length.x <= 200, length.y <= 204) == (True, True)


def test_text_that_is_turned_is_read_too(reader: Reader) -> None:
    level = drawn(np.zeros((120, 160), np.uint8), {(10, 8): "QUILTRANE"})
    for turns in (1, 2, 3):
        (line,) = reader.read(_rgb(np.rot90(level, turns).copy()), "PixelData", 1).lines
        assert line.text == "QUILTRANE", turns


def test_what_stands_still_is_not_read_again_and_what_is_new_is(reader: Reader) -> None:
    first = _rgb(drawn(speckle(), {(10, 8): "QUILTRANE"}))
    second = _rgb(drawn(drawn(speckle(), {(10, 8): "QUILTRANE"}), {(150, 180): "WEXELBAUM"}))
    before = reader.read(first, "PixelData", 1)
    after = reader.read(second, "PixelData", 2, before)
    assert _texts(after) == ["QUILTRANE", "WEXELBAUM"]
    assert after.lines[0].box == before.lines[0].box._replace(frame=2)
    gone = reader.read(_rgb(speckle()), "PixelData", 3, after)
    assert not [text for text in _texts(gone) if text.isascii()]


def test_a_line_within_the_box_of_a_large_shape_is_read_for_itself(reader: Reader) -> None:
    """Seen: a bright body was taken for one letter, and a name at its edge for a part of it."""
    y, x = np.mgrid[:480, :640]
    body = ((x - 320) / 192) ** 2 + ((y - 240) / 144) ** 2 < 1
    for place in ((320, 388), (250, 230)):
        page = reader.read(_rgb(drawn((body * 120).astype(np.uint8), {place: "Dr Featherstone"}, 24)), "PixelData", 1)
        found = [line for line in page.lines if "FEATHERSTONE" in line.text.upper()]
        assert found
        assert max(line.box.height for line in found) < 80


def test_a_line_that_changes_in_part_is_read_again_as_a_whole(reader: Reader) -> None:
    first = _rgb(drawn(np.zeros((120, 640), np.uint8), {(10, 30): "Quiltrane Adabel Wexelbaum Number 1"}, 24))
    second = _rgb(drawn(np.zeros((120, 640), np.uint8), {(10, 30): "Quiltrane Adabel Wexelbaum Number 7"}, 24))
    page = reader.read(second, "PixelData", 2, reader.read(first, "PixelData", 1))
    assert _texts(page) == ["QuiltraneAdabelWexelbaumNumber7"]


def test_bar_codes_and_qr_codes_are_found_and_decoded() -> None:
    for kind in (zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.QRCode):
        picture = np.full((240, 320), 40, np.uint8)
        code = np.asarray(zxingcpp.create_barcode("MRN4711081", kind).to_image(scale=2))
        picture[30 : 30 + code.shape[0], 20 : 20 + code.shape[1]] = code
        (mark,) = find(_rgb(picture), "image", 1)
        assert mark.text == "MRN4711081"
        assert 16 <= mark.box.x < mark.box.x + mark.box.width <= 28 + code.shape[1]
