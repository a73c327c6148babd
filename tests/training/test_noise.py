"""Noise changes texts; what identifies stays marked, exactly."""

from __future__ import annotations

import re
from random import Random

import pytest
from deidstream.core.category import Category
from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.document import Text
from deidstream_training.synthesise.generate import KINDS, LANGUAGES, generator
from deidstream_training.synthesise.noise import NOISES, edited, noisy
from deidstream_training.synthesise.speech import spoken

_NAME = Category.NAME


@pytest.mark.parametrize(
    ("edits", "text", "marked", "reason"),
    [
        ([], "Dr Ada Lint, ward", "Ada Lint", "nothing changed"),
        ([(0, 2, "Doctor")], "Doctor Ada Lint, ward", "Ada Lint", "a longer text before"),
        ([(4, 5, "dd")], "Dr Adda Lint, ward", "Adda Lint", "a letter within, doubled"),
        ([(6, 7, "\n")], "Dr Ada\nLint, ward", "Ada\nLint", "a line's end within"),
        ([(3, 4, "a")], "Dr ada Lint, ward", "ada Lint", "the first letter"),
        ([(10, 11, "tt")], "Dr Ada Lintt, ward", "Ada Lintt", "the last letter, longer"),
        ([(11, 11, "-\n")], "Dr Ada Lint-\n, ward", "Ada Lint", "an insertion right behind"),
        ([(3, 3, "*")], "Dr *Ada Lint, ward", "Ada Lint", "an insertion right before"),
        ([(11, 12, "")], "Dr Ada Lint ward", "Ada Lint", "the sign behind is gone"),
        ([(2, 3, ""), (13, 17, "W")], "DrAda Lint, W", "Ada Lint", "on both sides"),
    ],
)
def test_marks_follow_the_edits(edits: list[tuple[int, int, str]], text: str, marked: str, reason: str) -> None:
    changed = edited(Text("Dr Ada Lint, ward", ((3, 11, _NAME),)), edits)
    (start, end, _), *others = changed.marks
    assert (changed.text, changed.text[start:end], others) == (text, marked, []), reason


@pytest.mark.parametrize("name", NOISES)
def test_a_noise_keeps_each_value_in_its_span(name: str) -> None:
    chance, noise = NOISES[name]
    altered = 0
    for index in range(270):
        language = LANGUAGES[index % len(LANGUAGES)]
        before = generator(language, Split.TRAIN).clean(Random(index), KINDS[index % len(KINDS)])
        after = noise(Random(index), before, language)
        altered += after.text != before.text
        assert len(after.marks) == len(before.marks)
        for (start, end, kind), (first, last, still) in zip(before.marks, after.marks, strict=True):
            assert kind is still
            assert alike(before.text[start:end], after.text[first:last]), (name, language)
    assert altered > 5
    assert 0 < chance < 1


def alike(before: str, after: str) -> bool:
    """Whether the second is what noise can have made of the first: about as long, and most letters in common."""
    bare_before, bare_after = (
        re.sub(r"<[^>]*>|&\w+;|\\par|\\'\w\w|[\s\-]", "", value).casefold() for value in (before, after)
    )
    return len(bare_after) >= len(bare_before) // 2 - 2 and len(bare_after) <= len(bare_before) * 2 + 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_dictation_reads_numbers_as_words_and_keeps_the_values(language: str) -> None:
    for index in range(40):
        before = generator(language, Split.TRAIN).clean(Random(index), "admission")
        after = spoken(Random(index), before, language)
        assert not re.search(r"[0-9]", after.text)
        assert len(after.marks) == len(before.marks)
        for start, end, _ in after.marks:
            assert after.text[start:end].strip() == after.text[start:end] != ""


def test_many_documents_are_clean_and_many_are_not() -> None:
    content = generator("en", Split.TRAIN).clean(Random(5), "discharge")
    untouched = sum(not noisy(Random(index), content, "en")[1] for index in range(400))
    assert 120 < untouched < 320
