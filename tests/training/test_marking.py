"""The generative route's way from spans to marked text and back: what a model makes up has no place in the source."""

from __future__ import annotations

import pytest
from deidstream_training.generative.marking import aligned, chunks, marked
from hypothesis import given
from hypothesis import strategies as st

TEXT = "Seen by Dr Ada Quill on 3 May; Parkinson's disease, 5 mg."
MARKS = [(11, 20, "name"), (24, 29, "date")]


def of(text: str, written: str) -> list[tuple[str, str]]:
    return [(text[start:end], category) for start, end, category in aligned(text, written).marks]


def test_what_is_marked_is_found_where_it_stood() -> None:
    written = marked(TEXT, MARKS)
    assert written == "Seen by Dr [[name: Ada Quill]] on [[date: 3 May]]; Parkinson's disease, 5 mg."
    found = aligned(TEXT, written)
    assert (list(found.marks), found.preserved) == (MARKS, 1.0)


@given(
    st.lists(st.sampled_from(["Ada", "saw", "May.", "5", "(mg)", "ü", "张伟", "[[", "a:", "]", "\n"]), min_size=1),
    st.data(),
)
def test_there_and_back_again(words: list[str], data: st.DataObject) -> None:
    starts = [sum(len(word) + 1 for word in words[:number]) for number in range(len(words) + 1)]
    ends = sorted(data.draw(st.sets(st.integers(0, len(words)), max_size=6)))
    marks = [(starts[first], starts[last] - 1, "name") for first, last in zip(ends[::2], ends[1::2], strict=False)]
    text = " ".join(words)
    marks = [one for one in marks if not set("[]\n") & set(text[one[0] : one[1] + 2])]
    found = aligned(text, marked(text, marks))
    assert (list(found.marks), found.preserved) == (marks, 1.0)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Seen by Dr [[name: Ada Quil]] on 3 May; Parkinson's disease, 5 mg.", ["Ada Quill"]),  # copied wrongly
        ("Seen by Dr [[name: Ida Qill]] on 3 May.", ["Ada Quill"]),
        ("[[name: Bert Moss]] was here. " + TEXT, []),  # made up
        ("Seen by Dr Ada Quill on [[date: 3 May", []),  # broken off
        ("[[date: 3 May]] [[name: Ada Quill]]", ["Ada Quill"]),  # another order: the longest that fits
        ("", []),
        ("]] [[ [[name: ]] [[: x]]", []),
    ],
)
def test_whatever_a_model_writes_only_what_it_was_given_is_marked(written: str, found: list[str]) -> None:
    assert [text for text, _ in of(TEXT, written)] == found


def test_a_category_of_its_own_is_marked_all_the_same() -> None:
    assert of(TEXT, TEXT.replace("Ada Quill", "[[person: Ada Quill]]")) == [("Ada Quill", "unknown")]


def test_what_was_left_out_or_changed_is_not_preserved() -> None:
    assert aligned("one two three four", "one two").preserved == pytest.approx(6 / 15)
    assert aligned("one two three four", "one two three four and more").preserved == 1.0
    assert aligned("dose 5 mg", "dose 50 mg").preserved == pytest.approx(6 / 7)


def test_a_long_text_is_cut_between_sentences_and_never_inside_a_mark() -> None:
    text = "Seen by Ada Quill.\nNo complaints. " * 20
    marks = [(at, at + 9, "name") for at in range(8, len(text), 34)]
    pieces = list(chunks(text, marks, 60))
    assert "".join(piece for _, piece, _ in pieces) == text
    assert all(len(piece) <= 60 for _, piece, _ in pieces)
    found = [(start + first, start + last, name) for start, _, inside in pieces for first, last, name in inside]
    assert found == marks
    assert [piece for _, piece, _ in chunks("x" * 130, [(10, 120, "name")], 60)] == ["x" * 10, "x" * 110, "x" * 10]
