"""Protocol data units of the upper layer (PS3.8, 9.3): how an association is asked for, answered, used and ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct, error, pack, unpack_from
from typing import NamedTuple

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.label import IMPLEMENTATION

__all__ = [
    "HEADER",
    "Abort",
    "Accepted",
    "Answer",
    "Kind",
    "Proposal",
    "Reject",
    "Request",
    "Value",
    "abort",
    "acceptance",
    "data",
    "read_acceptance",
    "read_request",
    "rejection",
    "release_reply",
    "release_request",
    "request",
    "values",
]

HEADER = Struct(">BxI")
"""Type and length of a PDU: the six bytes that it begins with."""
APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
_VERSION = b"DEIDSTREAM"
_ITEM = Struct(">BxH")
_VALUE = Struct(">IBB")
_LAST, _COMMAND = 2, 1


class Kind(IntEnum):
    """Types of PDUs."""

    REQUEST = 1
    ACCEPTANCE = 2
    REJECTION = 3
    DATA = 4
    RELEASE_REQUEST = 5
    RELEASE_REPLY = 6
    ABORT = 7


class Reject(NamedTuple):
    """Result, source and reason of a rejection (PS3.8, table 9-21)."""

    result: int
    source: int
    reason: int


NO_REASON = Reject(1, 1, 1)
CONTEXT_NAME = Reject(1, 1, 2)
CALLING_TITLE = Reject(1, 1, 3)
CALLED_TITLE = Reject(1, 1, 7)
PROTOCOL_VERSION = Reject(1, 2, 2)
LIMIT_EXCEEDED = Reject(2, 3, 2)


class Abort(IntEnum):
    """Reasons for which the provider aborts (PS3.8, table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNISED = 1
    UNEXPECTED = 2
    INVALID_VALUE = 6


class Proposal(NamedTuple):
    """One presentation context that is asked for: its odd number, the SOP class, the transfer syntaxes."""

    number: int
    abstract: str
    syntaxes: tuple[str, ...]


class Answer(NamedTuple):
    """What one was answered: 0 accepted, 1 no, 3 the SOP class is not supported, 4 none of the transfer syntaxes is."""

    number: int
    result: int
    syntax: str


@dataclass(frozen=True, slots=True)
class Request:
    """An A-ASSOCIATE-RQ. ``most``: how long the PDUs may be that are sent back, 0: any length. ``serves``: SOP classes of which the
    one who asks is the provider."""

    called: str
    calling: str
    proposals: tuple[Proposal, ...]
    most: int = 0
    serves: tuple[str, ...] = ()
    version: int = 1
    context: str = APPLICATION_CONTEXT


@dataclass(frozen=True, slots=True)
class Accepted:
    """An A-ASSOCIATE-AC. ``serves``: SOP classes of which the one who asked may be the provider."""

    answers: tuple[Answer, ...]
    most: int = 0
    serves: tuple[str, ...] = ()


class Value(NamedTuple):
    """One presentation data value, a fragment of a command or of a data set."""

    number: int
    command: bool
    last: bool
    content: memoryview


def request(asked: Request) -> bytes:
    """The PDU of ``asked``."""
    items = [_item(0x10, asked.context.encode())]
    for one in asked.proposals:
        inner = _item(0x30, one.abstract.encode()) + b"".join(_item(0x40, syntax.encode()) for syntax in one.syntaxes)
        items.append(_item(0x20, pack(">B3x", one.number) + inner))
    items.append(_user(asked.most, _roles(asked.serves)))
    return _associate(Kind.REQUEST, asked.version, asked.called, asked.calling, b"".join(items))


def acceptance(asked: Request, accepted: Accepted) -> bytes:
    """The PDU that answers ``asked``."""
    items = [_item(0x10, asked.context.encode())]
    items += [
        _item(0x21, pack(">BxBx", one.number, one.result) + _item(0x40, one.syntax.encode()))
        for one in accepted.answers
    ]
    items.append(_user(accepted.most, _roles(accepted.serves)))
    return _associate(Kind.ACCEPTANCE, 1, asked.called, asked.calling, b"".join(items))


def read_request(body: bytes) -> Request:
    """What is asked for; ``body`` is the PDU without its header. Raises Malformed."""
    version, called, calling, items = _read_associate(body)
    context, most, proposals = "", 0, []
    serves: tuple[str, ...] = ()
    for kind, content in items:
        if kind == 0x10:
            context = _uid(content)
        elif kind == 0x20:
            proposals.append(_proposal(content))
        elif kind == 0x50:
            most, serves = _most(content), _serves(content)
    return Request(called, calling, tuple(proposals), most, serves, version, context)


def read_acceptance(body: bytes) -> Accepted:
    """What was accepted. Raises Malformed."""
    most, answers = 0, []
    for kind, content in _read_associate(body)[3]:
        if kind == 0x21:
            if len(content) < 4:
                raise Malformed("truncated", "pdu")
            syntax = next((_uid(inner) for sub, inner in _items(content[4:]) if sub == 0x40), "")
            answers.append(Answer(content[0], content[2], syntax))
        elif kind == 0x50:
            most = _most(content)
    return Accepted(tuple(answers), most)


def rejection(why: Reject) -> bytes:
    """The PDU that rejects an association."""
    return _pdu(Kind.REJECTION, pack(">x3B", *why))


def release_request() -> bytes:
    """The PDU that asks to end an association in order."""
    return _pdu(Kind.RELEASE_REQUEST, bytes(4))


def release_reply() -> bytes:
    """The PDU that answers it."""
    return _pdu(Kind.RELEASE_REPLY, bytes(4))


def abort(why: Abort | None = None) -> bytes:
    """The PDU that ends an association at once: of the user, or, with a reason, of the provider."""
    return _pdu(Kind.ABORT, pack(">2x2B", 0, 0) if why is None else pack(">2x2B", 2, why))


def data(number: int, command: bool, content: bytes | memoryview, most: int) -> Iterator[tuple[bytes, memoryview]]:
    """PDUs, each as its first bytes and the fragment that follows them, of at most ``most`` bytes (0: any) beyond the header."""
    view = memoryview(content)
    portion = max(most, 64) - _VALUE.size if most else max(len(view), 1)
    portion -= portion % 2
    for start in range(0, max(len(view), 1), portion):
        fragment = view[start : start + portion]
        flags = (_COMMAND if command else 0) | (_LAST if start + portion >= len(view) else 0)
        head = HEADER.pack(Kind.DATA, len(fragment) + _VALUE.size)
        yield head + _VALUE.pack(len(fragment) + 2, number, flags), fragment


def values(body: bytes) -> Iterator[Value]:
    """The fragments in a P-DATA-TF; ``body`` is the PDU without its header. Raises Malformed."""
    view, at = memoryview(body), 0
    while at < len(view):
        if at + _VALUE.size > len(view):
            raise Malformed("truncated", "pdu")
        length, number, flags = _VALUE.unpack_from(view, at)
        end = at + 4 + length
        if length < 2 or end > len(view):
            raise Malformed("truncated", "pdu")
        yield Value(number, bool(flags & _COMMAND), bool(flags & _LAST), view[at + _VALUE.size : end])
        at = end


def _associate(kind: Kind, version: int, called: str, calling: str, items: bytes) -> bytes:
    fixed = pack(">H2x16s16s32x", version, _title(called), _title(calling))
    return _pdu(kind, fixed + items)


def _read_associate(body: bytes) -> tuple[int, str, str, list[tuple[int, bytes]]]:
    try:
        version, called, calling = unpack_from(">H2x16s16s", body)
    except error:
        raise Malformed("truncated", "pdu") from None
    return version, _text(called), _text(calling), _items(body[68:])


def _items(content: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(content):
        if at + _ITEM.size > len(content):
            raise Malformed("truncated", "pdu")
        kind, length = _ITEM.unpack_from(content, at)
        at += _ITEM.size
        if at + length > len(content):
            raise Malformed("truncated", "pdu")
        found.append((kind, content[at : at + length]))
        at += length
    return found


def _proposal(content: bytes) -> Proposal:
    if len(content) < 4:
        raise Malformed("truncated", "pdu")
    inner = _items(content[4:])
    abstract = next((_uid(one) for kind, one in inner if kind == 0x30), "")
    return Proposal(content[0], abstract, tuple(_uid(one) for kind, one in inner if kind == 0x40))


def _most(content: bytes) -> int:
    """The maximum length (PS3.8, D.1)."""
    found = next((one for kind, one in _items(content) if kind == 0x51), b"")
    return int.from_bytes(found[:4])


def _serves(content: bytes) -> tuple[str, ...]:
    """SOP classes of which the peer is, or may be, the provider (PS3.7, D.3.3.4)."""
    roles = [(one[2:-2], one[-1]) for kind, one in _items(content) if kind == 0x54 and len(one) > 4]
    return tuple(_uid(uid) for uid, provides in roles if provides)


def _roles(serves: Sequence[str]) -> bytes:
    return b"".join(_item(0x54, pack(">H", len(one)) + one.encode() + b"\0\1") for one in serves)


def _user(most: int, roles: bytes) -> bytes:
    who = _item(0x52, IMPLEMENTATION.encode()) + roles + _item(0x55, _VERSION)
    return _item(0x50, _item(0x51, pack(">I", most)) + who)


def _item(kind: int, content: bytes) -> bytes:
    return _ITEM.pack(kind, len(content)) + content


def _pdu(kind: Kind, body: bytes) -> bytes:
    return HEADER.pack(kind, len(body)) + body


def _title(title: str) -> bytes:
    return title.encode("ascii", "replace")[:16].ljust(16)


def _text(raw: bytes) -> str:
    return raw.strip(b"\0 ").decode("ascii", "replace")


def _uid(raw: bytes) -> str:
    return _text(raw)


def most_sent(peer: int, own: int) -> int:
    """How long our PDUs may be, beyond the header: as the peer says, and no longer than is worth it."""
    return min(peer, own) if peer else own


def numbered(classes: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[Proposal, ...]:
    """Presentation contexts of SOP classes with transfer syntaxes, under odd numbers (PS3.8, 9.3.2.2)."""
    return tuple(Proposal(2 * at + 1, *one) for at, one in enumerate(classes))
