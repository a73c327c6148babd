"""Passages in scripts that nobody reads are found as a whole, and symbols are left alone."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from deidstream.detection.text.scripts import SCRIPTS, OtherScripts, scripts_of


def found(text: str, *read: str) -> list[str]:
    return [text[start:end] for start, end in OtherScripts(read).passages(text)]


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("Seen by Иван Петров, at ease.", ["Иван Петров"]),  # between letters of a script that is read
        (
            "Пациент Иванов 1958 г.р., карта 88-12\nNo fever.",
            ["Пациент Иванов 1958 г.р., карта 88-12"],
        ),  # with its numbers
        ("张伟 was seen", ["张伟"]),  # a name of two signs
        ("Patient राम कुमार today", ["राम कुमार"]),  # marks between letters
        ("환자는 가슴 통증", ["환자는 가슴 통증"]),
        ("Ο ασθενής Νίκος", ["Ο ασθενής Νίκος"]),
        ("ผู้ป่วย stable", ["ผู้ป่วย"]),
        ("一 line\n二三 another", ["一", "二三"]),  # line by line
        ("Mr 李 was seen", ["李"]),  # a name of one sign
    ],
)
def test_a_passage_in_another_script_is_found_whole(text: str, passages: list[str]) -> None:
    assert found(text) == passages


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BP 120/80, no fever",
        "β-hCG, TNF-α, IFN-α/β, γδ T cells, 5 µg, 3 Ω, Δ 2 mm, µΩ",  # symbols
        "Frau Müßigbrodt-Łukasiewicz, Nguyễn Thị Ánh, Øre, ﬁnal, ＡＢＣ",  # Latin of all kinds
        "x² + y³ ≥ 2 → ½ … “quoted” – №1 ℃ ™ 😀😀😀 ☎ ✓",
        "12.03.1958\t\t|||",
        "И",  # one letter
    ],
)
def test_latin_letters_and_symbols_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_scripts_that_are_read_are_left_alone() -> None:
    text = "张伟 и Иван والمريض أحمد"
    assert found(text, "han", "arabic") == ["и Иван"]
    assert found(text, "han", "arabic", "cyrillic") == []


def test_five_megabytes_of_any_kind_take_little_time() -> None:
    for text in ("1 " * 2_500_000, "Иван " * 1_000_000, "µ" * 5_000_000, "a и " * 1_250_000):
        began = time.process_time()
        found(text)
        assert time.process_time() - began < 20  # seconds: a square would take hours


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_letters_of_a_script_are_of_it_by_their_names(name: str) -> None:
    """By the names that Unicode gives them: no class has a letter of another script."""
    of_name = {"han": ("CJK", "IDEOGRAPHIC"), "kana": ("HIRAGANA", "KATAKANA", "HALFWIDTH", "VERTICAL")}.get(
        name, (name.upper(),)
    )
    letters = [chr(code) for code in range(0x3040) if re.match(f"[{SCRIPTS[name]}]", chr(code)) and chr(code).isalpha()]
    others = {
        "GREEK",
        "CYRILLIC",
        "HEBREW",
        "ARABIC",
        "CJK",
        "HIRAGANA",
        "KATAKANA",
        "HANGUL",
        "THAI",
        "DEVANAGARI",
        "LATIN",
    }
    for letter in letters:
        said = unicodedata.name(letter, "").split()
        if name == "latin" or not said:  # IPA and phonetic letters borrow from Greek
            continue
        assert not (others - set(of_name)) & {said[0]}, (name, letter)


@pytest.mark.parametrize(
    ("languages", "scripts"),
    [
        (("en", "de"), ()),
        (("en", "zh", "ar"), ("arabic", "han")),
        (("ja",), ("han", "kana")),
        (("ko", "ru", "el"), ("greek", "cyrillic", "han", "hangul")),
        (("pl", "tr", "vi"), ()),
        (("ta", "ka"), ("georgian", "tamil")),
    ],
)
def test_the_scripts_of_languages(languages: tuple[str, ...], scripts: tuple[str, ...]) -> None:
    assert scripts_of(languages) == scripts
