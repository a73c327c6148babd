"""What scanners, keyboards, dictation and file formats do to a text; the marks follow.

Every noise is a list of edits: places of the text and what stands there instead. A mark grows or shrinks with the edits within
it. An edit over its border counts as outside.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable
from random import Random

from deidstream_training.synthesise.document import Mark, Text

__all__ = ["NOISES", "Edit", "edited", "noisy"]

Edit = tuple[int, int, str]
"""Start and end (half open) and the replacement. In order and apart from one another."""

_OCR = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "l", "5": "S", "S": "5", "8": "B", "B": "8", "rn": "m", "m": "rn", "ü": "ii",
    "ß": "B", "é": "e", "c": "e", "e": "c", "h": "b", "n": "ri", "vv": "w", "í": "i", "ç": "c", "未": "末", "己": "已", "日": "曰",
}  # fmt: skip
_KEYS = {
    "a": "sq", "e": "rw", "i": "uo", "o": "ip", "n": "mb", "s": "ad", "t": "ry", "r": "et", "l": "kö", "d": "sf", "c": "vx",
}  # fmt: skip
_RARE, _DENSE = 0.008, 0.03
_SCRIPT_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_LATIN_WORD = re.compile(r"[^\W\d_]{6,}")


def edited(content: Text, edits: Iterable[Edit]) -> Text:
    """The text with the edits made, and its marks where their values now are."""
    edits = list(edits)
    if not edits:
        return content
    pieces: list[str] = []
    starts, ends, shifts, last, shift = [], [], [], 0, 0
    for start, end, new in edits:
        pieces += content.text[last:start], new
        last, shift = end, shift + len(new) - (end - start)
        starts.append(start)
        ends.append(end)
        shifts.append(shift)
    pieces.append(content.text[last:])

    def moved(place: int, is_start: bool) -> int:
        """Where a border goes: that within an edit to the side of its value, so that two marks never meet there."""
        index = bisect_left(ends, place + 1 if is_start else place)  # edits wholly before
        before = shifts[index - 1] if index else 0
        if index < len(starts) and starts[index] < place < ends[index]:
            return ends[index] + shifts[index] if is_start else starts[index] + before
        if not is_start and index < len(ends) and ends[index] == place and starts[index] < place:
            return place + shifts[index]
        return place + before

    marks = ((moved(start, True), moved(end, False), category) for start, end, category in content.marks)
    return Text("".join(pieces), tuple(mark for mark in marks if mark[0] < mark[1]))


def noisy(rng: Random, content: Text, language: str) -> tuple[Text, tuple[str, ...]]:
    """The text with the noises that come upon it, most often none; and their names."""
    found: list[str] = []
    if rng.random() < 0.25:
        return content, ()
    for name, (chance, noise) in NOISES.items():
        if rng.random() < chance:
            changed = noise(rng, content, language)
            if changed.text != content.text:
                content = changed
                found.append(name)
    return content, tuple(found)


def _characters(content: Text, change: Callable[[str], str]) -> Text:
    """Each character changed by itself."""
    edits = ((place, place + 1, new) for place, old in enumerate(content.text) if (new := change(old)) != old)
    return edited(content, edits)


def _upper(rng: Random, content: Text, language: str) -> Text:
    return _characters(content, str.upper)


def _lower(rng: Random, content: Text, language: str) -> Text:
    return _characters(content, str.lower)


def _plain_letters(rng: Random, content: Text, language: str) -> Text:
    """Without diacritics, as old systems store it; in German now and then with the vowels spelled out."""
    spelled = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"} if language == "de" else {}

    def bare(letter: str) -> str:
        if letter.isascii() or letter in spelled:
            return spelled.get(letter, letter)
        return (
            "".join(each for each in unicodedata.normalize("NFD", letter) if not unicodedata.combining(each)) or letter
        )

    return _characters(content, bare)


def _ocr(rng: Random, content: Text, language: str) -> Text:
    edits: list[Edit] = []
    text = content.text
    for place, letter in enumerate(text):
        pair = text[place : place + 2]
        old = pair if pair in _OCR else letter
        if old in _OCR and rng.random() < _DENSE and (not edits or edits[-1][1] <= place):
            edits.append((place, place + len(old), _OCR[old]))
    return edited(content, edits)


def _spaces(rng: Random, content: Text, language: str) -> Text:
    """Spaces doubled, dropped between words and values, or turned into the end of a line."""
    edits: list[Edit] = []
    for place, letter in enumerate(content.text):
        if letter == " " and 0 < place < len(content.text) - 1 and rng.random() < _DENSE:
            lost = rng.random() < 0.3 and not _borders(content.marks, place)
            edits.append((place, place + 1, "" if lost else rng.choice(("  ", "\n", "   ", "\t", " \n", "\u00a0"))))
    return edited(content, edits)


def _borders(marks: tuple[Mark, ...], place: int) -> bool:
    """Whether a space parts a value from its neighbours, so that without it nobody could tell them apart."""
    return any(place in (start - 1, end) for start, end, _ in marks)


def _hyphens(rng: Random, content: Text, language: str) -> Text:
    """Words broken at the ends of lines."""
    edits = []
    for word in _LATIN_WORD.finditer(content.text):
        if rng.random() < _DENSE:
            place = rng.randint(word.start() + 3, word.end() - 2)
            edits.append((place, place, "-\n"))
    return edited(content, edits)


def _wrapped(rng: Random, content: Text, language: str) -> Text:
    """Lines of one width, as printers and old messages have them, whatever stands at their ends."""
    width, edits, line = rng.choice((40, 60, 72, 80)), [], 0
    for place, letter in enumerate(content.text):
        line = 0 if letter == "\n" else line + 1
        if letter == " " and line > width - 8:
            edits.append((place, place + 1, "\n"))
            line = 0
    return edited(content, edits)


def _typing(rng: Random, content: Text, language: str) -> Text:
    """Letters left out, doubled, swapped, or of the key beside; never a whole value gone."""
    edits: list[Edit] = []
    text = content.text
    for place in range(1, len(text) - 2):
        if (
            not (text[place].isalpha() and text[place - 1].isalpha() and text[place + 1].isalpha())
            or rng.random() > _RARE
        ):
            continue
        swap = text[place + 1] + text[place]
        near = rng.choice(_KEYS.get(text[place], text[place]))
        end, new = rng.choice(((place + 1, ""), (place + 1, text[place] * 2), (place + 2, swap), (place + 1, near)))
        if (not edits or edits[-1][1] <= place) and not _cuts(content.marks, place, end):
            edits.append((place, end, new))
    return edited(content, edits)


def _cuts(marks: tuple[Mark, ...], start: int, end: int) -> bool:
    """Whether an edit would reach over a value's border."""
    return any(start < border < end for first, last, _ in marks for border in (first, last))


