"""Texts that nobody expects, by rules and a released tagger: what is in them is found where it stands, and nothing raises."""

from __future__ import annotations

import pytest
from deidstream.adapters.taggers import folder_of, open_tagger
from deidstream.core.document import Part
from deidstream.detection.text.rules import Rules
from deidstream.ports import TextLayer

NAME = "Thaddeus Quiltrane"
NOTE = f"Patient {NAME} was admitted with chest pain on 3 May 2024."
NOTHING = [
    "",
    " ",
    "x",
    "\x00",
    "\n\n\n",
    "\u202e",
    "😀",
    "\ufeff",
    "0",
    ".",
    "-" * 5_000,
    "a" * 20_000,
    "\u0301" * 300,
]
AROUND = {
    "all capitals": NOTE.upper(),
    "no capitals": NOTE.lower(),
    "emoji": f"😀👩🏽‍⚕️ {NOTE} 🫀🫁",
    "control characters": f"\x00\x07\x1b[31m {NOTE} \x1b[0m\x7f",
    "a table": f"Date\tName\tUnit\n3 May 2024\t{NAME}\tCardiology\n4 May 2024\t{NAME}\tICU\n",
    "right to left around": f"تم إدخال المريض. \u202b{NOTE}\u202c وصل بسبب ألم.",
    "three scripts": f"患者因胸痛入院。{NOTE} Пациент поступил с болью.",
    "combining marks before": "e\u0301" * 200 + f". {NOTE}",
    "no end of a line": "lorem ipsum dolor " * 600 + NOTE + " sit amet" * 600,
    "a word without end": "x" * 20_000 + f". {NOTE}",
    "no-break spaces": NOTE.replace("was admitted", "was\u00a0admitted").replace("on 3", "on\u202f3"),
    "line ends of three kinds": f"One.\rTwo.\r\n{NOTE}\nThree.\x0b\x0c\u2028Four.",
    "lone surrogates": f"\ud800 {NOTE} \udfff",
}


@pytest.fixture(scope="module")
def layers() -> list[TextLayer]:
    return [Rules(), open_tagger(folder_of("fast"))]


@pytest.mark.parametrize("text", NOTHING, ids=range(len(NOTHING)))
def test_where_nothing_is_nothing_is_found(text: str, layers: list[TextLayer]) -> None:
    for layer in layers:
        (found,) = layer.find([Part("1", text, ())])
        assert all(one.span is not None and text[one.span.start : one.span.end].strip() for one in found)
        assert len(found) <= 1, layer


@pytest.mark.parametrize("around", AROUND)
def test_a_name_is_found_where_it_stands_whatever_is_around(around: str, layers: list[TextLayer]) -> None:
    text = AROUND[around]
    name = next(form for form in (NAME, NAME.upper(), NAME.lower()) if form in text)
    spans = [one.span for layer in layers for found in layer.find([Part("1", text, ())]) for one in found if one.span]
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    start = text.index(name)
    covered = {at for span in spans for at in range(span.start, span.end)}
    assert set(range(start, start + len(name))) - {start + len("Thaddeus")} <= covered


def test_odd_texts_do_not_move_what_is_found_in_others(layers: list[TextLayer]) -> None:
    texts = [*AROUND.values(), *NOTHING]
    parts = [Part(str(number), text, ()) for number, text in enumerate(texts)]
    for layer in layers:
        together = [[one.span for one in found] for found in layer.find(parts)]
        alone = [[one.span for one in found] for part in parts for found in layer.find([part])]
        assert together == alone
