from __future__ import annotations

import pytest
from deidstream.detection.text.tagger.units import units
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Müller-Lüdenscheidt, MRN", ["Dr", ".", "Müller-Lüdenscheidt", ",", "MRN"]),
        ("O'Brien’s", ["O'Brien’s"]),
        ("12.03.1950", ["12", ".", "03", ".", "1950"]),
        ("张伟于2024年", ["张", "伟", "于", "2024", "年"]),
        ("e\u0301te\u0301", ["e\u0301te\u0301"]),
        ("محمد بن سلمان", ["محمد", "بن", "سلمان"]),
        ("- Anna -", ["-", "Anna", "-"]),
        ("a--b", ["a", "-", "-", "b"]),
        ("", []),
    ],
)
def test_words_stay_whole_and_signs_alone(text: str, expected: list[str]) -> None:
    found = units(text)
    assert [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)] == expected


def test_a_span_may_begin_with_a_word_a_number_or_the_plus_of_a_phone_and_not_with_other_signs() -> None:
    text = "+49 (30) Anna, 张"
    found = units(text)
    edges = {text[start] for start, edge in zip(found.starts, found.edges, strict=True) if edge}
    assert edges == {"+", "4", "3", "A", "张"}


@given(st.text(max_size=60))
def test_every_sign_but_white_space_is_in_exactly_one_unit(text: str) -> None:
    found = units(text)
    covered = [place for start, end in zip(found.starts, found.ends, strict=True) for place in range(start, end)]
    assert len(covered) == len(set(covered))
    assert {place for place, sign in enumerate(text) if not sign.isspace()} <= set(covered)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nhc-4711", ["nhc", "-", "4711"]),
        ("1-a", ["1", "-", "a"]),
        ("08005-Barcelona", ["08005", "-", "Barcelona"]),
        ("X-1234567-L", ["X", "-", "1234567", "-", "L"]),
        ("AB-12-34", ["AB", "-", "12-34"]),
        ("12-34-5678", ["12-34-5678"]),
        ("García-López", ["García-López"]),
    ],
)
def test_a_hyphen_between_letters_and_digits_joins_nothing(text: str, expected: list[str]) -> None:
    found = units(text)
    assert [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)] == expected
    assert len(found.joins) == expected.count("-")
