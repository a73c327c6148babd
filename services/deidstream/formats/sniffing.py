"""Which format some bytes are."""

from __future__ import annotations

import re
from struct import unpack

from deidstream.formats.image.kinds import kind_of

__all__ = ["guess"]


def guess(source: bytes, name: str = "") -> str:
    """hl7v2, fhir, cda, html, rtf, text, dicom, image, pdf, docx, or '' (binary, or a structure that no format understands)."""
    if _is_dicom(source):
        return "dicom"
    if kind_of(source):
        return "image"
    if b"%PDF-" in source[:_PDF_WITHIN]:
        return "pdf"
    if _is_word(source):
        return "docx"
    head = _readable(source[:_HEAD])
    if head is None:
        return ""
    start = head.lstrip("\ufeff\x0b \t\r\n")
    suffix = name.rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else ""
    if _HL7.match(start):
        return "hl7v2"
    if start.startswith("{\\rtf"):
        return "rtf"
    if start.startswith(("{", "[")) and (suffix in _JSON or _looks_like_json(start)):
        return "fhir" if b'"resourceType"' in source or suffix in _JSON else ""
    if start.startswith("<") and _MARKUP.match(start):
        return _markup(start, suffix)
    return _by_suffix(suffix)


def _readable(head: bytes) -> str | None:
    """The head as text for a glance (never for reading), None when it is binary."""
    for mark, charset in _MARKS:
        if head.startswith(mark):
            return head[: len(head) // 4 * 4].decode(charset, "replace")
    if head.startswith(_BINARY) or b"\0" in head:
        return None
    text = head.decode("latin-1")
    return text.removeprefix("\xef\xbb\xbf")


def _is_dicom(source: bytes) -> bool:
    """A preamble and DICM (PS3.10, 7.1), or a bare data set. No library is loaded for a look."""
    if source[128:132] == b"DICM":
        return True
    if source[:2] not in (b"\2\0", b"\x08\0", b"\0\x08", b"\0\2") or len(source) < 16:
        return False
    number, length = unpack("<HI" if source[1] == 0 else ">HI", source[2:8])
    explicit = source[4:6].isalpha() and source[4:6].isupper()
    return explicit or (number <= 0x18 and length <= 256 and 8 + length <= len(source))


def _is_word(source: bytes) -> bool:
    """A package with a Word document, or one in an envelope that only a password opens."""
    if source.startswith(b"PK\x03\x04"):
        return b"word/document.xml" in source
    return source.startswith(b"\xd0\xcf\x11\xe0") and "EncryptedPackage".encode("utf-16-le") in source


def _looks_like_json(start: str) -> bool:
    return start[1:].lstrip()[:1] in ('"', "{", "}")


def _markup(start: str, suffix: str) -> str:
    root = _ROOT.search(_PROLOGUE.sub("", start))
    if root is None:
        return "cda" if suffix in _CDA else ""
    name = root[1].rpartition(":")[2]
    attributes = root[2]
    if name.lower() in _HTML_ROOTS or "http://www.w3.org/1999/xhtml" in attributes:
        return "html"
    if "http://hl7.org/fhir" in attributes:
        return ""
    if "urn:hl7-org:v3" in attributes or name in _CDA_ROOTS:
        return "cda"
    return ""


def _by_suffix(suffix: str) -> str:
    if suffix in _REFUSED:
        return ""
    return _SUFFIXES.get(suffix, "text")


_HEAD = 65536
_PDF_WITHIN = 1024
"""Readers look for the header of a PDF so far into a file (ISO 32000-1, annex H, note 13)."""
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_BINARY = (
    b"%PDF",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"\x1f\x8b",
    b"\x7fELF",
    b"{\\pict",
)
_HL7 = re.compile(r"(?:MSH|FHS|BHS)[^\w\s]")
_MARKUP = re.compile(r"<[A-Za-z!?_]")
_PROLOGUE = re.compile(r"<\?.*?(?:\?>|\Z)|<!--.*?(?:-->|\Z)|<!DOCTYPE(?!\s+html)[^>\[]*(?:\[[^\]]*\]\s*)?>", re.S)
_ROOT = re.compile(r"<(?:!DOCTYPE\s+)?([A-Za-z_][\w:.-]*)([^>]*)")
_JSON = frozenset({"json", "ndjson", "jsonl"})
_CDA = frozenset({"cda", "ccda", "ccd"})
_SUFFIXES = {
    "hl7": "hl7v2",
    "json": "fhir",
    "ndjson": "fhir",
    "cda": "cda",
    "ccda": "cda",
    "ccd": "cda",
    "rtf": "rtf",
    "xml": "",
}
_REFUSED = frozenset({"csv", "tsv", "psv", "xlsx", "xls", "parquet", "sql", "pdf", "docx", "doc"})
_HTML_ROOTS = frozenset(
    {"html", "head", "body", "div", "p", "span", "table", "ul", "ol", "h1", "h2", "h3", "pre", "br", "b", "i"}
)
# fmt: off
_CDA_ROOTS = frozenset({
    "ClinicalDocument", "recordTarget", "patientRole", "author", "dataEnterer", "informant",
    "custodian", "informationRecipient", "authenticator", "legalAuthenticator", "participant",
    "inFulfillmentOf", "documentationOf", "relatedDocument", "authorization", "componentOf",
    "component", "section", "entry", "entryRelationship", "act", "encounter", "observation",
    "observationMedia", "organizer", "procedure", "regionOfInterest", "substanceAdministration",
    "supply", "serviceEvent", "encompassingEncounter", "encounterParticipant", "performer",
    "participantRole", "relatedSubject", "subject", "specimen", "consumable", "product",
    "manufacturedProduct", "reference", "precondition", "addr", "name", "telecom", "id",
    "assignedAuthor", "assignedEntity", "structuredBody", "nonXMLBody",
})
# fmt: on
