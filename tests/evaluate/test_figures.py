"""The figures against their definitions, worked out position by position, and against cases with a known answer."""

from __future__ import annotations

from random import Random

import pytest
from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold, Predicted
from deidstream.evaluation.bootstrap import intervals
from deidstream.evaluation.counting import Counts, compare, total
from deidstream.evaluation.figures import FIGURES
from deidstream.evaluation.mistakes import Kind, mistakes
from deidstream.evaluation.result import PATIENTS, pooled, result
from deidstream.evaluation.words import Words, words
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAME, DATE, CITY, POSTAL_CODE, AGE = Category.NAME, Category.DATE, Category.CITY, Category.POSTAL_CODE, Category.AGE
CATEGORIES = st.sampled_from([NAME, DATE, CITY, POSTAL_CODE])
SPANS = st.tuples(st.integers(0, 29), st.integers(1, 6)).map(lambda at: Span(at[0], min(30, at[0] + at[1])))
TEXTS = st.sampled_from(
    ["Ana vino\n a  casa é 😀 de Br 12 x".ljust(30)[:30], "abcdefghijklmnopqrstuvwxyz0123", " " * 30]
)
GOLD = st.builds(
    lambda span, accepts: Gold(span, tuple(accepts), "L"), SPANS, st.lists(CATEGORIES, min_size=1, max_size=2)
)
PREDICTED = st.builds(Predicted, SPANS, CATEGORIES)
DOCUMENTS = st.builds(
    lambda text, gold, unmarked: Annotated("1", "c", text, tuple(gold), unmarked=frozenset(unmarked)),
    TEXTS,
    st.lists(GOLD, max_size=6),
    st.sets(CATEGORIES, max_size=2),
)

ON_ANY_MACHINE = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # how long it takes says nothing here


def document(text: str, *gold: tuple[int, int, Category], **more: object) -> Annotated:
    marked = tuple(Gold(Span(start, end), (category,), str(category)) for start, end, category in gold)
    return Annotated("1", "c", text, marked, **more)  # type: ignore[arg-type]


def figures(document: Annotated, *predicted: tuple[int, int, Category]) -> dict[str, float | None]:
    spans = [Predicted(Span(start, end), category) for start, end, category in predicted]
    counts = compare(document, spans, words(document.text)).counts
    return {name: one.share(counts) for name, one in FIGURES.items()}


