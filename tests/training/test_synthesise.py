"""Documents that are synthesised: what the tagger is trained and judged on has to be true."""

from __future__ import annotations

import re
from functools import cache
from random import Random

import pytest
from deidstream.core.category import Category
from deidstream_training.synthesise.days import Days
from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.document import Document
from deidstream_training.synthesise.generate import KINDS, LANGUAGES, Plan, generator
from deidstream_training.synthesise.identifiers import IDENTIFIERS
from deidstream_training.train.labels import CATEGORIES
from stdnum import luhn
from stdnum.cn import ric
from stdnum.gb import nhs
from stdnum.it import codicefiscale
from stdnum.nl import bsn

_MARKED = frozenset(Category) - {
    Category.BIOMETRIC,
    Category.PHOTO,
    Category.MARITAL_STATUS,
    Category.UNKNOWN,
}
_CLOSED = {Category.SEX, Category.RELATIONSHIP}
"""A dozen words of each language: there are no others for the test."""
_TITLES = re.compile(r"^(?:Dr|Prof|Mr|Mrs|Ms|Miss|Frau|Herrn?|Mme|Sra?|Dra?|Dña|Sig|Dott|mw|dhr|drs)\.? |^د\.|^الدكتور")
_HONORIFIC = re.compile(r"\b(?:Herrn?|Frau|Dr|Dott|ssa|Prof|Egr|Gent|ma|Sig|ra|Sra?|Dra|Mme|الدكتور|الدكتورة|إلى)\b")
_NEVER = re.compile(
    r"Glasgow|APGAR|CHA2DS2|Reed-Sternberg|Trendelenburg|Hodgkin|Whipple|Guillain|Medtronic|Foley|Klebsiella|Lyme|Norwalk|Bosniak|mmHg"
)


@cache
def documents(split: Split, count: int = 2000) -> tuple[Document, ...]:
    return tuple(Plan(7, split, count).after(0))


