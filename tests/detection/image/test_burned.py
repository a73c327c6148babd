"""From lines of text to rectangles that are covered."""

from __future__ import annotations

from pathlib import Path

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.region import Region
from deidstream.core.subject import Known, Subject
from deidstream.detection.image.burned import findings
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.ports import Mark, Sight, TextLine

_PATIENT = Subject(
    "s",
    known=(
        Known(Category.NAME, Role.PATIENT, "family", "Stone", "1"),
        Known(Category.NAME, Role.PATIENT, "given", "Quirinus", "1"),
        Known(Category.MEDICAL_RECORD, Role.PATIENT, "number", "80125", "2"),
    ),
)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return Rules(compiled=Path(tmp_path_factory.mktemp("compiled")))


def _line(text: str, y: int = 10, score: float = 0.99, width: int = 0) -> TextLine:
    places = tuple((number + 0.5) / len(text) for number in range(len(text)))
    return TextLine(Region("PixelData", 1, 20, y, width or 10 * len(text), 20), text, score, places)


def _found(rules: Rules, *lines: TextLine, subjects: tuple[Subject, ...] = (_PATIENT,)) -> dict[Region, Category]:
    found = findings(Sight(lines, (), 1), subjects, [rules], Identity())
    return {region: one.category for one in found if (region := Region.parse(one.locator))}


@pytest.mark.parametrize(
    ("text", "category", "why"),
    [
        ("QUIRINUS STONE", Category.NAME, "as known"),
        ("QUIR1NUS ST0NE", Category.NAME, "as a reader takes letters for digits"),
        ("STONE", Category.NAME, "a clinical term, but the patient's name"),
        ("8O125", Category.MEDICAL_RECORD, "a number with a letter in it"),
        ("Wexelbaum", Category.UNKNOWN, "nobody knows it"),
        ("DOB: 04/12/1961", Category.DATE, "rules"),
        ("10:15:22", Category.DATE, "a time"),
        ("12 03 61", Category.UNKNOWN, "may be a date, or a number in groups"),
    ],
)
def test_what_identifies_somebody_is_covered(text: str, category: Category, why: str, rules: Rules) -> None:
    found = _found(rules, _line(text))
    assert category in {*found.values(), *((Category.DATE,) if Category.BIRTH_DATE in found.values() else ())}, why
    covered = sum(region.width for region in found)
    assert covered >= 0.5 * 10 * len(text)


@pytest.mark.parametrize("text", ["Liver 12.5 cm", "MI:1.4 TIS0.0", "L", "HR 72 bpm", "120 kV 80 mA", "SAG T2 FLAIR"])
def test_what_does_not_stays(text: str, rules: Rules) -> None:
    assert _found(rules, _line(text)) == {}


def test_a_stone_stays_where_nobody_is_called_so(rules: Rules) -> None:
    assert _found(rules, _line("STONE 4 mm"), subjects=()) == {}


def test_only_the_words_that_identify_somebody_are_covered_and_their_neighbours_stay(rules: Rules) -> None:
    (region,) = _found(rules, _line("Wexelbaum HR 72 bpm"))
    assert region.x == 20
    assert 90 <= region.width <= 105, "up to the middle of the blank behind the name"


def test_a_line_that_cannot_be_read_is_covered_and_a_mark_is_not(rules: Rules) -> None:
    unread, mark = _line("?????", score=0.3), _line("i", y=60, score=0.3, width=20)
    assert list(_found(rules, unread, mark)) == [unread.box]


def test_a_large_shape_in_an_instance_is_no_line_but_in_a_photograph_it_may_be_handwriting(rules: Rules) -> None:
    box = Region("PixelData", 1, 20, 20, 300, 90)
    assert _found(rules, TextLine(box, "", 0.2)) == {}
    assert list(_found(rules, TextLine(box._replace(element="image"), "", 0.2))) == [box._replace(element="image")]
    assert list(_found(rules, TextLine(box, "Wexelbaum", 0.95))) == [box]


def test_a_line_that_does_not_run_from_left_to_right_is_covered_whole(rules: Rules) -> None:
    upright = TextLine(Region("PixelData", 1, 5, 5, 20, 200), "Wexelbaum 12 cm", 0.99, ())
    assert list(_found(rules, upright)) == [upright.box]


def test_what_is_covered_leaves_the_lines_beside_it_alone(rules: Rules) -> None:
    above, name, below = _line("MI 1.4", y=10), _line("Wexelbaum", y=26), _line("12.5 cm", y=42)
    (region,) = _found(rules, above, name, below)
    assert region.y >= 28
    assert region.y + region.height <= 44


def test_codes_and_faces_are_findings_of_their_own(rules: Rules) -> None:
    code = Mark("code", Region("PixelData", 1, 0, 0, 50, 50), "4711")
    face = Mark("face", Region("PixelData", 2, 100, 0, 50, 50), "", 0.7)
    found = findings(Sight((), (code, face), 2), (), [rules], Identity())
    assert [(one.locator, one.category) for one in found] == [
        (code.box.locator, Category.OTHER_ID),
        (face.box.locator, Category.PHOTO),
    ]
