"""What may be written next when nothing but the text and marks may be: so that no sign of it is lost and none is made up.

Texts, tokens and marks are followed byte by byte, in UTF-8, since a token may be half a letter. Where a text has brackets itself,
the same bytes can be copied or be a mark: then both are followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from deidstream.core.category import Category

__all__ = ["Copying", "bytes_of"]

_OPENINGS = [f"[[{one.value}: ".encode() for one in Category]
_CLOSING = b"]]"


class _Place(NamedTuple):
    """``at``: bytes of the text that were copied; ``since``: where the mark around them began, or -1; ``sign``: brackets so far."""

    at: int
    since: int = -1
    sign: bytes = b""


class _Node:
    __slots__ = ("after", "tokens")

    def __init__(self) -> None:
        self.after: dict[int, _Node] = {}
        self.tokens: list[int] = []


class Copying:
    """``tokens``: the bytes of each token that may be written, by its id; ``end``: the id that ends a text."""

    def __init__(self, tokens: Mapping[int, bytes], end: int) -> None:
        self._tokens, self._end, self._root = dict(tokens), end, _Node()
        for token, written in self._tokens.items():
            node = self._root
            for byte in written:
                node = node.after.setdefault(byte, _Node())
            if written:
                node.tokens.append(token)

    def of(self, text: str) -> Copy:
        """A copy of ``text`` of which nothing is written yet."""
        return Copy(text.encode(errors="replace"), self._root, self._tokens, self._end)


class Copy:
    """One text that is being written again."""

    def __init__(self, text: bytes, root: _Node, tokens: Mapping[int, bytes], end: int) -> None:
        self._text, self._root, self._tokens, self._end = text, root, tokens, end
        self._places = {_Place(0)}

    def write(self, token: int) -> None:
        """Goes on by one of the tokens that may come next."""
        for byte in self._tokens.get(token, b""):
            self._places = {after for place in self._places for after in self._after(place, byte)}

    def following(self) -> list[int]:
        """The ids of tokens that may come next: never none."""
        found: list[int] = []
        waiting = [(self._root, self._places)]
        while waiting:
            node, places = waiting.pop()
            found += node.tokens
            for byte in {byte for place in places for byte in self._bytes(place)}:
                if byte in node.after:
                    after = {one for place in places for one in self._after(place, byte)}
                    waiting.append((node.after[byte], after))
        if not found or _Place(len(self._text)) in self._places:
            found.append(self._end)
        return found

    def _bytes(self, place: _Place) -> Iterable[int]:
        if not place.sign and place.at < len(self._text):
            yield self._text[place.at]
        for form in self._signs(place):
            yield form[len(place.sign)]

    def _after(self, place: _Place, byte: int) -> Iterable[_Place]:
        if not place.sign and place.at < len(self._text) and self._text[place.at] == byte:
            yield place._replace(at=place.at + 1)
        written = place.sign + bytes([byte])
        forms = [form for form in self._signs(place) if form.startswith(written)]
        if written in forms:
            yield _Place(place.at, place.at if place.since < 0 else -1)
        elif forms:
            yield place._replace(sign=written)

    def _signs(self, place: _Place) -> Sequence[bytes]:
        """Brackets that may stand there: no mark is empty, none is within another, and none parts a letter."""
        if place.at < len(self._text) and self._text[place.at] & 0xC0 == 0x80:
            return []
        if place.since >= 0:
            forms: Sequence[bytes] = [_CLOSING] if place.at > place.since else []
        else:
            forms = _OPENINGS if place.at < len(self._text) else []
        return [form for form in forms if form.startswith(place.sign)]


def bytes_of(token: str) -> bytes:
    """Of a token as byte-level vocabularies spell it (Radford et al. 2019): each byte as a letter that can be printed."""
    return bytes(_BYTES[letter] for letter in token)


def _spelled() -> dict[str, int]:
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(256 + number): byte for number, byte in enumerate(others)}


_BYTES = _spelled()
