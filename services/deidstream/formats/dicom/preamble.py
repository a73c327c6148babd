"""Where the data set begins, and how it is written: preamble, file meta information, transfer syntax (PS3.10, 7.1)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import lru_cache

from pydicom.config import IGNORE
from pydicom.uid import UID

from deidstream.core.errors import Malformed
from deidstream.formats.dicom.element import VRS, Element
from deidstream.formats.dicom.reader import Encoding, read

__all__ = ["Opening", "deflated", "opening"]

_IMPLICIT, _BIG, _GE_IMPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.113619.5.2"
_DATASET_DEFLATED = "1.2.840.10008.1.2.1.99"
_MOST_INFLATED = 512 * 2**20
"""Bytes: a deflated data set of more is taken for a bomb."""
_CODES = frozenset(vr.encode() for vr in VRS)


@dataclass(frozen=True, slots=True)
class Opening:
    """``body``: the source, its data set inflated where it was deflated. ``meta``: () where there is none."""

    body: bytes = field(repr=False)
    start: int
    """Where the data set begins in ``body`` (and in the source)."""
    preamble: int
    """Bytes before the file meta information: 132, or 0."""
    encoding: Encoding
    meta: tuple[Element, ...] = ()
    deflated: bool = False


def opening(source: bytes) -> Opening:
    """Raises Malformed: ``truncated`` and the like in file meta information, ``transfer-syntax-unsupported`` for what PS3.6
    does not list, ``deflate-broken``, ``inflates-too-far``.
    """
    preamble = 132 if source[128:132] == b"DICM" else 0
    stop = _meta_end(source, preamble)
    meta = tuple(read(source, preamble, stop, Encoding(explicit=True), "")) if stop > preamble else ()
    syntax = next((_uid(source, one) for one in meta if one.tag == 0x00020010), "")
    if syntax and not _is_known(syntax):
        raise Malformed("transfer-syntax-unsupported", "TransferSyntaxUID")
    if syntax == _DATASET_DEFLATED:
        body = source[:stop] + _inflated(source[stop:])
        return Opening(body, stop, preamble, Encoding(explicit=True), meta, deflated=True)
    return Opening(source, stop, preamble, _encoding(source, stop, syntax), meta)


def _meta_end(source: bytes, position: int) -> int:
    """Behind the last element of group 2, which is always explicit little endian; by the elements, for lengths are often wrong."""
    while source[position : position + 2] == b"\x02\x00" and position + 8 <= len(source):
        long = source[position + 4 : position + 6] in (b"OB", b"UN", b"UT", b"OW")
        at, size = (position + 8, 4) if long else (position + 6, 2)
        if source[position + 4 : position + 6] not in _CODES:
            raise Malformed("unknown-vr", "meta")
        position = at + size + int.from_bytes(source[at : at + size], "little")
        if position > len(source):
            raise Malformed("truncated", "meta")
    return position


def _encoding(source: bytes, start: int, syntax: str) -> Encoding:
    if syntax == _IMPLICIT:
        return Encoding(explicit=False)
    if syntax == _BIG:
        return Encoding(explicit=True, big=True)
    if syntax == _GE_IMPLICIT:
        raise Malformed("transfer-syntax-unsupported", "TransferSyntaxUID")
    if syntax:
        # Some writers say explicit and write implicit.
        return Encoding(source[start + 4 : start + 6] in _CODES)
    # Nobody says: the first element tells. Groups below 0x0100 come first in every data set.
    big = source[start : start + 1] == b"\0" and source[start + 1 : start + 2] != b"\0"
    return Encoding(source[start + 4 : start + 6] in _CODES, big)


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        out = inflater.decompress(data, _MOST_INFLATED)
    except zlib.error:
        raise Malformed("deflate-broken", "dataset") from None
    if inflater.unconsumed_tail:
        raise Malformed("inflates-too-far", "dataset")
    if not inflater.eof:
        raise Malformed("truncated", "dataset")
    return out


def deflated(data: bytes) -> bytes:
    """``data`` as a deflated data set, of even length (PS3.5, A.5)."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    out = deflater.compress(data) + deflater.flush()
    return out + b"\0" * (len(out) % 2)


@lru_cache(maxsize=256)
def _is_known(syntax: str) -> bool:
    return UID(syntax, validation_mode=IGNORE).type == "Transfer Syntax"


def _uid(source: bytes, element: Element) -> str:
    return source[element.value : element.end].rstrip(b"\0 ").decode("ascii", "replace")
