"""Cuts are those of the layer that was measured to make them rightly, and nothing that a layer reported is left behind."""

from __future__ import annotations

from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.span import Span
from deidstream.detection.text.extents import Extents, extents_learned
from hypothesis import given
from hypothesis import strategies as st

RULES, TAGGER = "text.rules/1", "text.tagger/3"
CITY, STREET, POSTAL = Category.CITY, Category.STREET, Category.POSTAL_CODE
TEXT = "Calle Mayor 3, 28013 Getafe Madrid"


def finding(found: str, category: Category, detector: str, score: float = 0.6, text: str = TEXT) -> Finding:
    start = text.index(found)
    return Finding("1", Span(start, start + len(found)), category, score, detector)


WIDE = finding("Calle Mayor 3, 28013", STREET, RULES, 0.9)
APART = [finding("Calle Mayor 3", STREET, TAGGER), finding("28013", POSTAL, TAGGER)]
MARKS = [(0, 13, "street"), (15, 20, "postal_code")]


def texts(findings: list[Finding]) -> list[tuple[str, Category]]:
    return [(TEXT[one.span.start : one.span.end], one.category) for one in merge(findings) if one.span]


def test_of_two_layers_the_one_whose_extents_were_right_more_often_cuts() -> None:
    table = extents_learned([([WIDE, *APART], MARKS)] * 6)
    assert table["text.rules/street"] == round(1 / 8, 4)
    assert table["text.tagger/street"] == table["text.tagger/postal_code"] == round(7 / 8, 4)
    assert texts(Extents(table).settled(TEXT, [WIDE, *APART])) == [("Calle Mayor 3", STREET), ("28013", POSTAL)]


def test_where_the_wider_one_was_right_more_often_it_stays_whole() -> None:
    table = extents_learned([([WIDE, *APART], [(0, 20, "street")])] * 6)
    assert texts(Extents(table).settled(TEXT, [WIDE, *APART])) == [("Calle Mayor 3, 28013", STREET)]


def test_what_the_better_cuts_leave_out_stands_by_itself() -> None:
    wide = finding("28013 Getafe Madrid", CITY, RULES, 0.9)
    apart = [finding("28013", POSTAL, TAGGER), finding("Madrid", CITY, TAGGER)]
    table = {"text.rules": 0.1, "text.tagger": 0.9}
    assert texts(Extents(table).settled(TEXT, [wide, *apart])) == [
        ("28013", POSTAL),
        ("Getafe", CITY),
        ("Madrid", CITY),
    ]


def test_a_number_whose_check_digits_fit_is_cut_by_nobody() -> None:
    sure = finding("Calle Mayor 3, 28013", STREET, RULES, 1.0)
    table = {"text.rules": 0.1, "text.tagger": 0.9}
    assert sure in Extents(table).settled(TEXT, [sure, *APART])


def test_where_a_layer_was_not_measured_nothing_is_cut() -> None:
    for table in ({}, {"text.tagger": 0.9}, {"text.tagger/street": 0.9, "text.rules": 0.1}):
        assert sorted(Extents(table).settled(TEXT, [WIDE, *APART])) == sorted([WIDE, *APART])


def test_agreement_and_one_layer_alone_say_nothing_about_extents() -> None:
    assert extents_learned([([WIDE, WIDE._replace(detector=TAGGER)], MARKS), (APART, MARKS)] * 9) == {}


many = st.lists(
    st.builds(
        lambda start, length, category, detector: Finding(
            "1", Span(start, min(start + length, len(TEXT))), category, 0.6, detector
        ),
        st.integers(0, len(TEXT) - 1),
        st.integers(1, 12),
        st.sampled_from([CITY, STREET, POSTAL]),
        st.sampled_from([RULES, TAGGER]),
    ),
    max_size=8,
)


@given(many, st.floats(0, 1), st.floats(0, 1))
def test_no_letter_or_digit_that_a_layer_reported_is_left_behind(
    found: list[Finding], one: float, other: float
) -> None:
    def signs(findings: list[Finding]) -> set[int]:
        places = {at for each in findings if each.span for at in range(each.span.start, each.span.end)}
        return {at for at in places if TEXT[at].isalnum()}

    settled = Extents({"text.rules": one, "text.tagger": other}).settled(TEXT, found)
    assert signs(settled) == signs(found)


def test_pieces_of_an_address_line_are_one_unless_words_or_lines_stand_between() -> None:
    table = {"text.rules": 0.5, "text.tagger": 0.5}
    text = "Av. Carranza No. 2395 y Calle Sur 3\nCalle Norte 4"
    pieces = [
        finding(one, STREET, TAGGER, text=text) for one in ("Av. Carranza No", "2395", "Calle Sur 3", "Calle Norte 4")
    ]
    found = merge(Extents(table).settled(text, pieces))
    assert [text[one.span.start : one.span.end] for one in found if one.span] == [
        "Av. Carranza No. 2395",
        "Calle Sur 3",
        "Calle Norte 4",
    ]
