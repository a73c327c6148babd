"""How the bytes of a JSON value and its text relate: escapes in strings, literals, base64."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence

from deidstream.core.errors import Malformed, Unsafe

__all__ = [
    "BASE64",
    "LITERAL",
    "STRING",
    "Base64Codec",
    "LiteralCodec",
    "StringCodec",
    "decode_base64",
    "encode_base64",
]

# One match a code point: an escaped surrogate pair, any other escape, or the bytes of one UTF-8 character.
_CHARACTER = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]*",
    re.DOTALL,
)
_LITERAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_BREAK = re.compile(rb"(?:\\[nrt]|\s)+")


class StringCodec:
    """The inside of a JSON string, without its quotes."""

    def encode(self, text: str) -> bytes:
        """Escapes what JSON demands and nothing else; lone surrogates become U+FFFD."""
        quoted = json.dumps(text, ensure_ascii=False)[1:-1]
        return quoted.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode("utf-8")

    def offsets(self, raw: bytes) -> Sequence[int]:
        """Byte offset of each code point; an escape is one code point, so is an escaped surrogate pair."""
        if b"\\" not in raw and raw.isascii():
            return range(len(raw) + 1)
        return [match.start() for match in _CHARACTER.finditer(raw)] + [len(raw)]


class LiteralCodec:
    """A number, ``true`` or ``false``: only another literal may take its place."""

    def encode(self, text: str) -> bytes:
        """``text`` as it is. Raises Unsafe when it is no JSON literal."""
        if not _LITERAL.fullmatch(text):
            raise Unsafe("not-a-json-literal")
        return text.encode("ascii")

    def offsets(self, raw: bytes) -> Sequence[int]:
        """One byte a code point."""
        return range(len(raw) + 1)


class Base64Codec(StringCodec):
    """A string of base64: its text is the base64 itself."""


STRING = StringCodec()
LITERAL = LiteralCodec()
BASE64 = Base64Codec()


def decode_base64(raw: bytes) -> bytes:
    """The content of a base64 value as it stands in JSON, with or without line breaks. Raises Malformed."""
    compact = _BREAK.sub(b"", raw.replace(b"\\/", b"/"))
    if not _BASE64.fullmatch(compact):
        raise Malformed("invalid-base64")
    try:
        return base64.b64decode(compact, validate=True)
    except binascii.Error:
        raise Malformed("invalid-base64") from None


def encode_base64(content: bytes, like: bytes) -> bytes:
    """``content`` as base64, its lines as long and as separated as those of ``like``, the value it replaces."""
    encoded = base64.b64encode(content)
    separator = _BREAK.search(like)
    if separator is None or not separator.start():
        return encoded
    width = separator.start() - like[: separator.start()].count(b"\\/")
    lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]
    return separator[0].join(lines)
