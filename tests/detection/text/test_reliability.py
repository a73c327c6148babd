"""What was measured about layers decides between them: by category, by score, and by what the others say."""

from __future__ import annotations

from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.span import Span
from deidstream.detection.text.reliability import Reliability, learned
from deidstream.detection.text.rules.rule import EVIDENT
from hypothesis import given
from hypothesis import strategies as st

RULES, TAGGER = "text.rules/1", "text.tagger/3"


def finding(category: Category, detector: str, score: float = 0.6, start: int = 0, end: int = 4) -> Finding:
    return Finding("1", Span(start, end), category, score, detector)


NAME, PLACE = Category.NAME, Category.PLACE
BY_RULES, BY_TAGGER = finding(NAME, RULES), finding(PLACE, TAGGER, 0.8)


def measured(
    right: int, of: int, findings: list[Finding], category: Category
) -> list[tuple[list[Finding], list[tuple[int, int, str]]]]:
    return [(findings, [(0, 4, category.value)] if number < right else []) for number in range(of)]


def test_a_layer_is_trusted_as_often_as_it_was_right() -> None:
    table = learned(measured(30, 48, [BY_RULES], NAME))
    assert table["text.rules/name/0.6/none"] == (0.62, 0.62)
    (one,) = Reliability(table).weighed([BY_RULES])
    assert one == BY_RULES._replace(score=0.62)


def test_that_another_layer_agrees_is_a_row_of_its_own() -> None:
    agreed = [BY_RULES, finding(NAME, TAGGER)]
    table = learned([*measured(10, 48, [BY_RULES], NAME), *measured(48, 48, agreed, NAME)])
    alone, together = Reliability(table).weighed([BY_RULES]), Reliability(table).weighed(agreed)
    assert alone[0].score == 0.22
    assert [one.score for one in together] == [0.98, 0.98]


def test_where_layers_disagree_the_one_that_was_right_more_often_wins_whatever_they_say_of_themselves() -> None:
    for truth in (NAME, PLACE):
        table = learned(measured(40, 48, [BY_RULES, BY_TAGGER], truth))
        assert [one.category for one in merge(Reliability(table).weighed([BY_RULES, BY_TAGGER]))] == [truth]


def test_what_hardly_ever_identifies_is_left_out_and_a_number_with_check_digits_never() -> None:
    checked = finding(Category.NATIONAL_ID, RULES, 1.0)
    table = learned([*measured(0, 48, [BY_RULES], NAME), *measured(0, 48, [checked], NAME)])
    assert Reliability(table).weighed([BY_RULES, checked], least=0.1) == [checked]
    assert [one.category for one in Reliability(table).weighed([BY_RULES], least=0.01)] == [NAME]


def test_that_it_identifies_counts_for_existence_whatever_its_category() -> None:
    """A place that was taken for a name is no reason to release it."""
    table = learned(measured(48, 48, [BY_RULES], PLACE))
    assert [one.score for one in Reliability(table).weighed([BY_RULES], least=0.5)] == [0.02]


def test_a_coarser_row_stands_for_one_that_was_seen_too_seldom() -> None:
    other = [finding(NAME, RULES, 0.7)]
    table = learned([*measured(4, 4, other, NAME), *measured(2, 4, [BY_RULES], NAME)])
    assert "text.rules/name/0.7/none" not in table
    (one,) = Reliability(table).weighed(other)
    assert one.score == table["text.rules/name/none"].category == round(7 / 10, 4)


def test_of_a_layer_that_was_not_measured_nothing_changes() -> None:
    assert Reliability({}).weighed([BY_RULES, BY_TAGGER], least=0.9) == [BY_RULES, BY_TAGGER]


places = st.tuples(st.integers(0, 60), st.integers(1, 8))
many = st.lists(
    st.builds(
        lambda place, category, detector: finding(category, detector, 0.6, place[0], sum(place)),
        places,
        st.sampled_from([NAME, PLACE]),
        st.sampled_from([RULES, TAGGER]),
    ),
    max_size=20,
)


@given(many)
def test_what_others_say_is_found_wherever_it_overlaps(findings: list[Finding]) -> None:
    table = {
        "text.rules/name/same": (0.9, 0.91),
        "text.rules/name/other": (0.9, 0.5),
        "text.rules/name/none": (0.9, 0.1),
    }
    for one in Reliability(table).weighed(findings):
        if one.detector == RULES and one.category is NAME and one.span is not None:
            said = {
                other.category
                for other in findings
                if other.detector == TAGGER and other.span and other.span.overlaps(one.span)
            }
            assert one.score == (0.91 if NAME in said else 0.5 if said else 0.1)


def test_what_is_evident_stays_where_nobody_else_says_anything_and_is_weighed_where_somebody_does() -> None:
    table = learned(measured(2, 48, [BY_RULES], NAME) + measured(2, 48, [BY_RULES, BY_TAGGER], NAME))
    evident = BY_RULES._replace(score=EVIDENT)
    assert Reliability(table).weighed([BY_RULES], least=0.3) == []
    assert Reliability(table).weighed([evident], least=0.3) == [evident]
    assert evident not in Reliability(table).weighed([evident, BY_TAGGER], least=0.3)


def test_what_a_layer_alone_is_sure_of_is_not_weighed_by_what_it_was_unsure_of() -> None:
    table = learned(measured(0, 48, [BY_RULES], NAME))
    sure = BY_RULES._replace(score=0.85)
    assert Reliability(table).weighed([BY_RULES, sure], least=0.3) == [sure]