def positions(spans: list[Span]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


@ON_ANY_MACHINE
@given(DOCUMENTS, st.lists(PREDICTED, max_size=8))
def test_counts_agree_with_sets_of_positions(document: Annotated, predicted: list[Predicted]) -> None:
    counts = compare(document, predicted, Words()).counts
    gold = set(document.gold)
    marked = positions([one.span for one in gold])
    judged = {one for one in predicted if one.category not in document.unmarked or positions([one.span]) & marked}
    reported = positions([one.span for one in predicted])
    claimed = positions([one.span for one in judged])
    blank = {at for at, character in enumerate(document.text) if character.isspace()}
    assert counts.gold == len(gold)
    assert counts.predicted == len(judged)
    assert counts.unjudged == len(set(predicted) - judged)
    assert counts.gold_covered == sum(
        bool(positions([one.span]) & reported) and positions([one.span]) <= reported | blank for one in gold
    )
    assert counts.gold_touched == sum(bool(positions([one.span]) & reported) for one in gold)
    assert counts.predicted_touching == sum(bool(positions([one.span]) & marked) for one in judged)
    assert counts.gold_exact == sum(
        any(one.span == other.span and other.category in one.accepts for other in judged) for one in gold
    )
    assert counts.predicted_exact == sum(
        any(one.span == other.span and one.category in other.accepts for other in gold) for one in judged
    )
    assert (counts.gold_characters, counts.predicted_characters) == (len(marked), len(claimed))
    assert counts.gold_characters_covered == len(marked & reported)
    assert counts.predicted_characters_right == len(claimed & marked)
    assert counts.documents_leaking == (counts.gold_covered < counts.gold)


@ON_ANY_MACHINE
@given(DOCUMENTS, st.lists(PREDICTED, max_size=8))
def test_categories_add_up_to_the_whole(document: Annotated, predicted: list[Predicted]) -> None:
    compared = compare(document, predicted, Words())
    parts = total(compared.categories.values())
    for name in (
        "gold",
        "gold_exact",
        "gold_covered",
        "gold_touched",
        "predicted",
        "predicted_exact",
        "predicted_touching",
    ):
        assert getattr(parts, name) == getattr(compared.counts, name)


@ON_ANY_MACHINE
@given(DOCUMENTS)
def test_who_says_what_was_marked_is_right_in_everything(document: Annotated) -> None:
    predicted = [Predicted(one.span, one.category) for one in document.gold]
    counts = compare(document, predicted, words(document.text)).counts
    for name in ("covered", "strict_f1", "overlap_f1", "char_f1"):
        assert FIGURES[name].share(counts) == (1.0 if document.gold else None)
    assert counts.documents_leaking == counts.tokens_touched == counts.clinical_touched == 0
    assert not mistakes(document, predicted)


@ON_ANY_MACHINE
@given(DOCUMENTS, st.lists(PREDICTED, max_size=8), PREDICTED)
def test_one_more_prediction_uncovers_nothing(document: Annotated, predicted: list[Predicted], more: Predicted) -> None:
    before, after = (compare(document, spans, Words()).counts for spans in (predicted, [*predicted, more]))
    assert after.gold_covered >= before.gold_covered
    assert after.gold_covered_but_titles >= max(after.gold_covered, before.gold_covered_but_titles)
    assert after.gold_characters_covered >= before.gold_characters_covered
    assert after.gold_exact >= before.gold_exact


@ON_ANY_MACHINE
@given(DOCUMENTS, st.lists(PREDICTED, max_size=8))
def test_each_span_that_is_not_covered_is_one_mistake(document: Annotated, predicted: list[Predicted]) -> None:
    counts = compare(document, predicted, Words()).counts
    kinds = [one.kind for one in mistakes(document, predicted)]
    assert kinds.count(Kind.MISSED) == counts.gold - counts.gold_touched
    assert kinds.count(Kind.PARTIAL) == counts.gold_touched - counts.gold_covered
    assert kinds.count(Kind.SPURIOUS) == counts.predicted - counts.predicted_touching


def test_a_blank_between_two_predictions_leaves_nothing_over_and_a_letter_does() -> None:
    full = document("Ana Ruiz Gil vino", (0, 12, NAME))
    assert figures(full, (0, 3, NAME), (4, 12, NAME))["covered"] == 1
    assert figures(full, (0, 3, NAME), (5, 12, NAME))["covered"] == 0


@pytest.mark.parametrize(
    ("text", "found", "covered", "but_titles"),
    [
        ("Dr. Ana Gil vino", (4, 11), 0, 1),
        ("Sra. Dra. Ana vino", (10, 13), 0, 1),
        ("Dr. Ana Gil vino", (4, 7), 0, 0),
        ("Dr. Ana Gil vino", (0, 3), 0, 0),
        ("Dr. Ana Gil vino", (0, 11), 1, 1),
        ("D. Ana Gil vino", (3, 10), 0, 0),  # may be an initial
    ],
)
def test_titles_need_not_be_covered(text: str, found: tuple[int, int], covered: int, but_titles: int) -> None:
    shares = figures(document(text, (0, text.index(" vino"), NAME)), (*found, NAME))
    assert (shares["covered"], shares["covered_but_titles"]) == (covered, but_titles)


def test_a_title_alone_has_to_be_covered() -> None:
    assert figures(document("el doctor vino", (3, 9, NAME)))["covered_but_titles"] == 0
    assert figures(document("Doctor ", (0, 7, NAME)))["covered_but_titles"] == 0


def test_a_label_that_is_several_of_our_categories_is_met_by_each_and_counted_once() -> None:
    place = Annotated("1", "c", "28035 Madrid", (Gold(Span(0, 5), (CITY, POSTAL_CODE), "TERRITORIO"),))
    compared = compare(place, [Predicted(Span(0, 5), POSTAL_CODE)], Words())
    assert FIGURES["strict_f1"].share(compared.counts) == 1
    assert set(compared.categories) == {CITY}


def test_what_the_corpus_leaves_unmarked_is_neither_right_nor_wrong() -> None:
    query = document("A man of 54, seen on 3 May", (21, 26, DATE), unmarked=frozenset({AGE}))
    found = figures(query, (9, 11, AGE), (21, 26, DATE))
    assert found["strict_precision"] == found["char_precision"] == 1
    assert figures(document("A man of 54"), (9, 11, AGE))["strict_precision"] == 0


def test_a_hard_negative_is_spoiled_by_what_is_judged_and_touched_by_anything() -> None:
    query = document("A man of 54 with CHF", hard_negative=True, unmarked=frozenset({AGE}))
    found = figures(query, (9, 11, AGE))
    assert (found["hard_negatives"], found["hard_negatives_touched"]) == (0, 1)
    assert figures(query, (17, 20, NAME))["hard_negatives"] == 1


def test_kept_values_and_clinical_terms_are_counted_where_no_gold_span_is() -> None:
    note = document("Metformin for Parkinson. Mr. Parkinson agreed.", (29, 38, NAME), kept=(Span(0, 9),))
    assert figures(note, (29, 38, NAME))["clinical"] == 0
    found = figures(note, (0, 9, NAME), (14, 23, NAME))
    assert found["kept"] == found["clinical"] == 1
    assert found["tokens"] == pytest.approx(2 / 5)  # Metformin for Parkinson Mr agreed


@pytest.mark.parametrize(
    ("text", "clinical", "reason"),
    [
        ("Parkinson's since May", ["Parkinson's"], "an eponym; a month and a function word are none"),
        ("Dr. Parkinson", [], "a form of address makes a person of it"),
        ("he felt down", [], "an eponym in small letters is an ordinary word"),
        ("metformin 500 mg", ["metformin"], "drugs are written either way"),
        ("CT or MRI", ["CT", "MRI"], "short words count in capitals alone"),
        ("Neurología", ["Neurología"], "accents do not matter"),
    ],
)
def test_clinical_terms(text: str, clinical: list[str], reason: str) -> None:
    found = words(text)
    assert [text[start:end] for start, end in found.clinical] == clinical, reason


def test_a_patient_leaks_with_one_of_several_documents() -> None:
    def of(patient: str) -> Annotated:
        return document("Ana vino", (0, 3, NAME), patient=patient)

    documents = [of("a"), of("a"), of("b"), of("")]
    hit = [Predicted(Span(0, 3), NAME)]
    found = result(documents, [Words()] * 4, [hit, [], hit, []])
    assert found.figures()[PATIENTS] == 0.5
    assert found.figures()["leaking"] == 0.5
    assert pooled([found, found]).figures()[PATIENTS] == 0.5, "the same corpus has the same patients"
    assert PATIENTS not in result([of("")], [Words()], [hit]).figures()


def test_an_interval_is_what_the_normal_approximation_says_of_many_documents() -> None:
    documents = [Counts(gold=1, gold_covered=number % 2) for number in range(400)]
    low, high = intervals(documents, {"covered": FIGURES["covered"].share}, 2000, Random(1))["covered"]
    assert low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.008)
    assert high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.008)


