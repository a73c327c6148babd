"""Characters in RTF: literal, as bytes of a code page, as UTF-16 units with a fallback, as control words."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CHARACTER", "RtfCodec"]

_SYMBOLS = {
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "qmspace": "\u2005",
}
_NAMES = "|".join(_SYMBOLS)
CHARACTER = (
    r"\\'[0-9A-Fa-f]{2}|\\u-?[0-9]{1,6}+ ?|" + rf"\\(?:{_NAMES})(?![A-Za-z0-9-]) ?|" + r"\\[{}\\~_-]|[\r\n]|[^\\{}\r\n]"
)
"""One character of a run: hex byte, UTF-16 unit, symbol, escaped symbol, line end (means nothing), literal byte."""
_CHARACTER = re.compile(
    r"\\'([0-9A-Fa-f]{2})|\\u(-?[0-9]{1,6}+) ?|"
    + rf"\\({_NAMES})(?![A-Za-z0-9-]) ?|"
    + r"\\([{}\\~_-])|([\r\n])|([^\\{}\r\n]+)"
)
_ESCAPED = {"~": "\xa0", "_": "\u2011", "-": "\xad"}


@dataclass(frozen=True, slots=True)
class RtfCodec:
    """The codec of one run. ``skip``: how many fallback characters follow a UTF-16 unit (``\\uc``).

    ``tight``: a control word stands right before or in the run, without the space that ends it.
    """

    charset: str = "cp1252"
    skip: int = 1
    tight: bool = False

    def encode(self, text: str) -> bytes:
        """``text`` in ASCII with escapes; a line end is ``\\line``, a tab ``\\tab``."""
        out = "".join(map(self._written, text))
        # A line end means nothing in RTF, but it ends a control word.
        return ("\n" + out if self.tight else out).encode("ascii")

    def offsets(self, raw: bytes) -> Sequence[int]:
        """Byte offset of each code point, and last the size; line ends and fallbacks belong to what they follow."""
        return self.read(raw.decode("latin-1"))[1]

    def read(self, raw: str) -> tuple[str, list[int]]:
        """The text of a run, and the offset of each code point."""
        if raw.isascii() and "\\" not in raw and "\n" not in raw and "\r" not in raw:
            return raw, list(range(len(raw) + 1))
        return _Reader(self.charset, self.skip).run(raw)

    def _written(self, character: str) -> str:
        if character in "\\{}":
            return "\\" + character
        if " " <= character <= "~":
            return character
        if character in _WORDS:
            return _WORDS[character]
        if character < " " or character == "\x7f":
            return "?"
        units = character.encode("utf-16-le", "replace")
        fallback = "?" * self.skip or " "
        numbers = (int.from_bytes(units[index : index + 2], "little", signed=True) for index in range(0, len(units), 2))
        return "".join(f"\\u{number}{fallback}" for number in numbers)


class _Reader:
    def __init__(self, charset: str, skip: int) -> None:
        self.decoder = codecs.getincrementaldecoder(charset)("replace")
        self.skip = skip
        self.text: list[str] = []
        self.at: list[int] = []
        self.begun = -1
        """Where the character began whose bytes or units are not all read yet."""
        self.high = 0

    def run(self, raw: str) -> tuple[str, list[int]]:
        fallback = 0
        for found in _CHARACTER.finditer(raw):
            kind, value = found.lastindex or 0, found[found.lastindex or 0]
            if kind == _LINE_END:
                continue
            start = found.start()
            if kind == _LITERAL:
                dropped = min(fallback, len(value))
                fallback -= dropped
                self.literal(value[dropped:], start + dropped)
                continue
            if kind != _UNIT and fallback:
                fallback -= 1
                continue
            if kind == _UNIT:
                self.unit(int(value) & 0xFFFF, start)
                fallback = self.skip
            elif kind == _HEX:
                self.byte(int(value, 16), start)
            else:
                self.flush()
                self.put(_SYMBOLS.get(value) or _ESCAPED.get(value, value), start)
        self.flush()
        return "".join(self.text), [*self.at, len(raw)]

    def unit(self, unit: int, start: int) -> None:
        if self.high and 0xDC00 <= unit < 0xE000:
            self.put(chr(0x10000 + ((self.high - 0xD800) << 10) + (unit - 0xDC00)), self.begun)
            self.high, self.begun = 0, -1
            return
        self.flush()
        if 0xD800 <= unit < 0xDC00:
            self.high, self.begun = unit, start
        else:
            self.put("\ufffd" if 0xDC00 <= unit < 0xE000 else chr(unit), start)

    def literal(self, value: str, start: int) -> None:
        if value.isascii() and self.begun < 0:
            self.text.append(value)
            self.at += range(start, start + len(value))
            return
        for index, character in enumerate(value):
            self.byte(ord(character), start + index)

    def byte(self, byte: int, start: int) -> None:
        if self.high:
            self.flush()
        if self.begun < 0:
            self.begun = start
        read = self.decoder.decode(bytes((byte,)))
        for character in read:
            self.put(character, self.begun)
            self.begun = start
        if read:
            self.begun = -1

    def put(self, character: str, start: int) -> None:
        self.text.append(character)
        self.at.append(start)

    def flush(self) -> None:
        """Ends a character that is incomplete."""
        if self.high:
            self.put("\ufffd", self.begun)
        elif self.begun >= 0:
            self.put("\ufffd", self.begun)
            self.decoder.reset()
        self.high, self.begun = 0, -1


_HEX, _UNIT, _LINE_END, _LITERAL = 1, 2, 5, 6
_WORDS = {"\n": "\\line ", "\t": "\\tab ", "\xa0": "\\~"}
