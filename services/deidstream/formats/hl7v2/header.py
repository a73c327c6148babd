"""A quick look at MSH: only what the door needs to acknowledge a message, straight from the bytes.

It reads the first segment and nothing behind it. Values stay in the sender's bytes, so that an acknowledgement can
repeat them whatever the character set.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from deidstream.core.errors import Malformed

__all__ = ["MessageHeader", "peek"]


class MessageHeader(NamedTuple):
    """What MSH says. Bytes are the sender's own, trimmed; text is ASCII and content-free. Never print the bytes."""

    separator: bytes
    encoding: bytes
    """MSH-2: component, repetition, escape, subcomponent, truncation."""
    sender: tuple[bytes, bytes]
    """MSH-3, MSH-4."""
    receiver: tuple[bytes, bytes]
    """MSH-5, MSH-6."""
    type: str
    """``ADT^A01``: MSH-9.1 and MSH-9.2, '' where they are no codes."""
    control_id: bytes
    processing: bytes
    """MSH-11."""
    version: str
    """MSH-12.1, '' where it is no version number."""
    accept: str
    """MSH-15: AL, NE, ER, SU or ''."""
    application: str
    """MSH-16."""
    charset: bytes
    """MSH-18, all repetitions."""

    def __repr__(self) -> str:
        return f"MessageHeader({self.type}, {self.version})"


_BOM = b"\xef\xbb\xbf"
_TYPE = re.compile(rb"[A-Z]{3}")
_TRIGGER = re.compile(rb"[A-Z0-9]{2,3}")
_VERSION = re.compile(rb"[1-9]\.[0-9](\.[0-9A-Za-z]{1,3})?")


def peek(message: bytes) -> MessageHeader:
    """The header of ``message``, which may be cut off behind MSH.

    Raises Malformed: ``no-msh`` when it does not begin with MSH, ``bad-delimiters`` when MSH-1 and MSH-2 cannot be such.
    """
    segment = _first_segment(message)
    if not segment.startswith(b"MSH"):
        raise Malformed("no-msh", "MSH")
    separator = segment[3:4]
    if not separator or separator.isalnum() or separator.isspace() or separator < b"!" or separator > b"~":
        raise Malformed("bad-delimiters", "MSH-1")
    fields = segment.split(separator)
    encoding = fields[1] if len(fields) > 1 else b""
    if not _plausible(encoding, separator):
        raise Malformed("bad-delimiters", "MSH-2")
    return _header(separator, encoding, fields)


def _first_segment(message: bytes) -> bytes:
    start = len(_BOM) if message.startswith(_BOM) else 0
    while message[start : start + 1] in (b"\r", b"\n", b" "):
        start += 1
    end = message.find(b"\r", start)
    line = message.find(b"\n", start, end if end >= 0 else len(message))
    if line >= 0:
        end = line
    return message[start:end] if end >= 0 else message[start:]


def _plausible(encoding: bytes, separator: bytes) -> bool:
    """MSH-2: one to five distinct marks (2.1 has four, 2.7 may add a fifth), none of them a letter, digit or MSH-1."""
    return (
        1 <= len(encoding) <= 5
        and len(set(encoding)) == len(encoding)
        and separator not in encoding
        and all(33 <= mark <= 126 and not bytes((mark,)).isalnum() for mark in encoding)
    )


def _header(separator: bytes, encoding: bytes, fields: list[bytes]) -> MessageHeader:
    component = encoding[:1]

    def field(number: int) -> bytes:
        # MSH-1 is the separator itself, so MSH-n is the n-1st piece.
        return fields[number - 1].strip() if len(fields) >= number else b""

    kind = field(9).split(component)
    version = field(12).split(component)[0].strip()
    return MessageHeader(
        separator,
        encoding,
        (field(3), field(4)),
        (field(5), field(6)),
        _type(kind[0].strip(), kind[1].strip() if len(kind) > 1 else b""),
        field(10),
        field(11),
        version.decode() if _VERSION.fullmatch(version) else "",
        _condition(field(15)),
        _condition(field(16)),
        field(18),
    )


def _type(kind: bytes, trigger: bytes) -> str:
    if not _TYPE.fullmatch(kind):
        return ""
    return f"{kind.decode()}^{trigger.decode()}" if _TRIGGER.fullmatch(trigger) else kind.decode()


def _condition(value: bytes) -> str:
    """A code of table 0155, upper case; what is none of them asks for AL, the safe answer."""
    if not value:
        return ""
    code = value.decode("ascii", "replace").upper()
    return code if code in ("AL", "NE", "ER", "SU") else "AL"
