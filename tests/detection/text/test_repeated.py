"""A name that was found once is found everywhere in the case, and nothing is found that no name says."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.core.subject import Subject
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.repeated import repeated
from hypothesis import given
from hypothesis import strategies as st

LETTER = "Patient: Quilty McGrath. Hodgkin lymphoma."
spans = st.lists(
    st.builds(lambda start, size: Span(start, start + size), st.integers(0, 40), st.integers(1, 9)), max_size=6
)
PARTS = [Part(f"{number}", text, ()) for number, text in enumerate((LETTER, "McGrath, Quilty\nMrs McGrath called."))]


def found(text: str, score: float = 0.95, category: Category = Category.NAME) -> Finding:
    start = LETTER.index(text)
    return Finding("0", Span(start, start + len(text)), category, score, "text.tagger/3")


def again(*findings: Finding) -> list[tuple[str, str]]:
    more = repeated(PARTS, [list(findings), []], Identity())
    return [
        (part.locator, part.text[one.span.start : one.span.end])
        for part, of in zip(PARTS, more, strict=True)
        for one in of
        if one.span
    ]


def test_it_is_found_in_other_parts_and_in_other_forms() -> None:
    assert again(found("Quilty McGrath")) == [("1", "McGrath, Quilty"), ("1", "McGrath")]


def test_where_something_was_found_already_nothing_is_added() -> None:
    known = Finding("1", Span(0, 15), Category.NAME, 0.99, "text.identity/1")
    more = repeated(PARTS, [[found("Quilty McGrath")], [known]], Identity())
    assert [one.span for one in more[1]] == [Span(20, 27)]


def test_what_is_hardly_a_name_and_what_is_none_are_not_looked_for() -> None:
    assert again(found("Quilty McGrath", 0.6)) == []
    assert again(found("Quilty McGrath", 0.99, Category.ORGANISATION)) == []
    assert again() == []


def test_a_part_that_counts_as_one_finding_is_no_name() -> None:
    assert again(Finding("0", None, Category.UNKNOWN, 1.0, "text.unread/1")) == []


@given(spans, spans)
def test_what_is_new_overlaps_nothing_that_is_there(more: list[Span], have: list[Span]) -> None:
    def as_findings(of: list[Span]) -> list[Finding]:
        return [Finding("0", one, Category.NAME, 0.99, "text.identity/1") for one in of]

    class Layer:
        def find(self, parts: Sequence[Part], subjects: Sequence[Subject]) -> list[list[Finding]]:
            return [as_findings(more)]

    (found,) = repeated([Part("0", "x" * 60, ())], [[*as_findings(have), *as_findings([Span(50, 60)])]], Layer())
    assert [one.span for one in found] == [one for one in more if not any(map(one.overlaps, have))]


def test_a_case_that_is_longer_than_any_document_is_read_once() -> None:
    long = [PARTS[0], Part("1", "McGrath " * 140_000, ())]
    assert repeated(long, [[found("Quilty McGrath")], []], Identity()) == [[], []]


def test_a_word_of_the_language_without_a_capital_is_not_the_name_that_is_written_like_it() -> None:
    letter = "Dr. Young: a young man. Called mcgrath, seen by Dr. McGrath again."
    names = [Finding("0", Span(4, 9), Category.NAME, 0.95, "text.tagger/3")]
    start = letter.index("McGrath")
    names.append(Finding("0", Span(start, start + 7), Category.NAME, 0.95, "text.tagger/3"))
    (more,) = repeated([Part("0", letter, ())], [names], Identity())
    assert {letter[one.span.start : one.span.end] for one in more if one.span} == {"mcgrath"}


def test_a_disease_is_not_the_doctor_of_that_name() -> None:
    letter = "Dr. Wilson: never Wilson's disease. She saw Wilson again; Mr. Wilson's disease progresses."
    name = Finding("0", Span(4, 10), Category.NAME, 0.95, "text.tagger/7")
    (more,) = repeated([Part("0", letter, ())], [[name]], Identity())
    places = {one.span.start for one in more if one.span}
    assert places == {letter.index("Wilson again"), letter.index("Wilson's disease progresses")}
