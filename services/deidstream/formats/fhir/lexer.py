"""JSON text to a tree of byte ranges (RFC 8259, strict), in linear time and bounded depth.

Only places are kept, not values: a node says where it begins and ends, so that what no edit names stays as it was. Beyond
the grammar, a duplicate key is an error (readers disagree on which one counts, so one of them would escape us), and so are
a number that JSON does not know (NaN), text that is not UTF-8, and more nesting or values than the limits.
"""

from __future__ import annotations

import json
import re
from typing import Final, Union

from deidstream.core.errors import Malformed
from deidstream.formats.possessive import possessive

__all__ = ["Array", "Node", "Object", "Scalar", "parse", "text_of"]

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 500_000
"""A bound for memory: about what 10 MB of ordinary resources hold."""


class Scalar:
    """A string (``kind`` ``"``, the range without its quotes), a number (``0``), ``t``/``f`` or ``n`` (null)."""

    __slots__ = ("end", "key_start", "kind", "start")

    def __init__(self, kind: str, start: int, end: int, key_start: int) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.key_start = key_start
        """Where the member or item begins: at the quote of its key, or at the value for an item."""

    @property
    def stop(self) -> int:
        """Where the value ends, with its closing quote."""
        return self.end + 1 if self.kind == '"' else self.end


class Object:
    """``members`` by decoded name, in source order. The range takes in both braces."""

    __slots__ = ("key_start", "members", "start", "stop")
    kind = "{"

    def __init__(self, start: int, key_start: int) -> None:
        self.start = start
        self.stop = start
        self.key_start = key_start
        self.members: dict[str, Node] = {}


class Array:
    """``items`` in source order. The range takes in both brackets."""

    __slots__ = ("items", "key_start", "start", "stop")
    kind = "["

    def __init__(self, start: int, key_start: int) -> None:
        self.start = start
        self.stop = start
        self.key_start = key_start
        self.items: list[Node] = []


Node = Union[Scalar, Object, Array]  # noqa: UP007  # evaluated while the classes above are being defined

# Possessive quantifiers: no backtracking, so the time is linear whatever the input.
_ESCAPED = r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*+'
_STRING = rb'"([^"\\\x00-\x1f]*+' + possessive(_ESCAPED).encode() + rb')"'
_OTHER = rb"(-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null)|([{\[])"
_SPACE = rb"[ \t\n\r]*+"
_VALUE = _SPACE + rb"(?:" + _STRING + rb"|" + _OTHER + rb")" + _SPACE + rb"([,}\]])?"
_MEMBER = re.compile(_SPACE + _STRING + _SPACE + rb":" + _VALUE)
_ITEM = re.compile(_VALUE)
_AFTER = re.compile(_SPACE + rb"([,}\]])")
_BLANK = re.compile(_SPACE)
_KIND = {0x74: "t", 0x66: "f", 0x6E: "n"}
_BOM = b"\xef\xbb\xbf"


def parse(source: bytes) -> Object:
    """The object that ``source`` is. Raises Malformed with the byte offset as its place."""
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Malformed("not-utf-8", "0")
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("invalid-utf-8", str(error.start)) from None
    if source.count(b",") > MAX_VALUES:
        raise Malformed("too-many-values", f"limit {MAX_VALUES}")
    start = _skip(source, len(_BOM) if source.startswith(_BOM) else 0)
    if source[start : start + 1] != b"{":
        raise Malformed("empty" if start == len(source) else "not-an-object", str(start))
    root = Object(start, start)
    _object(source, root, 1)
    if _skip(source, root.stop) != len(source):
        raise Malformed("content-after-the-end", str(root.stop))
    return root


def text_of(source: bytes, scalar: Scalar) -> str:
    """The decoded text of a string, the source text of any other scalar. A lone surrogate reads as U+FFFD."""
    raw = source[scalar.start : scalar.end]
    if scalar.kind == '"' and b"\\" in raw:
        return _unescape(raw)
    return raw.decode("utf-8")


def _unescape(raw: bytes) -> str:
    text: str = json.loads(b'"' + raw + b'"')
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("�", text)
    return text


_SURROGATE = re.compile("[\ud800-\udfff]")


def _skip(source: bytes, position: int) -> int:
    match = _BLANK.match(source, position)
    return match.end() if match else position


def _object(source: bytes, node: Object, depth: int) -> None:
    """Reads the members of ``node``, whose brace stands at ``node.start``, and sets its end."""
    position = node.start + 1
    members = node.members
    match_member = _MEMBER.match
    while True:
        match = match_member(source, position)
        if match is None:
            if not members and source[(position := _skip(source, position)) : position + 1] == b"}":
                node.stop = position + 1
                return
            raise Malformed("invalid-json", str(position))
        raw_key, _, _, opening, delimiter = match.groups()
        key = _unescape(raw_key) if b"\\" in raw_key else raw_key.decode("utf-8")
        if key in members:
            raise Malformed("duplicate-key", str(match.start(1)))
        key_start = match.start(1) - 1
        if opening is None:
            members[key] = _scalar(source, match, 2, key_start)
            position = match.end()
        else:
            members[key] = child = _container(source, opening, match.start(4), key_start, depth)
            position, delimiter = _after(source, child.stop)
        if delimiter == b",":
            continue
        if delimiter != b"}":
            raise Malformed("invalid-json", str(position))
        node.stop = position
        return


def _array(source: bytes, node: Array, depth: int) -> None:
    """Reads the items of ``node``, whose bracket stands at ``node.start``, and sets its end."""
    position = node.start + 1
    items = node.items
    match_item = _ITEM.match
    while True:
        match = match_item(source, position)
        if match is None:
            if not items and source[(position := _skip(source, position)) : position + 1] == b"]":
                node.stop = position + 1
                return
            raise Malformed("invalid-json", str(position))
        _, _, opening, delimiter = match.groups()
        if opening is None:
            scalar = _scalar(source, match, 1, 0)
            scalar.key_start = scalar.start - 1 if scalar.kind == '"' else scalar.start
            items.append(scalar)
            position = match.end()
        else:
            start = match.start(3)
            items.append(child := _container(source, opening, start, start, depth))
            position, delimiter = _after(source, child.stop)
        if delimiter == b",":
            continue
        if delimiter != b"]":
            raise Malformed("invalid-json", str(position))
        node.stop = position
        return


def _scalar(source: bytes, match: re.Match[bytes], group: int, key_start: int) -> Scalar:
    """The scalar that ``match`` holds: a string in ``group``, or else a literal in the next one."""
    start, end = match.span(group)
    if start >= 0:
        return Scalar('"', start, end, key_start)
    start, end = match.span(group + 1)
    return Scalar(_KIND.get(source[start], "0"), start, end, key_start)


def _container(source: bytes, opening: bytes, start: int, key_start: int, depth: int) -> Object | Array:
    if depth >= MAX_DEPTH:
        raise Malformed("nested-too-deep", str(start))
    if opening == b"{":
        child = Object(start, key_start)
        _object(source, child, depth + 1)
        return child
    array = Array(start, key_start)
    _array(source, array, depth + 1)
    return array


def _after(source: bytes, position: int) -> tuple[int, bytes]:
    """The delimiter behind a container, and where it ends."""
    match = _AFTER.match(source, position)
    if match is None:
        raise Malformed("invalid-json", str(position))
    return match.end(), match[1]
