"""Where compressed frames end, and which of their bytes say nothing about pixels, without decoding them.

JPEG and JPEG-LS: ITU-T T.81, annex B, and T.87, annex C. JPEG 2000: ITU-T T.800, annexes A (code stream) and I (file).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from struct import unpack_from
from typing import TypeAlias

from deidstream.core.errors import Malformed

__all__ = ["JPEG", "JPEG_2000", "PADDING", "Range", "is_stream", "left_over", "unsaid"]

Range: TypeAlias = tuple[int, int]
"""Half-open, in bytes of a frame."""
JPEG, JPEG_2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"
_JP2 = b"\0\0\0\x0cjP  "
_SOS, _EOI, _JPEG_LS, _LSE, _ADOBE = 0xDA, 0xD9, 0xF7, 0xF8, 0xEE
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""
_TABLES = frozenset({*range(0xC0, 0xC8), *range(0xC9, 0xD0), *range(0xDB, 0xE0), _SOS, _JPEG_LS, _LSE})
"""Markers of segments by which decoders go."""
_MARKER = {False: re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]"), True: re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")}
"""What ends entropy-coded data, of JPEG-LS or not: neither a stuffed byte nor a restart."""
_SOT, _SOD, _EOC = 0x90, 0x93, b"\xff\xd9"
_SEGMENTS = frozenset({*range(0x50, 0x62), 0x63, *range(0x70, 0x7A), _SOT})
"""Markers of segments by which decoders of JPEG 2000 go, of all its parts; COM (0x64) is none."""
_PACKETS = re.compile(rb"\xff\x91\0\x04(?s:..)|\xff\xd9")
_COLOURS = frozenset({b"ihdr", b"bpcc", b"colr", b"pclr", b"cmap", b"cdef", b"res "})
PADDING = b"\0\xff"
_WHOLE = frozenset({b"jP  ", b"ftyp"})


def is_stream(start: bytes) -> bool:
    """Whether a frame begins with these bytes, twelve at least."""
    return start.startswith((JPEG, JPEG_2000, _JP2))


def unsaid(frame: bytes) -> tuple[list[Range], int]:
    """The bytes of ``frame`` that decoders pass over, comments and what programs write for one another; and where the image ends.

    What stays: Adobe's marker, and those of JFIF, of SPIFF and of Hewlett-Packard's colours (JPEG-LS), without pictures and texts
    in them. Raises Malformed (``frame-broken``) for what is no stream of segments.
    """
    if frame.startswith(JPEG):
        found, end = _jpeg(frame)
    elif frame.startswith(JPEG_2000):
        found, end = _code_stream(frame, 0, len(frame))
    elif frame.startswith(_JP2):
        found, end = _boxes(frame)
    else:
        raise Malformed("frame-broken", "PixelData")
    return [(start, min(stop, len(frame))) for start, stop in found if frame[start:stop].strip(b"\0")], end


def left_over(frame: bytes, pixels: int = 0) -> bool:
    """Whether anything but padding stands behind the image in ``frame``. ``pixels``: of one that is run lengths (PS3.5, annex G).

    Raises as ``unsaid``.
    """
    if not pixels:
        return bool(frame[unsaid(frame)[1] :].strip(PADDING))
    count, *starts = unpack_from("<16I", frame) if len(frame) >= 64 else (0,)
    if not 0 < count < 16 or starts[0] != 64 or any(starts[count:]):
        return True
    ends = (*starts[1:count], len(frame))
    return any(_runs_on(frame, start, end, pixels) for start, end in zip(starts, ends, strict=False))


def _runs_on(frame: bytes, at: int, end: int, pixels: int) -> bool:
    """Whether a segment of run lengths says more than ``pixels`` bytes, and one that makes them even."""
    while pixels > 0 and at < end:
        run = frame[at]
        if run == 0x80:
            at += 1
            continue
        pixels -= run + 1 if run < 0x80 else 257 - run
        at += run + 2 if run < 0x80 else 2
    return pixels < -1 or bool(frame[at:end].strip(b"\0\x80"))


def _jpeg(frame: bytes) -> tuple[list[Range], int]:
    found: list[Range] = []
    at, lossless, spiff = 2, False, False
    while at + 2 <= len(frame):
        marker = frame[at + 1]
        if frame[at] != 0xFF:
            raise Malformed("frame-broken", "PixelData")
        if marker == _EOI:
            return found, at + 2
        if marker == 0xFF or marker in _BARE:
            at += 1 if marker == 0xFF else 2
            continue
        end = at + 2 + _number(frame, at + 2)
        lossless = lossless or marker == _JPEG_LS
        if marker not in _TABLES:
            kept = _kept(marker, frame[at + 4 : min(end, at + 36)], spiff)
            spiff = spiff or (marker == 0xE8 and kept > 8)
            found.append((at + 4 + kept, end))
        at = end
        if marker == _SOS:
            ends = _MARKER[lossless].search(frame, at)
            at = ends.start() if ends else len(frame)
    return found, len(frame)


def _kept(marker: int, said: bytes, spiff: bool) -> int:
    """How many bytes of the segment of an application decoders go by."""
    if marker == 0xE0 and said.startswith(b"JFIF\0"):
        return 12  # of its thumbnail not even the size
    if marker == _ADOBE and said.startswith(b"Adobe"):
        return 12
    if marker == 0xE8:
        if said.startswith(b"SPIFF\0"):
            return 30
        if said.startswith(b"mrfx"):
            return 5
        return (8 if said[:4] == b"\0\0\0\1" else 4) if spiff else 0  # the kind of an entry, and the end of all entries
    return 0


def _code_stream(frame: bytes, at: int, limit: int) -> tuple[list[Range], int]:
    found: list[Range] = []
    at = _segments(frame, at + 2, found)
    while frame[at : at + 2] == b"\xff\x90" and at + 12 <= limit:
        length = int.from_bytes(frame[at + 6 : at + 10], "big")
        coded = _segments(frame, at + 12, found)
        at = at + length if length else _last(frame, coded, limit)
        if at < coded:
            raise Malformed("frame-broken", "PixelData")
    if frame[at : at + 2] == _EOC:
        return found, at + 2
    if frame[at:limit].strip(b"\0\xff"):
        raise Malformed("frame-broken", "PixelData")
    return found, min(at, limit)


def _segments(frame: bytes, at: int, found: list[Range]) -> int:
    """Behind the segments of a header: where a part of a tile, or its data, begins."""
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            raise Malformed("frame-broken", "PixelData")
        marker = frame[at + 1]
        if marker == _SOT:
            return at
        if marker == _SOD:
            return at + 2
        if 0x30 <= marker < 0x40:
            at += 2
            continue
        end = at + 2 + _number(frame, at + 2)
        if marker not in _SEGMENTS:
            # Of a comment its kind stays, of what nobody knows nothing.
            found.append((at + (6 if marker == 0x64 else 4), end))
        at = end
    return at


def _last(frame: bytes, at: int, limit: int) -> int:
    """Where the last part of a tile ends, which does not say how long it is."""
    return next((one.start() for one in _PACKETS.finditer(frame, at, limit) if one[0] == _EOC), limit)


def _boxes(frame: bytes) -> tuple[list[Range], int]:
    found: list[Range] = []
    end = 0
    for name, start, stop in _within(frame, 0, len(frame)):
        if name == b"jp2c":
            inner, last = _code_stream(frame, start, stop)
            found, end = [*found, *inner, (last, stop)], stop
        elif name == b"jp2h":
            found += [(one, last) for kind, one, last in _within(frame, start, stop) if kind not in _COLOURS]
        elif name not in _WHOLE:
            found.append((start, stop))
    return found, end or len(frame)


def _within(frame: bytes, at: int, limit: int) -> Iterator[tuple[bytes, int, int]]:
    """Boxes (T.800, I.4): the kind of each, and where its content lies. Padding behind the last is none."""
    while at + 8 <= limit and frame[at : at + 8].strip(b"\0"):
        length, start = int.from_bytes(frame[at : at + 4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(frame[at + 8 : at + 16], "big"), at + 16
        stop = at + length if length else limit
        if not start <= stop <= limit:
            raise Malformed("frame-broken", "PixelData")
        yield frame[at + 4 : at + 8], start, stop
        at = stop


def _number(frame: bytes, at: int) -> int:
    length = int.from_bytes(frame[at : at + 2], "big")
    if length < 2:
        raise Malformed("frame-broken", "PixelData")
    return length
