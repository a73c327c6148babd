"""Bytes to a document: charset, delimiters, lines, segments, parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from deidstream.core.errors import Malformed
from deidstream.formats.hl7v2.charset import decide, is_transparent, wide
from deidstream.formats.hl7v2.codec import value_codec
from deidstream.formats.hl7v2.definition import nearest
from deidstream.formats.hl7v2.delimiters import HEADERS, STANDARD, Delimiters, read_delimiters
from deidstream.formats.hl7v2.dialect import dialect
from deidstream.formats.hl7v2.document import Hl7Document, Message
from deidstream.formats.hl7v2.part import Parts
from deidstream.formats.hl7v2.path import ordinal
from deidstream.formats.hl7v2.segment import LINE, Segment

__all__ = ["split"]

_LINES = re.compile(r"[^\r\n]+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2}")
_TRAILERS = frozenset({"BTS", "FTS"})
_FRAME = "\ufeff\x0b\x1c \t"
_MARK = "\xef\xbb\xbf"


def split(source: bytes, charset: str = "") -> Hl7Document:
    """The message in ``source`` (or the envelope segments FHS, BHS, BTS, FTS alone). ``charset``: where MSH-18 states none.

    Segments may end in CR, LF or both. A line that does not begin like a segment is kept, see ``segment.LINE``.
    Raises Malformed: ``empty``, ``no-msh``, ``bad-delimiters``, ``binary-content``, ``invalid-charset``, ``several-messages``.
    """
    characters, at, codec_name = _characters(source, charset)
    lines = [found.span() for found in _LINES.finditer(characters)]
    start = _begin(characters, lines)
    delimiters = _delimiters(characters, start, lines[0][1])
    lines[0] = (start, lines[0][1])
    segments = _segments(characters, lines, delimiters)
    header = segments[0]
    version = nearest(_first(header, 12, delimiters)) if header.name == "MSH" else nearest("")
    escape = delimiters.escape
    plain = at is None and source.isascii() and not (escape and characters.count(escape) > (header.skew == 2))
    spoken = dialect(version, delimiters, codec_name, at is not None)
    message = Message(source, characters, at, segments, spoken, plain)
    parts = Parts(message, _language(header, delimiters))
    made = parts.all()
    return Hl7Document(message, made, parts.nested)


def _characters(source: bytes, charset: str) -> tuple[str, Sequence[int] | None, str]:
    """The characters to cut, their byte offsets (None: one byte each) and the codec of values."""
    name = wide(source)
    if not name:
        if b"\0" in source:
            raise Malformed("binary-content")
        view = source.decode("latin-1")
        name = decide(source, _stated_charset(view), charset)
        if is_transparent(name):
            return view, None, name
    try:
        characters = source.decode(name)
    except UnicodeError:
        raise Malformed("invalid-charset") from None
    if "\0" in characters:
        raise Malformed("binary-content")
    at = value_codec(Delimiters("", "", "", "", ""), name).offsets(source)
    return characters, at, name


def _stated_charset(view: str) -> str:
    """MSH-18 of the first line, read before anything else is known."""
    at = view.find("MSH")
    if at < 0 or len(view) < at + 5:
        return ""
    end = re.compile(r"[\r\n]|$").search(view, at)
    fields = view[at : end.start() if end else len(view)].split(view[at + 3], 19)
    if len(fields) < 18:
        return ""
    return fields[17].replace(fields[1][1:2] or "~", "~")


def _begin(characters: str, lines: list[tuple[int, int]]) -> int:
    """Where the first segment begins; blank lines before it go."""
    while lines:
        start, end = lines[0]
        if characters.startswith(_MARK, start):
            start += len(_MARK)
        while start < end and characters[start] in _FRAME:
            start += 1
        if start < end:
            return start
        del lines[0]
    raise Malformed("empty")


def _delimiters(characters: str, start: int, end: int) -> Delimiters:
    name = characters[start : start + 3].upper()
    if name in HEADERS:
        return read_delimiters(name + characters[start + 3 : end])
    if name in _TRAILERS:
        separator = characters[start + 3 : min(start + 4, end)]
        if not separator or not separator.isalnum():
            return STANDARD._replace(field=separator or STANDARD.field)
    raise Malformed("no-msh")


def _segments(characters: str, lines: list[tuple[int, int]], delimiters: Delimiters) -> tuple[Segment, ...]:
    separator = delimiters.field
    counts: dict[str, int] = {}
    segments: list[Segment] = []
    subject, new = -1, tuple.__new__
    for start, end in lines:
        line = characters[start:end]
        name = line[:3].upper()
        if not _NAME.fullmatch(name) or line[3:4] not in (separator, ""):
            if not line.strip(_FRAME):
                continue
            name, fields, skew = LINE, ["", line], 1
        else:
            fields, skew = line.split(separator), 0
            if name in HEADERS:
                fields.insert(1, separator)
                skew = 2
            elif name == "PID":
                subject += 1
        if name == "MSH" and segments:
            raise Malformed("several-messages", f"segment {len(segments) + 1}")
        counts[name] = count = counts.get(name, 0) + 1
        path = name if count == 1 else ordinal(name, count)
        segments.append(new(Segment, (name, path, start, end, fields, skew, subject if subject > 0 else 0)))
    return tuple(segments)


def _first(segment: Segment, number: int, delimiters: Delimiters) -> str:
    """The first component of the first repetition of a field, '' where absent."""
    if number >= len(segment.fields):
        return ""
    value = segment.fields[number]
    for mark in (delimiters.repetition, delimiters.component):
        if mark:
            value = value.partition(mark)[0]
    return value.strip()


def _language(header: Segment, delimiters: Delimiters) -> str:
    """MSH-19, the principal language of the message (ISO 639), where it is a code."""
    code = _first(header, 19, delimiters) if header.name == "MSH" else ""
    return code.lower() if 2 <= len(code) <= 3 and code.isascii() and code.isalpha() else ""
