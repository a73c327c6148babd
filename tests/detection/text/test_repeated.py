"""A name that was found once is found everywhere in the case, and nothing is found that no name says."""

from __future__ import annotations

from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.repeated import repeated

LETTER = "Patient: Quilty McGrath. Hodgkin lymphoma."
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
