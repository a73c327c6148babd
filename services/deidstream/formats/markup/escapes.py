"""How text stands in markup: references, CDATA, comments; decoded with exact offsets, written so that it reads back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html.entities import html5

from deidstream.core.errors import Malformed
from deidstream.formats.markup.charset import character_offsets

__all__ = ["MarkupCodec", "resolve"]


@dataclass(frozen=True, slots=True)
class MarkupCodec:
    """The codec of one kind of place: ``text``, ``attribute``, ``cdata``, ``comment``, ``instruction`` or ``raw`` (script)."""

    kind: str
    charset: str = "utf-8"
    html: bool = False

    def encode(self, text: str) -> bytes:
        """``text`` escaped for this place; a character that the charset lacks becomes a reference, in comments ``?``."""
        text = _FORBIDDEN.sub("\ufffd", text)
        written = _WRITERS[self.kind](text)
        if self.charset in _WIDE:
            return written.encode(self.charset, "replace")
        if self.charset == "utf-8":
            return written.encode("utf-8", "replace")
        if self.kind == "cdata":
            written = _NOT_ASCII.sub(lambda found: f"]]>&#{ord(found[0])};<![CDATA[", written)
        return written.encode("ascii", "replace" if self.kind in _UNESCAPED else "xmlcharrefreplace")

    def offsets(self, raw: bytes) -> Sequence[int]:
        """Byte offset of each code point; those of a reference to several code points end where the reference ends."""
        text = raw.decode(self.charset, "replace")
        at = character_offsets(raw, text, self.charset)
        if self.kind not in _REFERRING or "&" not in text:
            return at
        out: list[int] = []
        position = 0
        for found in _REFERENCE.finditer(text):
            value = _value(found[0], self.html)
            if value is None:
                continue
            out += at[position : found.start() + 1]
            out += [at[found.end()]] * (len(value) - 1)
            position = found.end()
        out += at[position:]
        return out


def resolve(text: str, html: bool, place: str) -> str:
    """``text`` with its references replaced. Outside of HTML, raises Malformed for one that is bare or not defined."""
    if "&" not in text:
        return text

    def one(found: re.Match[str]) -> str:
        value = _value(found[0], html)
        return found[0] if value is None else value

    if not html:
        for at in _AMPERSAND.finditer(text):
            reference = _REFERENCE.match(text, at.start())
            if reference is None or _value(reference[0], html) is None:
                raise Malformed("undefined-entity", place)
    return _REFERENCE.sub(one, text)


def _value(reference: str, html: bool) -> str | None:
    name = reference[1:]
    if not name.startswith("#"):
        # HTML's names are taken in XML too: no declaration is needed to know them, and narrative is pasted from HTML.
        return html5.get(name if name.endswith(";") else name + ";")
    digits = name[1:].rstrip(";")
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    if 0x20 <= number < 0xD800 or 0xE000 <= number < 0x110000 or number in (9, 10, 13):
        return chr(number)
    return "\ufffd" if html else None


def _text(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text[:-1] + "&#93;" if text.endswith("]]") else text


def _attribute(text: str) -> str:
    text = (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#39;")
    )
    return text.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;")


def _cdata(text: str) -> str:
    # A "]" at either border could join what stands there to "]]>".
    text = text.replace("]]>", "]]]]><![CDATA[>")
    if text.startswith((">", "]>")):
        text = "]]><![CDATA[" + text
    return text + "]]><![CDATA[" if text.endswith("]") else text


def _comment(text: str) -> str:
    text = text.replace("--", "- -").replace("--", "- -")
    if text.startswith(("-", ">")):
        text = " " + text
    return text + " " if text.endswith("-") else text


def _instruction(text: str) -> str:
    text = text.replace("?>", "? >").replace(">", "&gt;")
    return text + " " if text.endswith("?") else text


def _raw(text: str) -> str:
    return text.replace("<", "\\x3c")


_WIDE = frozenset({"utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})
_REFERRING = frozenset({"text", "attribute"})
_UNESCAPED = frozenset({"comment", "instruction", "raw"})
_WRITERS = {
    "text": _text,
    "attribute": _attribute,
    "cdata": _cdata,
    "comment": _comment,
    "instruction": _instruction,
    "raw": _raw,
}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_AMPERSAND = re.compile("&")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
