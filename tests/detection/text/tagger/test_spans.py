from __future__ import annotations

import numpy as np
from deidstream.detection.text.tagger.spans import Labels, Tagged, of_units, spans
from deidstream.detection.text.tagger.units import units

LABELS = Labels(("name", "date"), np.array([0.5, 0.5], dtype=np.float32))
_ROWS = {"O": 0, "B": 1, "I": 2, "b": 3, "i": 4}


def tagged(text: str, *pieces: tuple[str, str], certain: float = 0.9, labels: Labels = LABELS) -> list[tuple[str, str]]:
    """``pieces``: texts in order, each with O, B, I (a name) or b, i (a date)."""
    starts, ends, rows, at = [], [], [], 0
    for piece, label in pieces:
        at = text.index(piece, at)
        starts.append(at)
        at += len(piece)
        ends.append(at)
        row = np.full(5, (1 - certain) / 4, dtype=np.float32)
        row[_ROWS[label]] = certain
        rows.append(row)
    there = units(text)
    found = spans(there, of_units(there, np.array(starts), np.array(ends), np.array(rows)), labels)
    return [(text[one.start : one.end], one.category) for one in found]


def test_pieces_of_a_word_make_it_whole() -> None:
    assert tagged(
        "saw Anna-Lena today", ("saw", "O"), ("An", "B"), ("na", "I"), ("-Le", "I"), ("na", "O"), ("today", "O")
    ) == [("Anna-Lena", "name")]


def test_one_piece_of_many_does_not_make_a_word_a_name() -> None:
    assert tagged("Parkinson", ("Par", "O"), ("kin", "O"), ("son", "B")) == []


def test_punctuation_at_the_ends_is_left_out() -> None:
    text = "( Anna Lang ) ,"
    assert tagged(text, ("(", "B"), ("Anna", "I"), ("Lang", "I"), (")", "I"), (",", "I")) == [("Anna Lang", "name")]
    assert tagged(". ,", (".", "B"), (",", "I")) == []


def test_a_new_beginning_ends_the_one_before() -> None:
    assert tagged("Anna Lang Eva", ("Anna", "B"), ("Lang", "I"), ("Eva", "B")) == [
        ("Anna Lang", "name"),
        ("Eva", "name"),
    ]
    assert tagged("Anna 3 May", ("Anna", "B"), ("3", "i"), ("May", "i")) == [("Anna", "name"), ("3 May", "date")]


def test_an_i_in_a_later_piece_of_a_word_begins_nothing() -> None:
    assert tagged("Anna Lang", ("Anna", "B"), ("La", "I"), ("ng", "B")) == [("Anna Lang", "name")]


def test_a_threshold_decides_how_sure_is_sure_enough() -> None:
    eager = Labels(LABELS.categories, np.array([0.3, 0.95], dtype=np.float32))
    assert tagged("Anna May", ("Anna", "B"), ("May", "b"), certain=0.6, labels=eager) == [("Anna", "name")]


def test_what_no_piece_stands_for_is_of_no_category() -> None:
    assert tagged("Anna \x07 Lang", ("Anna", "B"), ("Lang", "I")) == [("Anna", "name"), ("Lang", "name")]


def test_scores_are_those_of_the_units() -> None:
    rows = np.array([[0.1, 0.8, 0.1, 0, 0], [0.4, 0.1, 0.5, 0, 0]], dtype=np.float32)
    there = units("Anna Lang")
    (one,) = spans(there, of_units(there, np.array([0, 5]), np.array([4, 9]), rows), LABELS)
    assert one == Tagged(0, 9, "name", one.score)
    assert abs(one.score - 0.75) < 1e-6


def test_what_closes_a_quotation_within_belongs_to_it() -> None:
    text = 'at Hospital "Lara" (old), not "Lara"'
    quoted = (("at", "O"), ("Hospital", "B"), ('"', "I"), ("Lara", "I"), ('"', "O"), ("(", "O"), ("old", "O"))
    assert tagged(text, *quoted)[0] == ('Hospital "Lara"', "name")
    assert tagged('by "Lara" there', ("by", "O"), ("Lara", "B"), ('"', "I"), ("there", "O")) == [("Lara", "name")]
    assert tagged("(Casa (Lara) ) x", ("Casa", "B"), ("(", "I"), ("Lara", "I"), (")", "O")) == [("Casa (Lara)", "name")]


def test_the_point_of_a_last_initial_belongs_to_the_name() -> None:
    assert tagged("by Anna S., 3", ("by", "O"), ("Anna", "B"), ("S", "I")) == [("Anna S.", "name")]
    assert tagged("by Anna So. 3", ("by", "O"), ("Anna", "B"), ("So", "I")) == [("Anna So", "name")]
    assert tagged("in May 3 P.", ("May", "b"), ("3", "i"), ("P", "i")) == [("May 3 P", "date")]


def test_letters_and_digits_with_a_hyphen_are_told_apart_where_the_model_does() -> None:
    assert tagged("08-Lara x", ("08", "b"), ("-", "O"), ("Lara", "B")) == [("08", "date"), ("Lara", "name")]
    assert tagged("x abc-08", ("x", "O"), ("abc", "O"), ("-", "O"), ("08", "b"), certain=0.97) == [("08", "date")]


def test_unless_it_is_not_sure_that_the_letters_are_nothing() -> None:
    assert tagged("x abc-08", ("x", "O"), ("abc", "O"), ("-", "O"), ("08", "b"), certain=0.8) == [("abc-08", "date")]
    assert tagged("60-year-old", ("60", "b"), ("-", "O"), ("year", "b"), ("-old", "i")) == [("60-year-old", "date")]
