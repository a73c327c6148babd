"""What a de-identified instance says of itself (PS3.15, E.1.1, 6 to 8; PS3.3, C.7.1.1 and C.12.1), put into its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import pack
from typing import Literal

from deidstream.core.document import Splice, apply_splices
from deidstream.core.errors import Malformed
from deidstream.formats.dicom.document import DicomDocument
from deidstream.formats.dicom.element import LONG, Element
from deidstream.formats.dicom.preamble import deflated
from deidstream.formats.dicom.reader import Encoding

__all__ = ["IMPLEMENTATION", "label"]

IMPLEMENTATION = "2.25.243279214790843561283905523218466537241"
"""ImplementationClassUID of what we write."""
_VERSION = "DEIDSTREAM"
_TRANSFER_SYNTAX = 0x00020010
_METHOD = "deidstream"


def label(
    document: DicomDocument,
    codes: Mapping[str, str],
    temporal: str,
    no_text: bool = False,
    lossy: tuple[str, str] | None = None,
    no_face: bool = False,
) -> bytes:
    """``document`` (as released) with PatientIdentityRemoved YES, the method, its ``codes`` of scheme DCM (value to meaning), and
    LongitudinalTemporalInformationModified ``temporal`` (UNMODIFIED, MODIFIED or REMOVED).

    ``no_text``: with BurnedInAnnotation NO. ``lossy``: ratio and method (PS3.3, C.7.6.1.1.5) of frames that were compressed with
    loss once more, put behind those before. ``no_face``: with RecognizableVisualFeatures NO.

    The preamble is cleared, and of the file meta information only what PS3.10 requires stays, with the UID of the instance. All
    other bytes stay. Raises Malformed where the data set has no SOPInstanceUID.
    """
    more = ({0x00280301: ("CS", b"NO")} if no_text else {}) | (_lossy(document, *lossy) if lossy else {})
    more |= {0x00280302: ("CS", b"NO")} if no_face else {}
    said = _said(document, codes, temporal, more)
    opened = document.opened
    head = b""
    if opened.preamble or opened.meta:
        head = (b"\0" * 128 + b"DICM" if opened.preamble else b"") + _meta(document)
    if opened.deflated:
        return head + deflated(apply_splices(document.body, [Splice(0, opened.start, b""), *said]))
    return apply_splices(document.body, [Splice(0, opened.start, head), *said])


def _said(
    document: DicomDocument, codes: Mapping[str, str], temporal: str, more: Mapping[int, tuple[str, bytes]]
) -> list[Splice]:
    """Splices of the body, all behind its start."""
    encoding = document.opened.encoding
    said = {
        0x00120062: _written(0x00120062, "CS", b"YES", encoding),
        0x00120063: _written(0x00120063, "LO", _METHOD.encode(), encoding),
        0x00120064: _written(0x00120064, "SQ", b"".join(_item(*code, encoding) for code in codes.items()), encoding),
        **{tag: _written(tag, vr, value, encoding) for tag, (vr, value) in more.items()},
        0x00280303: _written(0x00280303, "CS", temporal.encode(), encoding),
    }
    found = [_put(document.elements, tag, written, len(document.body)) for tag, written in said.items()]
    return found + _groups(document, [(tag >> 16, one) for tag, one in zip(said, found, strict=True)], encoding)


def _lossy(document: DicomDocument, ratio: str, method: str) -> dict[int, tuple[str, bytes]]:
    """A value for each time (PS3.3, C.7.6.1.1.5.2)."""
    ratios, methods = document.value("LossyImageCompressionRatio"), document.value("LossyImageCompressionMethod")
    return {
        0x00282110: ("CS", b"01"),
        0x00282112: ("DS", "\\".join(filter(None, (ratios, ratio))).encode()),
        0x00282114: ("CS", "\\".join(filter(None, (methods, method))).encode()),
    }


def _put(elements: Sequence[Element], tag: int, written: bytes, end: int) -> Splice:
    """In the place of the element that has the tag, else before the first with a greater one."""
    for element in elements:
        if element.tag == tag:
            return Splice(element.start, element.end, written)
    at = next((element.start for element in elements if element.tag > tag), end)
    return Splice(at, at, written)


def _groups(document: DicomDocument, found: Sequence[tuple[int, Splice]], encoding: Encoding) -> list[Splice]:
    grown: dict[int, int] = {}
    for group, (start, end, written) in found:
        grown[group] = grown.get(group, 0) + len(written) - (end - start)
    return [
        Splice(
            one.value,
            one.end,
            pack(encoding.order + "I", int.from_bytes(document.bare(one), _ORDER[encoding.big]) + grown[one.tag >> 16]),
        )
        for one in document.elements
        if one.tag & 0xFFFF == 0 and one.tag >> 16 in grown and one.end - one.value == 4
    ]


def _meta(document: DicomDocument) -> bytes:
    """File meta information, explicit little endian (PS3.10, 7.1)."""
    instance = document.value("SOPInstanceUID")
    if not instance:
        raise Malformed("no-sop-instance", "SOPInstanceUID")
    # Of what was there only the transfer syntax, which is one of PS3.6 (see ``opening``).
    kept = {one.tag: document.body[one.start : one.end] for one in document.opened.meta if one.tag == _TRANSFER_SYNTAX}
    little = Encoding(explicit=True)
    kept[0x00020001] = _written(0x00020001, "OB", b"\0\1", little)
    kept[0x00020002] = _written(0x00020002, "UI", _even(document.value("SOPClassUID").encode(), b"\0"), little)
    kept[0x00020003] = _written(0x00020003, "UI", _even(instance.encode(), b"\0"), little)
    kept[0x00020012] = _written(0x00020012, "UI", _even(IMPLEMENTATION.encode(), b"\0"), little)
    kept[0x00020013] = _written(0x00020013, "SH", _VERSION.encode(), little)
    rest = b"".join(kept[tag] for tag in sorted(kept))
    return _written(0x00020000, "UL", pack("<I", len(rest)), little) + rest


def _item(value: str, meaning: str, encoding: Encoding) -> bytes:
    """One coded entry (PS3.3, 8.8)."""
    content = b"".join(
        (
            _written(0x00080100, "SH", value.encode(), encoding),
            _written(0x00080102, "SH", b"DCM", encoding),
            _written(0x00080104, "LO", meaning.encode(), encoding),
        )
    )
    return pack(encoding.order + "HHI", 0xFFFE, 0xE000, len(content)) + content


def _written(tag: int, vr: str, value: bytes, encoding: Encoding) -> bytes:
    value = _even(value, b" ")
    order = encoding.order
    head = pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if not encoding.explicit:
        return head + pack(order + "I", len(value)) + value
    if vr in LONG:
        return head + vr.encode() + b"\0\0" + pack(order + "I", len(value)) + value
    return head + vr.encode() + pack(order + "H", len(value)) + value


def _even(value: bytes, pad: bytes) -> bytes:
    return value + pad * (len(value) % 2)


_ORDER: dict[bool, Literal["little", "big"]] = {False: "little", True: "big"}
