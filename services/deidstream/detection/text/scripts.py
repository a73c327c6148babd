"""Passages in a script that nobody reads: which they are, whatever they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deidstream.core.span import Span

__all__ = ["SCRIPTS", "OtherScripts", "scripts_of"]

_AROUND = " \t\x0b\x0c\xa0,;:.()[]\"'|/-"
"""What may stay at the ends of a passage."""
SCRIPTS = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u02ff\u1d00-\u1dbf\u1e00-\u1eff\u2071\u207f\u2090-\u209c\u2100-\u214f\u2c60-\u2c7f"
    "\ua720-\ua7ff\uab30-\uab6f\ufb00-\ufb06\uff21-\uff3a\uff41-\uff5a",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "cyrillic": "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",
    "hebrew": "\u0590-\u05ff\ufb1d-\ufb4f",
    "arabic": "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "han": "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "kana": "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "hangul": "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa1-\uffdc",
    "thai": "\u0e01-\u0e5b",
    "devanagari": "\u0900-\u097f\ua8e0-\ua8ff",
    "armenian": "\u0531-\u058f",
    "georgian": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f",
    "bengali": "\u0980-\u09ff",
    "gurmukhi": "\u0a00-\u0a7f",
    "gujarati": "\u0a80-\u0aff",
    "tamil": "\u0b80-\u0bff",
    "telugu": "\u0c00-\u0c7f",
    "kannada": "\u0c80-\u0cff",
    "malayalam": "\u0d00-\u0d7f",
    "sinhala": "\u0d80-\u0dff",
    "ethiopic": "\u1200-\u139f\u2d80-\u2ddf",
    "khmer": "\u1780-\u17ff",
}
"""Name to the code points of its letters and marks, as in a class of a regular expression. Others are of none of these."""
_LANGUAGES = {
    "greek": "el",
    "cyrillic": "ru uk be bg mk sr kk ky mn tg",
    "hebrew": "he yi",
    "arabic": "ar fa ur ps ku ug",
    "han": "zh ja ko",
    "kana": "ja",
    "hangul": "ko",
    "thai": "th",
    "devanagari": "hi mr ne sa",
    "armenian": "hy",
    "georgian": "ka",
    "bengali": "bn as",
    "gurmukhi": "pa",
    "gujarati": "gu",
    "tamil": "ta",
    "telugu": "te",
    "kannada": "kn",
    "malayalam": "ml",
    "sinhala": "si",
    "ethiopic": "am ti",
    "khmer": "km",
}
"""Script to the languages (ISO 639-1) that are written in it. All others count as written in Latin."""


class OtherScripts:
    """What is in none of the scripts ``read``: of each line what lies between their letters, where it has a word.

    Latin is always read. A single letter of an alphabet is a symbol, and of Greek two are; a single sign of Han, Kana or Hangul
    is a word, and may be a name.
    """

    def __init__(self, read: Iterable[str] = ()) -> None:
        known = "".join(SCRIPTS[name] for name in sorted({"latin", *read}))
        other = rf"[^\W\d_{known}]"
        no_greek = rf"(?![{SCRIPTS['greek']}]){other}"
        signs = "".join(SCRIPTS[name] for name in ("han", "kana", "hangul"))
        # A word of some scripts has marks between its letters.
        self._word = re.compile(rf"{no_greek}[^\w\s]?{no_greek}|{other}{{3}}|(?=[{signs}]){other}")
        self._between = re.compile(rf"[^\n\r{known}]+")

    def passages(self, text: str) -> Iterator[Span]:
        """In order, in code points, without punctuation at their ends."""
        if text.isascii() or self._word.search(text) is None:
            return
        for between in self._between.finditer(text):
            if self._word.search(between[0]):
                start = between.start() + len(between[0]) - len(between[0].lstrip(_AROUND))
                yield Span(start, between.start() + len(between[0].rstrip(_AROUND)))


def scripts_of(languages: Iterable[str]) -> tuple[str, ...]:
    """The scripts in which ``languages`` (ISO 639-1) are written, beside Latin."""
    wanted = set(languages)
    return tuple(name for name, written in _LANGUAGES.items() if wanted & set(written.split()))
