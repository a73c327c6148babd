"""Files of several messages: which bytes belong to which (2.8, 2.10.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Member", "messages"]

_NAME = rb"(MSH|FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9]|\Z)"
_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x0b]*" + _NAME)
_NEXT = re.compile(rb"[\r\n\x0b\x1c]" + _NAME)  # begins with what it looks for: a document in a field is long


class Member(NamedTuple):
    """The bytes ``[start, end)`` of a file: one message, or the envelope segments (FHS, BHS, BTS, FTS) between messages."""

    start: int
    end: int
    envelope: bool


def messages(file: bytes) -> list[Member]:
    """The members of ``file`` in order; laid end to end they are the file. What stands before the first belongs to it.

    A file in which no segment begins is one member, which ``split`` will refuse. An empty file has none.
    """
    members: list[Member] = []
    for found in _heads(file):
        envelope = found[1] != b"MSH"
        if envelope and members and members[-1].envelope:
            continue
        start = _with_frame(file, found.start(1)) if members else 0
        if members:
            members[-1] = members[-1]._replace(end=start)
        members.append(Member(start, len(file), envelope))
    if not members and file:
        return [Member(0, len(file), envelope=False)]
    return members


def _heads(file: bytes) -> Iterator[re.Match[bytes]]:
    first = _FIRST.match(file)
    if first is not None:
        yield first
    yield from _NEXT.finditer(file, first.end() if first else 0)


def _with_frame(file: bytes, start: int) -> int:
    """An MLLP start block (VT) belongs to the message that it opens."""
    return start - 1 if file[start - 1 : start] == b"\x0b" else start
