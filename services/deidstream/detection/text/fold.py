"""Many texts become one buffer of plain bytes that patterns can read, with the way back.

One byte stands for one code point: letters lose their accents, look-alikes of other scripts become the Latin letter that they
imitate, any digit becomes 0-9, any space a blank, any dash a hyphen. What is invisible (zero width, soft hyphen, combining mark)
vanishes. So a pattern in ASCII finds ``José`` in every spelling that Unicode knows, and no separate offsets are needed where
nothing vanished, which is nearly always.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["BOUNDARY", "OTHER_LETTER", "Folded", "fold", "fold_word"]

BOUNDARY = 0
"""Stands before, between and after texts; no character folds to it, and no pattern may cross it."""
OTHER_LETTER = 0x80
"""A letter of a script without case, or one that imitates no Latin letter."""

_VANISH = 0xFF
_SEPARATOR = "\ue000"
_LOOKALIKES = (
    "АВЕЅZІЈКМНОРСТУХаеѕіјорсухвкмнтԁԛԝһЬьΑΒΕΖΗΙΚΜΝΟΡΤΥΧαβγεικνορτυχɡ",
    "ABESZIJKMHOPCTYXaesijopcyxvkmhtdqwhbbABEZHIKMNOPTYXabyeikvoptuxg",
)
_OTHERS = (
    "°ÆæŒœØøĐđĦħıĸŁłŊŋŦŧÐðÞþßſ年月日년월일‘’ʼ′´`“”„«»″‹›·•…€£¥‚⁄∕：，；、。،؛（）｟｠／",
    'oAaOoOoDdHhikLlNnTtDdPpss\x90\x91\x92\x90\x91\x92\'\'\'\'\'\'"""""""".*.$$$,//:,;,.,;()()/',
)


@dataclass(frozen=True, slots=True)
class Folded:
    """``buffer`` holds the texts, folded, each between two boundary bytes. ``starts[i]`` is where text i begins."""

    buffer: bytes = field(repr=False)
    starts: Sequence[int]
    _kept: Sequence[int] | None = field(repr=False)
    _origins: Sequence[int] = field(repr=False)

    def text_at(self, position: int) -> int:
        """The index of the text that the byte at ``position`` belongs to."""
        return bisect_right(self.starts, position) - 1

    def span(self, text: int, start: int, end: int) -> tuple[int, int]:
        """Bytes ``[start, end)`` of the buffer as code points of text number ``text``, with the marks on the last of them."""
        if self._kept is None:
            origin = self.starts[text]
            return start - origin, end - origin
        origin = self._origins[text]
        return self._kept[start] - origin, self._kept[end] - origin


def fold(texts: Sequence[str]) -> Folded:
    """All ``texts`` in one buffer. Linear; a few nanoseconds a character for Latin letters, a hundred for other scripts."""
    joined = _SEPARATOR.join(("", *texts, ""))
    if joined.count(_SEPARATOR) != len(texts) + 1:
        joined = _SEPARATOR.join(("", *(text.replace(_SEPARATOR, " ") for text in texts), ""))
    origins, position = [], 1
    for text in texts:
        origins.append(position)
        position += len(text) + 1
    return _folded(joined, origins)


def fold_word(word: str) -> bytes:
    """One word or phrase, folded, without boundaries."""
    return fold((word,)).buffer[1:-1]


def _folded(joined: str, origins: list[int]) -> Folded:
    plain = _plain(joined)
    if plain is not None:
        return Folded(plain, origins, None, origins)
    codes = _codes()
    buffer = joined.translate(codes).encode("latin-1")
    if len(buffer) == len(joined):
        return Folded(buffer, origins, None, origins)
    vanishing = "".join(character for character in set(joined) if codes[ord(character)] is None)
    kept, position = array("q"), 0
    for found in re.finditer(f"[{re.escape(vanishing)}]+", joined):
        kept.extend(range(position, found.start()))
        position = found.end()
    kept.extend(range(position, len(joined)))
    return Folded(buffer, [bisect_left(kept, origin) for origin in origins], kept, origins)


def _plain(joined: str) -> bytes | None:
    """The quick way, for texts of Latin-1 and of print in which nothing vanishes."""
    if "\x00" in joined:
        return None
    if not joined.isascii():
        for mark, plain in _PRINTED:
            joined = joined.replace(mark, plain)
    try:
        raw = joined.replace(_SEPARATOR, "\x00").encode("latin-1")
    except UnicodeEncodeError:
        return None
    return None if b"\xad" in raw else raw.translate(_latin_table())


_PRINTED = tuple(zip("‘’“”„–—…•€", '\'\'"""--.*$', strict=True))
"""What texts in Latin letters have beyond Latin-1, and what it folds to."""


@lru_cache(maxsize=1)
def _latin_table() -> bytes:
    codes = _codes()
    table = bytearray(ord(codes[point] or "\xff") for point in range(256))
    table[0] = BOUNDARY
    return bytes(table)


class _Codes(dict[int, str | None]):
    """Code point to the character of its byte (None: it vanishes), worked out when first met."""

    def __missing__(self, point: int) -> str | None:
        found: str | None = chr(OTHER_LETTER)  # scripts beyond those below: letters without case
        if any(first <= point < last for first, last in _INVISIBLE):
            found = None
        elif any(first <= point < last for first, last in _WORKED_OUT):
            code = _code(chr(point))
            found = None if code == _VANISH else chr(code)
        if len(self) < _MOST:
            self[point] = found
        return found


_MOST = 40_000
_INVISIBLE = ((0xE0000, 0xE0200), (0x1DC0, 0x1E00))
_WORKED_OUT = (
    (0, 0x3100),
    (0xA640, 0xA800),
    (0xFB00, 0x10000),
    (0x1D400, 0x1D800),
    (0x1F000, 0x1FB00),
)


@lru_cache(maxsize=1)
def _codes() -> _Codes:
    codes = _Codes()
    for originals, images in (_LOOKALIKES, _OTHERS):
        for original, image in zip(originals, images, strict=True):
            codes[ord(original)] = image
    codes[ord(_SEPARATOR)] = chr(BOUNDARY)
    return codes


def _code(character: str) -> int:
    point = ord(character)
    if point < 0x80:
        return point if point >= 0x20 or character in "\t\n\r" else 0x20
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Cf"):
        return _VANISH
    if category == "Nd":
        return 0x30 + unicodedata.digit(character)
    if category == "Zs" or character in "\x85\u2028\u2029":
        return 0x0A if category != "Zs" else 0x20
    if category == "Pd" or character == "\u2212":
        return ord("-")
    base = unicodedata.normalize("NFKD", character)[:1]
    if "!" <= base <= "~":
        return ord(base)
    return _letter(character, category, base)


def _letter(character: str, category: str, base: str) -> int:
    """Letters of cased scripts become some Latin letter of the same case, so that words stay words."""
    for original, image in zip(*_LOOKALIKES, strict=True):
        if original == base:
            return ord(image)
    if category in ("Lu", "Lt"):
        return ord("A") + ord(base) % 26
    if category == "Ll":
        return ord("a") + ord(base) % 26
    if category.startswith("L") or category == "Mc":
        return OTHER_LETTER
    return 0x20 if category.startswith(("Z", "C")) else ord("*")
