"""Pages are read by quick models first: what they leave is found, and what they doubt is read, by the exact ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from deidstream.adapters.pictures.models import open_faces, open_reader
from deidstream.core.page import Box
from deidstream.core.region import Region
from deidstream.detection.image.areas import unread
from deidstream.detection.image.characters import Characters, Text
from deidstream.detection.image.faces import Faces
from deidstream.detection.image.lines import Line, Lines, Pixels
from deidstream.detection.image.looking import Looking
from deidstream.detection.image.reading import Reader
from deidstream.formats.pdf.reader import layers
from PIL import Image

from tests.formats.pdf.made import pdf, pictured, scanned

_ROOT = Path(__file__).parents[3]
_LETTER = [
    "Patient: Adabel Quiltrane, born 27.04.1961",
    "Record 4711081, ward 7",
    "Haemoglobin 11.2 g/dl, Müller, 134 umol/l.",
]
_PHOTO = (300, 500, 92, 92)
"""Points, from the lower left corner of A4."""


@pytest.fixture(scope="module")
def reader() -> Reader:
    return open_reader(_ROOT / "models", threads=2)


def _letter_with_a_photo() -> bytes:
    portrait = np.asarray(
        Image.open(_ROOT / "tests" / "data" / "pictures" / "portrait.jpg").convert("L").convert("RGB")
    )
    sheet = pdf(_LETTER, then=lambda out: pictured(out, portrait, _PHOTO))
    ((_, picture),) = layers(sheet)
    noisy = np.clip(picture.astype(np.int16) - 12 + np.random.default_rng(3).normal(0, 6, picture.shape), 0, 255)
    return pdf([], then=lambda out: pictured(out, noisy.astype(np.uint8), (0, 0, 595, 842)))


def test_print_and_scans_read_as_they_are(reader: Reader) -> None:
    for source in (pdf(_LETTER), scanned(_LETTER)):
        ((_, picture),) = layers(source)
        assert [line.text for line in reader.read(picture, "page", 1, paper=True).lines] == _LETTER


class _Told(NamedTuple):
    """Says what it is told of each line, and how many it was asked."""

    said: Text
    asked: list[int]

    def read(self, lines: Sequence[Pixels]) -> list[Text]:
        self.asked.append(len(lines))
        return [self.said] * len(lines)


class _OneLine(Lines):
    def __init__(self) -> None:
        pass

    def find(self, picture: Pixels, scale: float = 1.0) -> Iterator[Line]:  # type: ignore[override]
        yield Line(np.array([[10, 10], [200, 10], [200, 40], [10, 40]], np.float32), 0.9)


@pytest.mark.parametrize(
    ("certainty", "read"), [(0.99, "QUICK"), (0.96, "EXACT")], ids=["certain", "doubted: read again by the exact model"]
)
def test_what_the_quick_model_doubts_is_read_again(certainty: float, read: str) -> None:
    exact: Characters = _Told(Text("EXACT", 0.995, ()), [])  # type: ignore[assignment]
    quick: Characters = _Told(Text("QUICK", certainty, ()), [])  # type: ignore[assignment]
    found = Reader(_OneLine(), exact, (_OneLine(), quick)).read(
        np.full((60, 300, 3), 255, np.uint8), "page", 1, paper=True
    )
    assert [line.text for line in found.lines] == [read]


def test_a_photograph_on_a_scan_is_found_and_text_and_rules_are_no_reason_to_look() -> None:
    looking = Looking(lambda: open_reader(_ROOT / "models", threads=2), lambda: open_faces(_ROOT / "models", threads=2))
    (page,) = looking.read(_letter_with_a_photo())
    face = Box(920, 761, 1000, 848)  # from eye to eye, down to the mouth
    assert any(one.overlap(face) == face.area for one in page.pictures)


class _NoFaces(Faces):
    def __init__(self) -> None:
        raise AssertionError


def test_on_a_scan_of_text_alone_no_face_is_looked_for() -> None:
    (page,) = Looking(lambda: open_reader(_ROOT / "models", threads=2), _NoFaces).read(scanned(_LETTER))
    assert page.pictures == ()


def test_what_is_looked_at_for_faces_is_what_no_line_and_no_rule_accounts_for() -> None:
    picture = np.full((1000, 800, 3), 240, np.uint8)
    picture[100:130, 100:500] = 60  # a line of text
    picture[300:303, 50:750] = 0  # a rule
    picture[50:950, 40:43] = 0
    line = Region("page", 1, 95, 95, 415, 40)
    whole = (0, 0, 800, 1000)
    assert unread(picture, whole, [line]) == []
    assert unread(picture, whole, []) != []
    picture[500:600, 300:380] = 150  # a photograph
    ((left, top, right, low),) = unread(picture, whole, [line])
    assert left < 300 - 32 < 380 + 32 < right
    assert top < 500 - 32 < 600 + 32 < low
    ((left, top, right, low),) = unread(picture, (200, 400, 800, 1000), [line])
    assert (left < 300, top < 500, right > 380, low > 600) == (True, True, True, True)


def test_a_face_is_found_in_a_part_of_a_picture_where_it_is_found_in_the_whole() -> None:
    faces = open_faces(_ROOT / "models", threads=2)
    portrait = np.asarray(Image.open(_ROOT / "tests" / "data" / "pictures" / "portrait.jpg"))
    page = np.full((2339, 1653, 3), 240, np.uint8)
    page[700:892, 900:1092] = portrait
    (whole,) = faces.find(page, "page", 1)
    (part,) = faces.find(page, "page", 1, [(740, 540, 1252, 1052)])
    assert whole.box.overlap(part.box) > 0.8 * max(one.box.width * one.box.height for one in (whole, part))
    assert list(faces.find(page, "page", 1, [(0, 0, 600, 600)])) == []