def test_spans_of_one_document_do_not_count_as_independent() -> None:
    alone = [Counts(gold=1, gold_covered=number % 2) for number in range(400)]
    bundled = [Counts(gold=20, gold_covered=20 * (number % 2)) for number in range(20)]
    share = {"covered": FIGURES["covered"].share}
    narrow, wide = (intervals(each, share, 500, Random(1))["covered"] for each in (alone, bundled))
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_where_all_documents_agree_there_is_no_doubt_and_what_is_undefined_has_no_interval() -> None:
    shares = {name: one.share for name, one in FIGURES.items()}
    found = intervals([Counts(gold=4, gold_covered=3)] * 10, shares, 100, Random(1))
    assert found["covered"] == (0.75, 0.75)
    assert "strict_precision" not in found
    assert not intervals([], shares, 100, Random(1))


@pytest.mark.parametrize("span", [(0, 0), (2, 1), (-1, 2), (0, 9)])
def test_a_span_outside_its_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="span-outside-text"):
        document("Ana vino", (*span, NAME))


def test_where_a_corpus_marks_nothing_no_precision_is_claimed() -> None:
    notes = [document("Ada takes Metformin", unmarked=frozenset({NAME}))]
    found = result(notes, [words(notes[0].text)], [[Predicted(Span(0, 3), NAME), Predicted(Span(10, 19), CITY)]])
    assert found.figures() == {"clinical": 1, "clinical_of_tokens": 1 / 3, "tokens": 1 / 3}
    assert set(found.intervals(10, 1)) == set(found.figures())
