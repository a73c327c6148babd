"""Measurements, scores, eponyms and articles that a tagger takes for identifiers stay; what may be one does not."""

from __future__ import annotations

import re

import pytest
from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.implausible import without_implausible

TAGGER, RULES = "text.tagger/7", "text.rules/1"


def left(marked: str, category: Category, detector: str = TAGGER) -> list[str]:
    """What is still found of the pieces of the text that stand between brackets."""
    text, found = "", []
    for plain, value in re.findall(r"([^[]*)(?:\[([^]]*)\])?", marked):
        text += plain
        if value:
            found.append(Finding("1", Span(len(text), len(text) + len(value)), category, 0.9, detector))
        text += value
    kept = without_implausible(text, found, TAGGER)
    return [text[one.span.start : one.span.end] for one in kept if one.span]


@pytest.mark.parametrize(
    ("marked", "category"),
    [
        ("Blutdruck [98]/60 im Liegen", Category.DATE),
        ("BP 150/[90].", Category.PHONE),
        ("ضغط الدم 150/[90].", Category.PHONE),
        ("Apgar [9/10] nach 5 min", Category.DATE),
        ("pain score was [3/10]", Category.DATE),
        ("Kraftgrad [4/5] rechts", Category.DATE),
        ("seen at [the] lafayette office", Category.ORGANISATION),
        ("never [Wilson]'s disease", Category.NAME),
        ("síndrome de [Cushing] con", Category.NAME),
        ("[Foley] catheter", Category.NAME),
    ],
)
def test_what_cannot_be_one_is_none(marked: str, category: Category) -> None:
    assert left(marked, category) == []


@pytest.mark.parametrize(
    ("marked", "category"),
    [
        ("seen on [9/10] with pain", Category.DATE),
        ("seen by PA [9/10] and", Category.DATE),
        ("Seen by Eva ([3/10])", Category.DATE),
        ("pain since [3/10]", Category.DATE),
        ("Apgar 9, born [9/10]/2021", Category.DATE),
        ("Apgar [9/10]/21", Category.DATE),
        ("07/[19]/43", Category.DATE),
        ("[07]/19/43", Category.DATE),
        ("07/19/[43]", Category.DATE),
        ("on [3]/4 and", Category.DATE),
        ("chart [118]/[62]", Category.MEDICAL_RECORD),
        ("case 2023/[0048812]", Category.VISIT),
        ("[12]/2021", Category.DATE),
        ("mrs [lo] called", Category.NAME),
        ("Call [Pat]. she knows", Category.NAME),
        ("M. [Wilson] est vu", Category.NAME),
        ("Mr. [Wilson]'s disease is progressing", Category.NAME),
        ("Dr. [Murphy] signs the form", Category.NAME),
        ("[Bell] test results", Category.NAME),
        ("[Wilson]'s operation was put off", Category.NAME),
    ],
)
def test_what_may_be_one_stays(marked: str, category: Category) -> None:
    assert left(marked, category) == re.findall(r"\[([^]]*)\]", marked)


def test_what_another_layer_says_is_not_judged() -> None:
    assert left("never [Wilson]'s disease", Category.NAME, RULES) == ["Wilson"]
