"""Bytes to leaves and parts and back, one module a format; and which format some bytes are.

Formats are imported when first needed: a process that reads HL7 never loads the tables of CDA.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deidstream.core.case import Case
from deidstream.core.document import NESTED, Document, Part, Piece
from deidstream.core.errors import Malformed

__all__ = ["nest", "open_nested", "opened", "sniff", "split"]


def split(format: str, source: bytes, charset: str = "") -> Document:  # noqa: A002  # the name that headers use
    """``source`` taken apart. ``format``: hl7v2, fhir, cda, text, html, rtf, image, dicom, pdf or docx; ``charset``: a default.

    Raises Malformed when the source breaks the rules of its format, or the format is none of these.
    """
    return _splitter(format)(source, charset)


def opened(case: Case) -> Document:
    """The document of ``case``: the one at hand, else its source taken apart, with what was read of its pages. Raises Malformed."""
    if case.document is not None:
        return case.document
    document = split(case.header.format, case.source, case.header.attribute("charset"))
    if case.pages:
        from deidstream.formats.printed import see

        see(document, case.pages)
    return document


def sniff(source: bytes, name: str = "") -> str:
    """Which format ``source`` has: by its content first, then by the extension of ``name``; '' where none can be told."""
    from deidstream.formats.sniffing import guess

    return guess(source, name)


def open_nested(media_type: str, content: bytes) -> Document | None:
    """The document that a value of ``media_type`` carries; None when it is of a kind that is not understood.

    A ``charset`` parameter of the media type is the default charset. Raises Malformed as ``split`` does.
    """
    kind, _, parameters = media_type.partition(";")
    format_ = _nested_format(kind.strip().lower(), content)
    if not format_:
        return None
    return split(format_, content, _charset(parameters) or "utf-8")


def nest(leaf_path: str, nested: Document, subject: int | None = None) -> tuple[Part, ...]:
    """The parts of ``nested`` as parts of the document whose leaf at ``leaf_path`` carries it.

    Locators and the paths of pieces become ``leaf_path!inner``; ``subject`` replaces the parts' own where given.
    """
    prefix = leaf_path + NESTED
    return tuple(
        replace(
            part,
            locator=prefix + part.locator,
            pieces=tuple(Piece(start, end, prefix + path, offset) for start, end, path, offset in part.pieces),
            subject=part.subject if subject is None else subject,
        )
        for part in nested.parts
    )


def _splitter(format_: str) -> Callable[[bytes, str], Document]:
    match format_:
        case "hl7v2":
            from deidstream.formats import hl7v2

            return hl7v2.split
        case "fhir":
            from deidstream.formats import fhir

            return fhir.split
        case "cda":
            from deidstream.formats import cda

            return cda.split
        case "text":
            from deidstream.formats import text

            return text.split
        case "rtf":
            from deidstream.formats import rtf

            return rtf.split
        case "html":
            from deidstream.formats import html

            return html.split
        case "image":
            from deidstream.formats import image

            return image.split
        case "dicom":
            from deidstream.formats import dicom

            return dicom.split
        case "docx":
            from deidstream.formats import docx

            return docx.split
        case "pdf":
            from deidstream.formats import pdf

            return pdf.split
    raise Malformed("unsupported-format")


def _nested_format(media_type: str, content: bytes) -> str:
    if media_type in _XML_TYPES:
        return sniff(content) if sniff(content) in ("cda", "html") else ""
    if media_type in _JSON_TYPES:
        return "fhir" if sniff(content) == "fhir" else ""
    return _NESTED.get(media_type, "")


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'")
    return ""


_NESTED = {
    "text/plain": "text",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}
_XML_TYPES = frozenset(
    {"application/xml", "text/xml", "application/cda+xml", "application/hl7-cda+xml", "application/hl7-sda+xml"}
)
_JSON_TYPES = frozenset({"application/fhir+json", "application/json", "application/json+fhir", "text/json"})