def _html(rng: Random, content: Text, language: str) -> Text:
    """What is left of a page: tags at the ends of lines, entities."""
    named = {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "\n": rng.choice(("<br>\n", "<br/>", "</p>\n<p>")),
        "\u00a0": "&nbsp;",
    }
    return _characters(content, lambda letter: named.get(letter, letter))


def _rtf(rng: Random, content: Text, language: str) -> Text:
    """What is left of rich text: paragraph marks and escaped letters."""

    def escaped(letter: str) -> str:
        if letter == "\n":
            return "\\par\n"
        code = ord(letter)
        return f"\\'{code:02x}" if 0xA0 <= code < 0x100 else letter

    return _characters(content, escaped)


def _digits(rng: Random, content: Text, language: str) -> Text:
    """Arabic documents write Arabic digits as often as not."""
    return Text(content.text.translate(_SCRIPT_DIGITS), content.marks) if language == "ar" else content


def _wide(rng: Random, content: Text, language: str) -> Text:
    """Chinese keyboards write letters and digits in full width."""
    if language != "zh":
        return content
    return _characters(
        content, lambda letter: chr(ord(letter) + 0xFEE0) if letter.isascii() and letter.isalnum() else letter
    )


Noise = Callable[[Random, Text, str], Text]
NOISES: dict[str, tuple[float, Noise]] = {
    "typing": (0.15, _typing),
    "ocr": (0.12, _ocr),
    "upper": (0.05, _upper),
    "lower": (0.1, _lower),
    "bare": (0.1, _plain_letters),
    "hyphens": (0.06, _hyphens),
    "spaces": (0.14, _spaces),
    "wrapped": (0.1, _wrapped),
    "digits": (0.4, _digits),
    "wide": (0.08, _wide),
    "html": (0.05, _html),
    "rtf": (0.03, _rtf),
}
"""By name: how likely each is in a document that has any, and what it does. They come upon a text in this order."""
