"""A text layer is believed where somebody sees what it says; what it does not account for is text as it was read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from deidstream.core.category import Category, Role
from deidstream.core.document import Part
from deidstream.core.page import Box, Page
from deidstream.core.region import Region
from deidstream.core.subject import Known, Subject
from deidstream.detection.image import pages
from deidstream.detection.image.misread import misread
from deidstream.detection.image.written import is_in, may_be_in
from deidstream.formats.pdf.reader import Layer
from deidstream.ports import Mark, TextLine

WIDE, HIGH = 10, 20
"""Of a character, in pixels."""


def page(layer: Layer, lines: list[TextLine], marks: list[Mark]) -> Page:
    """On white paper."""
    return pages.page(layer, np.full((1400, 1000, 3), 255, np.uint8), lines, marks)


def layer(*lines: str, pictures: tuple[Box, ...] = (), scans: tuple[Box, ...] = ()) -> Layer:
    """Lines of a page, one below the other from (100, 100)."""
    boxes: list[Box | None] = []
    for row, line in enumerate(lines):
        boxes += [box(row, at) if character != " " else None for at, character in enumerate(line)]
        boxes += [None] if row < len(lines) - 1 else []
    return Layer("\n".join(lines), tuple(boxes), pictures, scans)


def box(row: int, start: int, size: int = 1) -> Box:
    left, top = 100 + start * WIDE, 100 + row * 2 * HIGH
    return Box(left, top, left + size * WIDE, top + HIGH)


def line(row: int, start: int, text: str, score: float = 0.99) -> TextLine:
    left, top, right, bottom = box(row, start, len(text))
    places = tuple((at + 0.5) / len(text) for at in range(len(text)))
    return TextLine(Region("page", 1, left, top, right - left, bottom - top), text, score, places)


def voiced(one: Page) -> str:
    """What is written again, with a mark for what is not."""
    return "".join("_" if silent else character for character, silent in zip(one.text, one.silent, strict=True))


def test_a_layer_that_says_what_is_seen_stays_as_it_is() -> None:
    read = page(layer("Patient: Quilty", "Hodgkin II."), [line(0, 0, "PatIent: Quiity"), line(1, 0, "Hodgkin ll,")], [])
    assert read.text == voiced(read) == "Patient: Quilty\nHodgkin II."
    assert read.pictures == ()


def test_another_word_than_is_seen_is_read_as_both_and_written_as_it_is_seen() -> None:
    read = page(layer("Patient: Mvqyxc", "Hodgkin II."), [line(0, 0, "Patient: Quilty"), line(1, 0, "Hodgkin II.")], [])
    assert "Patient: Quilty" in read.text
    assert "Patient: Mvqyxc" in read.text
    assert sorted(voiced(read).split()) == ["Hodgkin", "II.", "Patient:", "Quilty", "______", "________"]
    at = read.text.index("Quilty")
    first = box(0, 9)
    assert read.boxes[at] == first._replace(left=first.left - WIDE // 2), "up to the middle of the blank"
    assert read.boxes[at + 5] == box(0, 14)


def test_a_word_that_one_of_both_may_have_misread_is_looked_for_as_both_and_written_as_the_layer_says() -> None:
    read = page(layer("Dr Quiltrane"), [line(0, 0, "Dr Quiltrame")], [])
    assert read.text == "Dr Quiltrane\nDr Quiltrame"
    assert voiced(read) == "Dr Quiltrane\n__ _________"


def test_what_nobody_sees_is_read_and_not_written() -> None:
    read = page(layer("Haemoglobin", "Quilty"), [line(0, 0, "Haemoglobin")], [])
    assert read.text == "Haemoglobin\nQuilty"
    assert voiced(read) == "Haemoglobin\n______"


def test_what_has_no_layer_is_text_where_it_stands_and_reads_on_in_its_row() -> None:
    value = line(0, 9, "Quilty McGrath")
    below = line(2, 0, "Seen by Zanzibarski")
    read = page(layer("Patient:", "Hodgkin II."), [line(0, 0, "Patient:"), value, line(1, 0, "Hodgkin II."), below], [])
    assert read.text == "Patient:\nQuilty McGrath\nHodgkin II.\nSeen by Zanzibarski"
    assert voiced(read) == read.text
    scan = page(layer(), [value, line(0, 0, "Patient:"), below], [])
    assert scan.text == "Patient: Quilty McGrath\nSeen by Zanzibarski"
    assert scan.boxes[: len("Patient:")] == tuple(box(0, at) for at in range(8))
    assert scan.boxes[len("Patient:")] is None


@pytest.mark.parametrize(
    ("said", "pictures", "why"),
    [
        ("", 1, "nobody knows what it is"),
        ("Quilty", 1, "the layer could say anything, in letters that the reader knows and does not see"),
        ("Анна Ивановна", 0, "a script that the reader does not know: the layer is all there is"),
    ],
)
def test_a_line_that_cannot_be_read_is_a_picture(said: str, pictures: int, why: str) -> None:
    read = page(layer(said) if said else layer(), [line(0, 0, "Qx1l#yMcGtb", 0.4)], [])
    assert len(read.pictures) == pictures, why
    assert "x1l" not in read.text
    assert set(voiced(read)) <= {"_", " "}


def test_characters_that_do_not_say_what_they_are_are_read_or_covered() -> None:
    unknown = "\ufffd" * 6
    read = page(layer(unknown, unknown), [line(0, 0, "Quilty")], [])
    assert "Quilty" in voiced(read)
    assert "\ufffd" not in voiced(read)
    assert set(read.pictures) == {box(1, at) for at in range(6)}


def test_a_scan_is_read_and_a_photograph_and_a_code_are_pictures() -> None:
    whole, small = Box(0, 0, 1000, 1300), Box(600, 1100, 800, 1200)
    code = Mark("code", Region("page", 1, 5, 6, 70, 80))
    pictures, lines = (whole, small), [line(0, 0, "Haemoglobin")]
    assert page(layer(pictures=pictures, scans=(whole,)), lines, [code]).pictures == (small, Box(5, 6, 75, 86))
    assert page(layer(pictures=pictures), lines, []).pictures == pictures, "no paper"
    assert page(layer(pictures=pictures, scans=(whole,)), [], []).pictures == pictures, "nothing to read"


@pytest.mark.parametrize(
    ("text", "word", "same", "may_be", "why"),
    [
        ("Patient:Quilty", "QUILTY,", True, True, "case and points"),
        ("Źrodło", "Zrodło", True, True, "accents"),
        ("O1d", "Old", True, True, "what is taken for one another"),
        ("Quiltrane", "Quiltrame", False, True, "one character of nine"),
        ("stage", "stae", False, True, "one of four"),
        ("Quiltrane", "Qviltrame", False, False, "two of nine"),
        ("Li", "Lu", False, False, "one of two"),
        ("Xvjkal", "Quilty", False, False, "another word"),
        ("", "Quilty", False, False, "nothing"),
        ("", "—", True, True, "no letter"),
    ],
)
def test_a_word_is_found_as_readers_read(text: str, word: str, same: bool, may_be: bool, why: str) -> None:
    assert (is_in(text, word), may_be_in(text, word)) == (same, may_be), why


def test_a_name_that_was_misread_is_that_name_and_a_clinical_term_is_none() -> None:
    known = (
        Known(Category.NAME, Role.PATIENT, "family", "Quiltrane", "PID-5[1]"),
        Known(Category.MEDICAL_RECORD, Role.PATIENT, "number", "4711081", "", "HOSP"),
        Known(Category.NAME, Role.PATIENT, "given", "Leber", "PID-5[1]"),
    )
    text = "Mrs. Qulltrame, MRN 47110B1, liver: Fever"
    found = list(misread([Part("page[1]", text, ())], [Subject("s", 1, 1, known=known)]))
    assert [text[one.span.start : one.span.end] for one in found if one.span] == ["Qulltrame", "47110B1"]
    assert [(one.category, one.form, one.role) for one in found] == [
        (Category.NAME, "family", Role.PATIENT),
        (Category.MEDICAL_RECORD, "number", Role.PATIENT),
    ]


def test_what_is_drawn_on_a_scan_goes_and_its_text_and_rules_stay() -> None:
    paper = np.full((1400, 1000, 3), 225, np.uint8)
    cv2.putText(paper, "Haemoglobin", (105, 118), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 2)
    cv2.rectangle(paper, (50, 50), (950, 700), (0, 0, 0), 2)
    cv2.line(paper, (50, 300), (950, 300), (0, 0, 0), 2)
    signature = np.array([[300 + 4 * at, 900 + round(40 * np.sin(at / 3) * np.cos(at / 17))] for at in range(60)])
    cv2.polylines(paper, [signature], False, (60, 60, 160), 3)
    whole = Box(0, 0, 1000, 1400)
    read = pages.page(layer(pictures=(whole,), scans=(whole,)), paper, [line(0, 0, "Haemoglobin")], [])
    [box] = read.pictures
    around = Box(*signature.min(axis=0).tolist(), *signature.max(axis=0).tolist())
    assert around.overlap(box) > 0.95 * around.area
    assert box.area < 1.3 * around.area
