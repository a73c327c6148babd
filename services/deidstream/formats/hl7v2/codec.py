"""Raw values and what they read: character sets and escape sequences (2.8, chapter 2.7).

``\\F\\ \\S\\ \\T\\ \\R\\ \\E\\ \\P\\`` are delimiters, ``\\Xhh..\\`` bytes in hexadecimal, ``\\.br\\`` (and ``.sp``, ``.ce``)
line ends. Formatting and charset switches (``\\H\\ \\N\\ \\.in4\\ \\Cxxyy\\ \\Mxxyyzz\\``) read as nothing. Whatever else stands
between two escape characters is left as it stands, so that a detector sees it: ``C:\\temp\\Smith`` and local ``\\Z..\\`` alike.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from deidstream.core.errors import Unsafe
from deidstream.formats.hl7v2.charset import SHIFTING
from deidstream.formats.hl7v2.delimiters import Delimiters

__all__ = ["ValueCodec", "value_codec"]

_MIXED = "mixed"
_SHIFT = re.compile(r"\x1b[$(,\-./][A-Za-z@]|\x1b\$[(),\-./][A-Za-z@]|\x1b\([A-Z]|[\x0e\x0f]")
_NOWHERE = -1


class ValueCodec:
    """All values of one message share one codec: its delimiters and its character set."""

    __slots__ = ("_escape", "_known", "_marks", "_narrow", "_plain", "charset")

    def __init__(self, delimiters: Delimiters, charset: str) -> None:
        self.charset = charset
        self._narrow = charset not in SHIFTING and not _is_wide(charset)
        self._escape = delimiters.escape
        self._marks = _marks(delimiters)
        self._known = _pattern(self._escape) if self._escape else None
        self._plain = _plain_pattern("".join(self._marks))

    def text(self, characters: str) -> str:
        """What a value reads, given its characters (escapes not yet resolved)."""
        if self._known is None or self._escape not in characters:
            return characters
        return self._known.sub(self._resolve, characters)

    def decode(self, raw: bytes) -> str:
        """The characters of ``raw``, escapes not yet resolved."""
        return _decode(raw, self.charset)

    def encode(self, text: str) -> bytes:
        """The raw bytes that read ``text``; line ends become ``\\.br\\``, other control characters a space.

        A character that the charset lacks loses its accents, or becomes ``?``.
        """
        if self._plain.fullmatch(text):
            return text.encode("ascii") if self._narrow else _encode(text, self.charset)
        return _encode("".join(self._escaped(character) for character in text.replace("\r\n", "\n")), self.charset)

    def offsets(self, raw: bytes) -> Sequence[int]:
        """For each code point of the text its byte offset in ``raw``, and last ``len(raw)``."""
        if self._narrow and raw.isascii():
            characters, at = raw.decode("ascii"), range(len(raw) + 1)
            if not self._escape or self._escape not in characters:
                return at
            return self._resolved(characters, at)
        characters = self.decode(raw)
        positions = _positions(raw, characters, self.charset)
        if self._known is None or self._escape not in characters:
            return positions
        return self._resolved(characters, positions)

    def _resolved(self, characters: str, at: Sequence[int]) -> Sequence[int]:
        assert self._known is not None
        out, position, closed = array("q"), 0, _NOWHERE
        for found in self._known.finditer(characters):
            out.extend(_opened(at[position : found.start()], closed))
            # all code points of one sequence begin where it begins; nothing inside it can be addressed
            out.extend([at[found.start()]] * len(self._resolve(found)))
            # \\N\\ ends what stands before it: an edit of that must not take the end of the highlighting along
            closed = at[found.start()] if found[1] == "N" else _NOWHERE
            position = found.end()
        out.extend(_opened(at[position:-1], closed))
        out.append(at[-1])
        return _Positions(out) if isinstance(at, _Positions) else out

    def _resolve(self, found: re.Match[str]) -> str:
        name = found[1]
        if name in _LITERAL:
            return self._marks_by_letter(name)
        if name[0] == "X":
            return _decode(bytes.fromhex(name[1:]), "utf-8" if self.charset == "ascii" else self.charset)
        if name[0] == ".":
            return "\n" if name[1:3] in ("br", "sp", "ce") else " " if name[1:3] == "sk" else ""
        return ""

    def _marks_by_letter(self, letter: str) -> str:
        return next((mark for mark, name in self._marks.items() if name == letter), "")

    def _escaped(self, character: str) -> str:
        if character in self._marks:
            return f"{self._escape}{self._marks[character]}{self._escape}" if self._escape else " "
        if character in "\r\n":
            return f"{self._escape}.br{self._escape}" if self._escape else " "
        return " " if unicodedata.category(character) == "Cc" else character


@lru_cache(maxsize=64)
def _plain_pattern(marks: str) -> re.Pattern[str]:
    """Printable ASCII without the delimiters: what stands in a message as it reads."""
    return re.compile("[" + "".join(re.escape(chr(code)) for code in range(32, 127) if chr(code) not in marks) + "]*")


class _Positions(Sequence[int]):
    """Offsets of which some cannot be edited at, because a shift would be cut in two (ISO 2022)."""

    def __init__(self, at: Sequence[int]) -> None:
        self._at = at

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # both overloads of Sequence
        if isinstance(index, slice):
            return self._at[index]
        if self._at[index] == _NOWHERE:
            raise Unsafe("edit-inside-shift")
        return self._at[index]


_LITERAL = frozenset("FSTREP")


def _opened(at: Sequence[int], begin: int) -> Sequence[int]:
    return at if begin == _NOWHERE or not at else [begin, *at[1:]]


@lru_cache(maxsize=32)
def value_codec(delimiters: Delimiters, charset: str) -> ValueCodec:
    """The one codec for these delimiters and this charset."""
    return ValueCodec(delimiters, charset)


def _marks(delimiters: Delimiters) -> dict[str, str]:
    pairs = zip(
        (
            delimiters.escape,
            delimiters.field,
            delimiters.component,
            delimiters.subcomponent,
            delimiters.repetition,
            delimiters.truncation,
        ),
        "EFSTRP",
        strict=True,
    )
    return {mark: letter for mark, letter in pairs if mark}


@lru_cache(maxsize=32)
def _pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    names = (
        r"[FSTREPHN]|X(?:[0-9A-Fa-f]{2})+|\.(?:br|sp|fi|nf|in|ti|sk|ce)[+-]?\d{0,3}|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4,6}"
    )
    return re.compile(f"{mark}({names}){mark}")


def _decode(raw: bytes, charset: str) -> str:
    if charset != _MIXED:
        return raw.decode(charset, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _encode(text: str, charset: str) -> bytes:
    name = "utf-8" if charset == _MIXED else charset
    try:
        return text.encode(name)
    except UnicodeError:
        return "".join(_spelled(character, name) for character in text).encode(name, "replace")


def _spelled(character: str, charset: str) -> str:
    try:
        character.encode(charset)
    except UnicodeError:
        plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        return plain or "?"
    return character


def _is_wide(charset: str) -> bool:
    return charset.startswith(("utf-16", "utf-32"))


def _positions(raw: bytes, characters: str, charset: str) -> Sequence[int]:
    if len(characters) == len(raw):
        return range(len(raw) + 1)
    if charset in SHIFTING:
        return _shifting_positions(raw, charset)
    width = _widths(charset)
    at, position = array("q", [0]), 0
    for character in characters:
        position += width(character)
        at.append(position)
    return at


def _widths(charset: str) -> Callable[[str], int]:
    name = "utf-8" if charset == _MIXED else charset

    @lru_cache(maxsize=4096)
    def width(character: str) -> int:
        return len(character.encode(name))

    return width


def _shifting_positions(raw: bytes, charset: str) -> Sequence[int]:
    """Only where the state is ASCII on both sides can an edit begin or end."""
    view = raw.decode("latin-1")
    at, start, plain, shift = array("q"), 0, True, _Shift(b"", 0)
    for mark in [*_SHIFT.finditer(view), None]:
        body = raw[start : mark.start() if mark else len(raw)]
        count = len((shift.sequence + body).decode(charset, "replace"))
        run = array("q", range(start, start + count)) if plain else array("q", [_NOWHERE] * count)
        if run and not plain:
            run[0] = shift.begin
        at.extend(run)
        if mark is None:
            break
        sequence = mark[0].encode("latin-1")
        shift = _Shift(sequence, mark.start() if plain else _NOWHERE)
        plain, start = sequence in _TO_ASCII, mark.end()
    at.append(len(raw))
    return _Positions(at)


class _Shift(NamedTuple):
    sequence: bytes
    begin: int


_TO_ASCII = frozenset({b"\x1b(B", b"\x1b(J", b"\x0f"})
