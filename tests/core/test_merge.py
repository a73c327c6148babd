"""Merge: one answer, the same in any order, without overlaps, leaving nothing uncovered."""

from __future__ import annotations

import random

from deidstream.core.category import Category, Role
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.span import Span
from hypothesis import given
from hypothesis import strategies as st

FIELDS, RULES, IDENTITY = "fields.hl7v2/1", "text.rules/1", "text.identity/1"


def finding(
    start: int, end: int, category: Category, detector: str = RULES, score: float = 0.8, **more: object
) -> Finding:
    return Finding("NTE-3", Span(start, end), category, score, detector, **more)  # type: ignore[arg-type]


spans = st.one_of(
    st.none(), st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: Span(pair[0], sum(pair)))
)
findings = st.lists(
    st.builds(
        Finding,
        locator=st.sampled_from(["PID-5", "NTE-3", "OBX-5"]),
        span=spans,
        category=st.sampled_from(
            [Category.NAME, Category.DATE, Category.PHONE, Category.MEDICAL_RECORD, Category.UNKNOWN]
        ),
        score=st.sampled_from([0.2, 0.6, 0.9, 1.0]),
        detector=st.sampled_from([FIELDS, RULES, IDENTITY, "neural/2"]),
        role=st.sampled_from(Role),
        form=st.sampled_from(["", "family", "text.de"]),
        canonical=st.sampled_from(["", "Smith"]),
    ),
    max_size=14,
)


@given(findings, st.randoms())
def test_the_order_of_the_input_does_not_matter(found: list[Finding], order: random.Random):
    shuffled = found.copy()
    order.shuffle(shuffled)
    assert merge(found) == merge(shuffled)


@given(findings)
def test_nothing_overlaps_and_everything_stays_covered(found: list[Finding]):
    merged = merge(found)
    for index, one in enumerate(merged):
        for other in merged[index + 1 :]:
            if one.locator == other.locator:
                assert one.span is not None
                assert other.span is not None
                assert not one.span.overlaps(other.span)
    for one in found:
        mine = [other for other in merged if other.locator == one.locator]
        assert any(other.span is None or (one.span and other.span.covers(one.span)) for other in mine)


@given(findings)
def test_merging_twice_changes_nothing(found: list[Finding]):
    assert merge(merge(found)) == merge(found)


def test_an_element_as_a_whole_is_what_the_one_says_that_speaks_of_all_of_it():
    unread = finding(0, 9, Category.UNKNOWN, "text.unread/1", 1.0)._replace(span=None)
    within = finding(4, 9, Category.SEX, RULES, 1.0)
    (merged,) = merge([within, unread])
    assert (merged.span, merged.category) == (None, Category.UNKNOWN)


def test_identity_beats_rules_for_names_and_keeps_what_it_knows():
    known = finding(4, 9, Category.NAME, IDENTITY, 0.9, form="family", canonical="Smith", role=Role.RELATIVE)
    guessed = finding(4, 9, Category.NAME, RULES, 0.95, form="name")
    assert merge([guessed, known]) == (known._replace(score=0.95),)


def test_a_wider_name_takes_in_its_piece_and_is_read_as_a_whole_name():
    known = finding(4, 9, Category.NAME, IDENTITY, 1.0, form="family", canonical="Smith")
    guessed = finding(0, 9, Category.NAME, RULES, 0.8, form="name")
    (merged,) = merge([known, guessed])
    assert (merged.span, merged.form, merged.canonical) == (Span(0, 9), "name", "")


def test_a_name_within_a_mail_address_is_a_mail_address():
    name = finding(0, 4, Category.NAME, IDENTITY, 1.0, form="given")
    mail = finding(0, 18, Category.EMAIL, RULES, 0.95, form="email")
    assert merge([name, mail]) == (mail._replace(score=1.0),)


def test_a_number_with_a_check_digit_beats_a_phone_of_the_same_extent():
    phone = finding(0, 10, Category.PHONE, RULES, 0.9)
    checked = finding(0, 10, Category.NATIONAL_ID, RULES, 1.0)
    assert merge([phone, checked])[0].category is Category.NATIONAL_ID


def test_structured_fields_win():
    field = finding(0, 8, Category.DATE, FIELDS, 1.0, form="hl7.DT")
    number = finding(0, 8, Category.MEDICAL_RECORD, RULES, 1.0)
    assert merge([number, field]) == (field,)


def test_partly_overlapping_findings_become_their_union():
    merged = merge([finding(0, 6, Category.NAME), finding(4, 12, Category.STREET, score=0.9)])
    assert [one.span for one in merged] == [Span(0, 12)]


def test_neighbours_that_only_touch_stay_apart():
    assert len(merge([finding(0, 5, Category.NAME), finding(5, 9, Category.NAME)])) == 2
