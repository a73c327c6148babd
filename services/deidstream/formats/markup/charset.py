"""Which character set markup is written in, and how its characters lie in its bytes."""

from __future__ import annotations

import codecs
import re
from array import array
from bisect import bisect_left
from collections.abc import Sequence

from deidstream.core.errors import Malformed

__all__ = ["View", "character_offsets", "view"]


class View:
    """A source as a string on which a tokenizer can run, with the way back to byte offsets.

    For a charset that extends ASCII the string is the bytes themselves, one character each, and ``decode`` turns a slice into
    text; for UTF-16 and UTF-32 the string is the text, and a table holds the byte offset of each character.
    """

    __slots__ = ("_at", "_bytes", "charset", "text")

    def __init__(self, source: bytes, charset: str) -> None:
        self.charset = charset
        self._at: array[int] | None = None
        wide = _WIDE.get(charset)
        self._bytes = wide is None
        if wide is None:
            self.text = source.decode("latin-1")
        else:
            self.text = source.decode(charset)
            self._at = array("Q", character_offsets(source, self.text, charset))

    def at(self, index: int) -> int:
        """Byte offset of the character at ``index``."""
        return index if self._at is None else self._at[index]

    def index(self, offset: int) -> int:
        """Index of the character at byte ``offset``."""
        return offset if self._at is None else bisect_left(self._at, offset)

    def decode(self, piece: str) -> str:
        """The text that a slice of the view stands for."""
        if not self._bytes or piece.isascii():
            return piece
        return piece.encode("latin-1").decode(self.charset, "replace")


def view(source: bytes, charset: str = "", lenient: bool = False) -> View:
    """``source`` by its byte order mark, else its declaration, else UTF-8, else ``charset``.

    Raises Malformed for a charset that is unknown or does not extend ASCII, and for bytes that it does not allow.
    """
    for mark, name in _MARKS:
        if source.startswith(mark):
            return View(_checked(source, name), name)
    declared = _declared(source, lenient)
    if not lenient and declared:
        # 8-bit declarations outlive a conversion to UTF-8; the reverse, UTF-8 that is valid by chance, does not happen.
        tried = [declared] if declared == "utf-8" else ["utf-8", declared]
    else:
        tried = ["utf-8", declared or _normal(charset, lenient) or "utf-8"]
        tried += ["cp1252", "latin-1"] if lenient else []
    for name in tried:
        if _decodes(source, name):
            return View(source, name)
    raise Malformed("invalid-charset")


def character_offsets(raw: bytes, text: str, charset: str) -> Sequence[int]:
    """For each code point of ``text`` its byte offset in ``raw``, and last ``len(raw)``."""
    if len(raw) == len(text):
        return range(len(raw) + 1)
    if charset == "utf-8":
        return [index for index, byte in enumerate(raw) if byte & 0xC0 != 0x80] + [len(raw)]
    unit = _WIDE.get(charset, 0)
    at, position = [0], 0
    for character in text:
        position += len(character.encode(charset, "replace")) if unit != 2 else 2 + 2 * (character > "\uffff")
        at.append(position)
    return at


def _checked(source: bytes, charset: str) -> bytes:
    if not _decodes(source, charset):
        raise Malformed("invalid-charset")
    return source


def _decodes(source: bytes, charset: str) -> bool:
    try:
        source.decode(charset)
    except UnicodeDecodeError:
        return False
    return True


def _declared(source: bytes, lenient: bool) -> str:
    found = _DECLARATION.match(source) or (_META.search(source[:2048]) if lenient else None)
    if found is None:
        return ""
    name = _normal(found[1].decode("ascii"), lenient)
    return "utf-8" if name in _WIDE else name  # it is readable, so it cannot be what it says


def _normal(charset: str, lenient: bool) -> str:
    if not charset:
        return ""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        name = ""
    if name in ("ascii", "utf-8-sig"):
        return "utf-8"
    if name == "utf-16" or name == "utf-32":
        return "utf-8"
    if name in _WIDE or _EXTENDS_ASCII.fullmatch(name):
        return name
    if lenient:
        return ""
    raise Malformed("unsupported-charset")


_WIDE = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARATION = re.compile(rb"\s*<\?xml\s[^?>]{0,200}?encoding\s*=\s*[\"']([A-Za-z][\w.:-]{0,40})")
_META = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z][\w.:-]{0,40})", re.I)
_EXTENDS_ASCII = re.compile(
    r"utf-8|iso8859-\d+|cp125\d|cp(?:437|850|852|858|866|874|932|936|949|950)|koi8-[rut]|mac-\w+|gb18030|gbk|gb2312|"
    r"big5(?:hkscs)?|shift_jis\w*|euc_\w+|johab|tis-620"
)
