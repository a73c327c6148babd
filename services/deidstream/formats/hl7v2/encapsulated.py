"""Encapsulated data (ED): what kind of document a value carries, and the value's bytes."""

from __future__ import annotations

import base64
import binascii

__all__ = ["decoded", "encoded", "media_type"]


def media_type(kind: str, subtype: str) -> str:
    """ED.2 and ED.3 (tables 0191 and 0291) as a media type; '' where they do not say one."""
    kind, subtype = kind.strip().lower(), subtype.strip().lower()
    if "/" in kind or "/" in subtype:
        return kind if "/" in kind else subtype
    if subtype in _SUBTYPES:
        return _SUBTYPES[subtype]
    if kind in ("text", "tx", "ft"):
        return f"text/{subtype}" if subtype else "text/plain"
    return f"{kind}/{subtype}" if kind and subtype else ""


_SUBTYPES = {
    "rtf": "application/rtf",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html",
    "xml": "text/xml",
    "x-hl7-cda-level-one": "text/xml",
    "x-hl7-cda-level-two": "text/xml",
    "x-hl7-cda-level-three": "text/xml",
    "cda": "text/xml",
    "plain": "text/plain",
    "text": "text/plain",
    "txt": "text/plain",
}


def decoded(encoding: str, text: str) -> bytes | None:
    """The bytes that ED.5 holds in the encoding that ED.4 names (A, Hex, Base64); None where it does not hold such."""
    try:
        if encoding == "BASE64":
            return base64.b64decode("".join(text.split()), validate=True)
        if encoding == "HEX":
            return bytes.fromhex(text)
        return text.encode()
    except (binascii.Error, ValueError):
        return None


def encoded(encoding: str, content: bytes) -> bytes | None:
    """``content`` as ED.5 holds it; None for the encoding A, whose bytes are text with escapes."""
    if encoding == "BASE64":
        return base64.b64encode(content)
    return binascii.hexlify(content) if encoding == "HEX" else None
