"""Texts whose capitals say nothing are read with a capital at the beginning of each word, at the same places."""

from __future__ import annotations

import pytest
from deidstream.detection.text.tagger.recased import recased
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("PATIENT ADA QUILL WAS SEEN AT 10:30.", "Patient Ada Quill Was Seen At 10:30."),
        ("patient ada quill was seen today", "Patient Ada Quill Was Seen Today"),
        ("PATIENT ADA QUILL HAD 5 mg/dl", "Patient Ada Quill Had 5 Mg/Dl"),
        ("Patient Ada Quill was seen.", "Patient Ada Quill was seen."),
        ("HB 12.1 g/dl, Ada Quill war da", "HB 12.1 g/dl, Ada Quill war da"),
        ("MRN 4711", "MRN 4711"),  # too few letters
        ("患者欧阳慕雪因胸痛入院。患者欧阳慕雪因胸痛入院。", "患者欧阳慕雪因胸痛入院。患者欧阳慕雪因胸痛入院。"),
        ("FRAU MÜLLER-STRAẞE IM KRANKENHAUS", "Frau Müller-Straße Im Krankenhaus"),
        ("ßtrange ĳsvogel aus der gegend", "ßtrange Ĳsvogel Aus Der Gegend"),
        ("İPEK HANIM HASTANEYE YATIRILDI", "İpek Hanim Hastaneye Yatirildi"),
    ],
)
def test_how_a_text_is_read(text: str, read: str) -> None:
    assert recased(text) == read


@given(st.text())
def test_every_place_stays_and_differs_by_case_alone(text: str) -> None:
    read = recased(text)
    assert len(read) == len(text)
    assert all(one in (was, was.upper(), was.lower()) for was, one in zip(text, read, strict=True))


@given(st.text())
def test_reading_twice_changes_nothing_more(text: str) -> None:
    assert recased(recased(text)) == recased(text)


@given(st.text(st.characters(codec="ascii"), min_size=1))
def test_the_short_way_and_the_long_one_lead_to_the_same(text: str) -> None:
    assert recased(text + "x" * 16 + "é")[: len(text)] == recased(text + "x" * 16 + "e")[: len(text)]
