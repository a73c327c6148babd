"""Documents as somebody dictates them: no case, no punctuation, numbers as words, and words that only fill."""

from __future__ import annotations

import re
from random import Random

from deidstream_training.synthesise.document import Text
from deidstream_training.synthesise.noise import Edit, edited

__all__ = ["SPOKEN", "spoken"]

SPOKEN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        ("uh", "um", "so", "you know"),
    ),
    "de": (
        ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
        ("äh", "ähm", "also", "ja"),
    ),
    "es": (
        ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
        ("eh", "pues", "este", "bueno"),
    ),
    "fr": (
        ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
        ("euh", "donc", "alors", "bon"),
    ),
    "it": (
        ("zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"),
        ("ehm", "allora", "cioè", "ecco"),
    ),
    "nl": (
        ("nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen"),
        ("eh", "uhm", "dus", "nou"),
    ),
    "pt": (
        ("zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove"),
        ("hum", "então", "pronto", "né"),
    ),
    "ar": (
        ("صفر", "واحد", "اثنان", "ثلاثة", "أربعة", "خمسة", "ستة", "سبعة", "ثمانية", "تسعة"),
        ("يعني", "اه", "طيب", "حسنا"),
    ),
    "zh": (("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"), ("嗯", "那个", "呃", "就是")),
}
"""By language: the digits from nought, and the fillers."""

_PAUSE = re.compile(r"[.,;:!?()\[\]\"|•·，。；：！？（）、،؛؟]+(?=\s|$)|[(\"（]|\n+|(?<=\d)[-/.](?=\d)|\s-\s")
_NUMBER = re.compile(r"\d+")


def spoken(rng: Random, content: Text, language: str) -> Text:
    """The text as a transcript of speech: each digit is read by itself."""
    digits, fillers = SPOKEN[language]
    between = "" if language == "zh" else " "
    edits: list[Edit] = [(found.start(), found.end(), " ") for found in _PAUSE.finditer(content.text)]
    taken = {place for start, end, _ in edits for place in range(start, end)}
    edits += [
        (found.start(), found.end(), _read_out(content.text, found, digits, between))
        for found in _NUMBER.finditer(content.text)
    ]
    inside = {place for start, end, _ in content.marks for place in range(start, end)}
    for place, letter in enumerate(content.text):
        if letter == " " and place not in taken and place not in inside and rng.random() < 0.04:
            edits.append((place, place + 1, f" {rng.choice(fillers)} "))
    lowered = _trimmed(edited(content, sorted(edits)))
    return Text(_lower(lowered.text), lowered.marks)


def _read_out(text: str, number: re.Match[str], digits: tuple[str, ...], between: str) -> str:
    """The number digit by digit, apart from letters that it touches."""
    before = between if number.start() and text[number.start() - 1].isalpha() else ""
    after = between if number.end() < len(text) and text[number.end()].isalpha() else ""
    return before + between.join(digits[int(digit)] for digit in number[0]) + after


def _lower(text: str) -> str:
    """Lower case, character by character, so that no offset moves."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _trimmed(content: Text) -> Text:
    """One space where there were several, and none at the ends of a value."""
    runs = re.finditer(r"\s{2,}|[\n\t]", content.text)
    text = edited(content, [(found.start(), found.end(), " ") for found in runs])
    marks = []
    for start, end, category in text.marks:
        value = text.text[start:end]
        start, end = start + len(value) - len(value.lstrip()), end - len(value) + len(value.rstrip())
        if start < end:
            marks.append((start, end, category))
    return Text(text.text, tuple(marks)).stripped()
