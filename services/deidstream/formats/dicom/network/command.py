"""DIMSE commands (PS3.7, chapter 9 and annex E): command sets as bytes, and back. Always implicit VR, little endian."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from struct import Struct, pack

from deidstream.core.errors import Malformed

__all__ = ["NO_DATA", "Command", "CommandSet", "Field", "Status", "command", "reply"]

NO_DATA = 0x0101
"""The CommandDataSetType of a message without a data set."""
_RESPONSE = 0x8000
_HEAD = Struct("<HHI")


class Field(IntEnum):
    """Elements of group 0000."""

    AFFECTED_CLASS = 0x0002
    REQUESTED_CLASS = 0x0003
    COMMAND = 0x0100
    MESSAGE = 0x0110
    RESPONDED = 0x0120
    PRIORITY = 0x0700
    DATA_SET = 0x0800
    STATUS = 0x0900
    COMMENT = 0x0902
    AFFECTED_INSTANCE = 0x1000
    REQUESTED_INSTANCE = 0x1001
    EVENT_TYPE = 0x1002
    ACTION_TYPE = 0x1008


class Command(IntEnum):
    """Values of CommandField that are used here; a response has 8000H in addition."""

    STORE = 0x0001
    ECHO = 0x0030
    CANCEL = 0x0FFF
    EVENT_REPORT = 0x0100
    ACTION = 0x0130
    STORE_RESPONSE = 0x8001
    ECHO_RESPONSE = 0x8030
    EVENT_REPORT_RESPONSE = 0x8100
    ACTION_RESPONSE = 0x8130


class Status(IntEnum):
    """Of PS3.7, annex C, and PS3.4, B.2.3."""

    SUCCESS = 0x0000
    NO_SUCH_INSTANCE = 0x0112
    INVALID_ARGUMENT = 0x0115
    INVALID_INSTANCE = 0x0117
    CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORISED = 0x0124
    UNRECOGNISED = 0x0211
    OUT_OF_RESOURCES = 0xA700
    DATA_SET_MISMATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    SYNTAX_NOT_SUPPORTED = 0xC122


class CommandSet:
    """A command as it was received. Absent elements read as '' or -1."""

    def __init__(self, content: bytes) -> None:
        self._elements = _elements(content)

    def text(self, field: Field) -> str:
        """UIDs and titles, without padding."""
        return self._elements.get(field, b"").strip(b"\0 ").decode("ascii", "replace")

    def number(self, field: Field) -> int:
        """Numbers."""
        found = self._elements.get(field, b"")
        return int.from_bytes(found, "little") if len(found) == 2 else -1

    @property
    def has_data(self) -> bool:
        """Whether a data set follows."""
        return self.number(Field.DATA_SET) != NO_DATA


def command(fields: Mapping[Field, int | str]) -> bytes:
    """The command set of ``fields``, with its group length."""
    content = b"".join(_element(field, fields[field]) for field in sorted(fields))
    return _HEAD.pack(0, 0, 4) + pack("<I", len(content)) + content


def reply(asked: CommandSet, status: int, comment: str = "", **more: int) -> bytes:
    """The response to ``asked``, without a data set. ``comment``: a constant. ``more``: fields by name."""
    number = asked.number(Field.COMMAND)
    fields: dict[Field, int | str] = {
        Field.COMMAND: number | _RESPONSE,
        Field.RESPONDED: asked.number(Field.MESSAGE) & 0xFFFF,
        Field.DATA_SET: NO_DATA,
        Field.STATUS: status,
    }
    affected = asked.text(Field.AFFECTED_CLASS) or asked.text(Field.REQUESTED_CLASS)
    instance = asked.text(Field.AFFECTED_INSTANCE) or asked.text(Field.REQUESTED_INSTANCE)
    fields |= {Field.AFFECTED_CLASS: affected} if affected else {}
    fields |= {Field.AFFECTED_INSTANCE: instance} if instance else {}
    fields |= {Field.COMMENT: comment[:64]} if comment else {}
    return command(fields | {Field[name]: value for name, value in more.items()})


def _element(field: Field, value: int | str) -> bytes:
    if isinstance(value, int):
        raw = pack("<H", value)
    else:
        raw = value.encode("ascii", "replace")
        raw += (b" " if field is Field.COMMENT else b"\0") * (len(raw) % 2)
    return _HEAD.pack(0, field, len(raw)) + raw


def _elements(content: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at < len(content):
        if at + _HEAD.size > len(content):
            raise Malformed("truncated", "command")
        group, number, length = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        if group or at + length > len(content):
            raise Malformed("command-broken", "command")
        found[number] = content[at : at + length]
        at += length
    return found
