"""Between a data set as it travels and the file that holds it (PS3.10, 7.1): who an instance is, and what stands before it."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from struct import pack

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.label import IMPLEMENTATION
from deidstream.formats.dicom.preamble import opening
from deidstream.formats.dicom.reader import Encoding, leading

__all__ = [
    "BIG",
    "DEFLATED",
    "EXPLICIT",
    "IMPLICIT",
    "Identity",
    "Instance",
    "head",
    "identity",
    "instance",
    "is_uid",
    "study_of",
]

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
_CLASS, _INSTANCE, _SYNTAX = 0x00080016, 0x00080018, 0x00020010
_UID = re.compile(r"(?=.{3,64}\Z)[0-9]+(\.[0-9]+)+", re.ASCII)
_STUDY = 0x0020000D
_LOOKED_AT = 1 << 16
"""Bytes of a deflated data set in which its UIDs are looked for: they stand in its first group."""


@dataclass(frozen=True, slots=True)
class Identity:
    """SOP class and instance, as a data set states them; '' for what it does not."""

    sop_class: str
    instance: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance with its data set as it is written: ``data`` is a view of the source, nothing is copied."""

    identity: Identity
    syntax: str
    data: memoryview = field(repr=False)


def is_uid(text: str) -> bool:
    """Whether ``text`` is written as a UID (PS3.5, 9.1); zeros before a component, which are not allowed and frequent, let pass."""
    return _UID.fullmatch(text) is not None


def identity(data: bytes, syntax: str, start: int = 0) -> Identity:
    """Who the data set is that begins at ``start``, from its first elements alone. Raises Malformed where they cannot be read."""
    encoding = Encoding(explicit=syntax != IMPLICIT, big=syntax == BIG)
    if syntax == DEFLATED:
        data, start = _inflated(data, start), 0
    found = {one.tag: data[one.value : one.end] for one in leading(data, start, encoding, _INSTANCE)}
    return Identity(_text(found.get(_CLASS, b"")), _text(found.get(_INSTANCE, b"")))


def head(identity: Identity, syntax: str) -> bytes:
    """Preamble and file meta information of an instance. Nothing in it says where the instance comes from or when: the same
    instance is the same bytes whoever sends it."""
    rest = b"".join(
        (
            b"\2\0\1\0OB\0\0" + pack("<I", 2) + b"\0\1",
            _uid(0x0002, identity.sop_class),
            _uid(0x0003, identity.instance),
            _uid(0x0010, syntax),
            _uid(0x0012, IMPLEMENTATION),
        )
    )
    return b"\0" * 128 + b"DICM" + b"\2\0\0\0UL" + pack("<HI", 4, len(rest)) + rest


def instance(source: bytes) -> Instance:
    """What ``source``, a file or a bare data set, holds. Raises Malformed: ``no-sop-instance``, and what ``opening`` raises."""
    opened = opening(source)
    stated = next((source[one.value : one.end] for one in opened.meta if one.tag == _SYNTAX), b"")
    syntax = _text(stated) or (BIG if opened.encoding.big else EXPLICIT if opened.encoding.explicit else IMPLICIT)
    found = leading(opened.body, opened.start, opened.encoding, _INSTANCE)
    uids = {one.tag: _text(opened.body[one.value : one.end]) for one in found}
    who = Identity(uids.get(_CLASS, ""), uids.get(_INSTANCE, ""))
    if not who.sop_class or not who.instance:
        raise Malformed("no-sop-instance", "SOPInstanceUID")
    return Instance(who, syntax, memoryview(source)[opened.start :])


def study_of(source: bytes) -> str:
    """The study that the instance in ``source`` belongs to; '' where it does not say. Raises Malformed."""
    opened = opening(source)
    found = {one.tag: one for one in leading(opened.body, opened.start, opened.encoding, _STUDY)}.get(_STUDY)
    return _text(opened.body[found.value : found.end]) if found else ""


def _inflated(data: bytes, start: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(memoryview(data)[start:], _LOOKED_AT)
    except zlib.error:
        raise Malformed("deflate-broken", "dataset") from None


def _uid(number: int, uid: str) -> bytes:
    raw = uid.encode("ascii", "replace")
    raw += b"\0" * (len(raw) % 2)
    return pack("<HH", 2, number) + b"UI" + pack("<H", len(raw)) + raw


def _text(raw: bytes) -> str:
    return raw.strip(b"\0 ").decode("ascii", "replace")
