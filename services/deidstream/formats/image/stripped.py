"""JPEG and WebP files without metadata, their compressed pixels as they were."""

from __future__ import annotations

from deidstream.core.errors import Malformed
from deidstream.formats.image.document import ELEMENT

__all__ = ["jpeg", "webp"]

_JFIF = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
"""Without density and thumbnail."""
_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_SOS, _EOI, _ADOBE = 0xDA, 0xD9, 0xEE
_APPLICATION, _COMMENT = range(0xE0, 0xF0), 0xFE


def jpeg(source: bytes) -> bytes:
    """The tables, headers and scans of ``source`` (ITU-T T.81, annex B), and Adobe's marker of the colour space. Nothing behind
    the end of the image stays. Raises Malformed.
    """
    out = [source[:2]]
    at = 2
    if source[at : at + 4] == _JFIF[:4] or source[at : at + 2] == _JFIF[:2]:
        out.append(_JFIF)
    while at + 4 <= len(source) and source[at] == 0xFF:
        marker = source[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _EOI:
            return b"".join((*out, b"\xff\xd9"))
        end = at + 2 + int.from_bytes(source[at + 2 : at + 4], "big")
        if marker == _SOS:
            end = _scan_end(source, end)
        dropped = marker in _APPLICATION or marker == _COMMENT
        if not dropped or (marker == _ADOBE and source[at + 4 : at + 9] == b"Adobe" and end - at == 16):
            out.append(source[at:end])
        at = end
    if source[at : at + 2] == b"\xff\xd9":
        return b"".join((*out, b"\xff\xd9"))
    raise Malformed("truncated", ELEMENT)


def webp(source: bytes) -> bytes:
    """The chunks of ``source`` that are pixels (RFC 9649). Raises Malformed for what moves."""
    chunks: list[bytes] = []
    at = 12
    while at + 8 <= len(source):
        name, length = source[at : at + 4], int.from_bytes(source[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if at + 8 + length > len(source):
            raise Malformed("truncated", ELEMENT)
        if name == b"ANIM":
            raise Malformed("pixel-format-unsupported", ELEMENT)
        if name == b"VP8X":  # of its flags only the one that says that there is transparency
            chunks.append(source[at : at + 8] + bytes([source[at + 8] & 0x10]) + source[at + 9 : end])
        elif name in _PIXELS:
            chunks.append(source[at : at + 8 + length] + b"\0" * (length % 2))
        at = end
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _scan_end(source: bytes, at: int) -> int:
    """Behind the entropy-coded data: where a marker is that neither restarts nor is stuffed."""
    while True:
        at = source.find(b"\xff", at)
        if at < 0 or at + 1 >= len(source):
            raise Malformed("truncated", ELEMENT)
        if source[at + 1] != 0 and not 0xD0 <= source[at + 1] <= 0xD7 and source[at + 1] != 0xFF:
            return at
        at += 1 if source[at + 1] == 0xFF else 2
