"""Plain text: one leaf, one part, the whole file."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from deidstream.core.document import Document, Leaf, Part, Piece
from deidstream.core.errors import Malformed

__all__ = ["TextCodec", "TextDocument", "split"]

LOCATOR = "text"


class TextDocument(Document):
    """A text. Its only leaf and its only part are called ``text``; a byte order mark lies before both."""

    format = "text"


@dataclass(frozen=True, slots=True)
class TextCodec:
    """Text in one charset, without escapes."""

    charset: str

    def encode(self, text: str) -> bytes:
        """``text`` in the charset; characters that it lacks become ``?``."""
        return text.encode(self.charset, "replace")

    def offsets(self, raw: bytes) -> Sequence[int]:
        """Byte offset of each code point, and last the size."""
        if self.charset in _SINGLE or (self.charset == "utf-8" and raw.isascii()):
            return range(len(raw) + 1)
        if self.charset == "utf-8":
            return [index for index, byte in enumerate(raw) if byte & 0xC0 != 0x80] + [len(raw)]
        at = [0]
        for character in raw.decode(self.charset):
            at.append(at[-1] + len(character.encode(self.charset)))
        return at


def split(source: bytes, charset: str = "") -> TextDocument:
    """The text of ``source``: by its byte order mark, else UTF-8, else ``charset``, else Windows-1252, else Latin-1.

    Raises Malformed: ``empty``, or ``binary-content`` for what no text contains.
    """
    mark, name = _charset(source, charset)
    text = source[mark:].decode(name)
    if not text:
        raise Malformed("empty")
    if any(character in text for character in _NEVER):
        raise Malformed("binary-content")
    leaf = Leaf(LOCATOR, mark, len(source), text, TextCodec(name), "text")
    return TextDocument(source, (leaf,), (Part(LOCATOR, text, (Piece(0, len(text), LOCATOR),)),))


def _charset(source: bytes, stated: str) -> tuple[int, str]:
    """The length of the byte order mark, and the first charset that decodes every byte and writes the same bytes again."""
    for mark, name in _MARKS:
        if source.startswith(mark):
            if not _keeps(source[len(mark) :], name):
                raise Malformed("invalid-charset")
            return len(mark), name
    if b"\0" in source:
        raise Malformed("binary-content")
    for name in ("utf-8", _known(stated), "cp1252"):
        if name and _keeps(source, name):
            return 0, name
    return 0, "latin-1"


def _known(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name if charset else ""
        return name if name and len("A".encode(name)) == 1 else ""
    except (LookupError, ValueError):
        return ""


def _keeps(source: bytes, charset: str) -> bool:
    try:
        text = source.decode(charset)
    except (UnicodeError, LookupError):
        return False
    if charset in _SINGLE or charset == "utf-8":
        return True
    return "".join(text).encode(charset, "replace") == source and _stateless(text, source, charset)


def _stateless(text: str, source: bytes, charset: str) -> bool:
    """Whether each character is written alone as it is in its place (not so in ISO-2022, which shifts between sets)."""
    return sum(len(character.encode(charset)) for character in text) == len(source)


_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_SINGLE = frozenset({"cp1252", "latin-1", "iso8859-1", "iso8859-15", "cp1250", "cp1251", "ascii"})
_NEVER = "\0\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"