def clean(split: Split, count: int = 1500) -> list[Document]:
    """Documents without noise, in every language and kind in turn."""
    found = []
    for index in range(count):
        language, kind = LANGUAGES[index % len(LANGUAGES)], KINDS[index // len(LANGUAGES) % len(KINDS)]
        content = generator(language, split).clean(Random(f"clean {split} {index}"), kind)
        found.append(Document(str(index), language, kind, split, content))
    return found


def values(each: Document) -> list[tuple[str, Category]]:
    return [(each.content.text[start:end], category) for start, end, category in each.content.marks]


@pytest.mark.parametrize("split", list(Split))
def test_every_span_lies_in_its_text_and_has_no_space_at_its_ends(split: Split) -> None:
    for each in documents(split):
        last = 0
        for start, end, _ in each.content.marks:
            assert last <= start < end <= len(each.content.text)
            assert not each.content.text[start].isspace(), each.id
            assert not each.content.text[end - 1].isspace(), each.id
            last = end


def test_the_same_seed_gives_the_same_documents_and_another_seed_others() -> None:
    first = [each.line() for each in Plan(3, Split.TRAIN, 60).after(0)]
    assert [each.line() for each in Plan(3, Split.TRAIN, 60).after(0)] == first
    assert [each.line() for each in Plan(3, Split.TRAIN, 60).after(40)] == first[40:]
    assert not set(first) & {each.line() for each in Plan(4, Split.TRAIN, 60).after(0)}


def test_training_and_test_share_no_value() -> None:
    train, test = (
        {value.casefold() for each in documents(split) for value, category in values(each) if category not in _CLOSED}
        for split in Split
    )
    assert len(train) > 5000
    assert len(test) > 5000
    assert not train & test


def test_training_and_test_share_no_sentence() -> None:
    train, test = ({skeleton for each in clean(split, 2000) for skeleton in skeletons(each)} for split in Split)
    assert len(train) > 2000
    assert len(test) > 1000
    assert not train & test


def skeletons(each: Document) -> set[str]:
    """The sentences with the category for each value, as far as they have more than one word beside titles."""
    text, last, pieces = each.content.text, 0, []
    for start, end, category in each.content.marks:
        pieces += text[last:start], f"<{category.value}>"
        last = end
    whole = re.sub(r"\d+", "#", "".join([*pieces, text[last:]]))
    sentences = (re.sub(r"[^\w<>#]+", " ", sentence) for sentence in re.split(r"[.!?;:\n]\s|\n|[。；：，،]", whole))
    return {
        sentence
        for sentence in sentences
        if len(re.findall(r"[^\W\d_]{2,}", _HONORIFIC.sub(" ", re.sub(r"<\w+>", " ", sentence)))) > 1
        and "<" in sentence
    }


def test_each_language_kind_and_category_appears() -> None:
    everything = [*documents(Split.TRAIN), *documents(Split.TEST)]
    assert {each.language for each in everything} == set(LANGUAGES)
    assert {each.kind for each in everything} == set(KINDS)
    of_training = {category for each in documents(Split.TRAIN) for _, _, category in each.content.marks}
    assert of_training == _MARKED
    everything = [*clean(Split.TRAIN, 2500), *clean(Split.TEST, 2500)]
    found = {(each.language, category) for each in everything for _, _, category in each.content.marks}
    rare = {
        Category.ACCOUNT,
        Category.VEHICLE,
        Category.RELIGION,
        Category.ETHNICITY,
        Category.NATIONALITY,
        Category.OTHER_ID,
    }
    for language in LANGUAGES:
        assert not _MARKED - {category for of, category in found if of == language} - rare, language


def test_titles_stay_outside_of_names() -> None:
    for each in clean(Split.TRAIN):
        for value, category in values(each):
            if category is Category.NAME:
                assert not _TITLES.search(value + " "), (each.language, each.kind)
                assert value[-1] not in ",;:"


def test_a_full_name_is_one_span() -> None:
    for each in clean(Split.TRAIN):
        marks = each.content.marks
        for (_, end, first), (start, _, second) in zip(marks, marks[1:], strict=False):
            between = each.content.text[end:start]
            assert not (first is second is Category.NAME and between == " "), (each.language, each.kind)


@pytest.mark.parametrize("split", list(Split))
def test_clinical_terms_are_in_no_span(split: Split) -> None:
    seen = 0
    for each in clean(split):
        seen += bool(_NEVER.search(each.content.text))
        assert not [value for value, _ in values(each) if _NEVER.search(value)], (each.language, each.kind)
    assert seen > 100


def test_identifiers_check_as_their_schemes_say_but_for_a_few() -> None:
    schemes = {
        "en": ("nhs", nhs.is_valid),
        "it": ("codice_fiscale", codicefiscale.is_valid),
        "nl": ("bsn", bsn.is_valid),
        "zh": ("resident_id", lambda number: ric.calc_check_digit(number[:17]) == number[17]),
        "fr": ("rpps", luhn.is_valid),
    }
    for name, valid in schemes.values():
        make, _ = IDENTIFIERS[name]
        rng = Random(name)
        good = sum(bool(valid(make(rng, Days.drawn(rng, Split.TRAIN), "f"))) for _ in range(400))
        assert good > 340, name


def test_a_patient_was_born_before_being_admitted_and_is_as_old_as_the_dates_say() -> None:
    for index in range(500):
        days = Days.drawn(Random(index), Split.TEST)
        assert days.birth < days.admission <= days.discharge <= days.today
        assert 0 <= days.age < 115


def test_names_come_from_lists_of_many_origins_and_from_none() -> None:
    names = {
        value
        for each in documents(Split.TRAIN)
        if each.language == "de"
        for value, kind in values(each)
        if kind is Category.NAME
    }
    assert len(names) > 500


def test_what_is_marked_is_what_the_tagger_tells_apart() -> None:
    assert set(CATEGORIES) == _MARKED
