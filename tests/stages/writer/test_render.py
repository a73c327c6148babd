from __future__ import annotations

from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.span import Span
from deidstream.formats import split
from deidstream.stages.writer.render import render
from deidstream.stages.writer.residue import surviving_values

TEXT = "MRN 7712345 seen. Later: 7712345 again; 977123456 is another number."


def decision(span: Span, method: Method, replacement: str) -> Decision:
    return Decision("text", span, Category.MEDICAL_RECORD, method, replacement, "test")


def test_the_map_names_exactly_the_replaced_bytes() -> None:
    document = split("text", TEXT.encode())
    rendered = render(document, [decision(Span(4, 11), Method.PSEUDONYM, "1199")])
    assert [rendered.content[slice(*place)] for place in rendered.replaced] == [b"1199"]
    (part,) = rendered.parts
    assert [part.text[span.start : span.end] for span in part.decided] == ["1199"]
    assert part.origin == (Span(4, 11),)


def test_a_value_that_stands_a_second_time_is_residue() -> None:
    document = split("text", TEXT.encode())
    decisions = [decision(Span(4, 11), Method.PSEUDONYM, "1199888")]
    assert surviving_values(document, decisions, render(document, decisions)) == decisions


def test_a_longer_number_that_contains_the_value_is_no_residue() -> None:
    document = split("text", TEXT.encode())
    decisions = [
        decision(Span(4, 11), Method.PSEUDONYM, "1199888"),
        decision(Span(25, 32), Method.PSEUDONYM, "1199888"),
    ]
    assert surviving_values(document, decisions, render(document, decisions)) == []


def test_a_value_that_policy_keeps_elsewhere_is_no_residue() -> None:
    document = split("text", TEXT.encode())
    decisions = [decision(Span(4, 11), Method.PSEUDONYM, "1199888"), decision(Span(25, 32), Method.KEEP, "7712345")]
    assert surviving_values(document, decisions, render(document, decisions)) == []


def test_a_surrogate_that_equals_another_original_is_no_residue() -> None:
    text = "MRN 7712345, MRN 8823456"
    document = split("text", text.encode())
    decisions = [
        decision(Span(4, 11), Method.PSEUDONYM, "8823456"),
        decision(Span(17, 24), Method.PSEUDONYM, "1199888"),
    ]
    assert surviving_values(document, decisions, render(document, decisions)) == []
