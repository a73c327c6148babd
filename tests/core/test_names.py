"""The many ways to write one name."""

from __future__ import annotations

import pytest
from deidstream.core.names import Piece, nicknames, pieces, plain, spellings, words
from hypothesis import given
from hypothesis import strategies as st

_WHOLE = [
    ("John Doe", False, [("given", "John"), ("family", "Doe")], "display order"),
    ("Doe, John A.", False, [("family", "Doe"), ("given", "John A.")], "a comma turns it round"),
    ("Dr. med. Hans Müller", False, [("given", "Hans"), ("family", "Müller")], "titles are no names"),
    ("John Doe, MD", False, [("given", "John"), ("family", "Doe")], "nor are degrees, comma or not"),
    ("John Doe Jr.", False, [("given", "John"), ("family", "Doe")], "nor suffixes"),
    ("María de la Cruz", False, [("given", "María"), ("family", "de la Cruz")], "particles go with the family name"),
    ("Jan van der Berg", False, [("given", "Jan"), ("family", "van der Berg")], "in Dutch too"),
    ("Müller Hans", True, [("family", "Müller"), ("given", "Hans")], "where the form says so"),
    ("Doe", False, [("family", "Doe")], "one word alone"),
    ("", False, [], "nothing"),
]


@pytest.mark.parametrize(("name", "family_first", "expected", "reason"), _WHOLE, ids=[row[3] for row in _WHOLE])
def test_a_whole_name_is_taken_apart(
    name: str, family_first: bool, expected: list[tuple[str, str]], reason: str
) -> None:
    assert list(pieces(name, family_first)) == [Piece(*pair) for pair in expected], reason


_FAMILIAR = [
    ("Robert", "bob"), ("Bob", "robert"), ("José", "pepe"), ("Francisco", "paco"), ("Hans", "johannes"), ("Johannes", "hans"),
    ("Elisabeth", "liesl"), ("Giuseppe", "beppe"), ("Cornelis", "kees"), ("Joaquim", "quim"), ("Véronique", "vero"),
    ("William", "bill"), ("Margaret", "peggy"), ("Alexander", "sascha"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "familiar"), _FAMILIAR)
def test_familiar_forms_count_in_both_directions(name: str, familiar: str) -> None:
    assert familiar in nicknames(name)
    assert plain(name) in nicknames(familiar)


def test_no_familiar_form_is_a_word_of_the_chart_header() -> None:
    assert not {"dob", "mrn", "sex"} & nicknames("Robert")
    assert nicknames("Xyzzy") == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "Mueller"),
        ("Müller", "Muller"),
        ("Weiß", "Weiss"),
        ("Kjær", "Kjaer"),
        ("Bjørn", "Bjoern"),
        ("Åse", "Aase"),
    ],
)
def test_two_spellings_of_one_name_meet(one: str, other: str) -> None:
    assert spellings(one) & spellings(other)


def test_words_part_at_hyphens_apostrophes_and_spaces_and_marks_go() -> None:
    assert words("O'Brien-García López") == ("o", "brien", "garcia", "lopez")
    assert words("Jose\u0301") == words("José")


@given(st.text(max_size=40))
def test_no_word_of_a_name_is_lost_but_titles_and_suffixes(name: str) -> None:
    kept = " ".join(piece.text for piece in pieces(name))
    assert all(word in name for word in kept.split())


@given(st.text(st.characters(categories=("Lu", "Ll")), min_size=1, max_size=12))
def test_spellings_hold_the_plain_form_and_are_plain(word: str) -> None:
    forms = spellings(word)
    assert forms
    assert all(plain(form) == form for form in forms if form.isascii())
