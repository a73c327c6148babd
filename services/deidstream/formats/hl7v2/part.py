"""The free texts of a message, each as people read it.

A report that runs over forty OBX lines is one part, joined by line ends, and so are consecutive notes (NTE). What codes say in
words, where no published coding system answers for the words, is gathered in one part for each subject, ``labels``: many short
texts that are cheaper to read together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from deidstream.core.document import Document, Part, Piece
from deidstream.core.errors import DeidstreamError
from deidstream.formats.hl7v2.charset import TABLE_0211
from deidstream.formats.hl7v2.definition import Field, components, fields
from deidstream.formats.hl7v2.delimiters import HEADERS, Delimiters
from deidstream.formats.hl7v2.document import NULL, Message, cut, field_type, observed_type, read_text
from deidstream.formats.hl7v2.encapsulated import decoded, media_type
from deidstream.formats.hl7v2.path import ordinal
from deidstream.formats.hl7v2.segment import LINE, Segment
from deidstream.formats.hl7v2.structure import (
    CODED,
    IDENTIFYING,
    OBSERVATIONS,
    PRIMITIVES,
    TEXT_COMPONENTS,
    TEXT_TYPES,
    codes,
    decided,
    is_known_system,
)

__all__ = ["Parts", "is_identifying"]

_LINES = frozenset({"TX", "FT", "ST"})
_NUMERIC = frozenset("0123456789.+-eE<>= ")
_SYSTEM_OF = ((1, 2, 3), (4, 5, 6), (10, 11, 12))
"""Components of a coded value: code, text, coding system."""
_NUMBERS = frozenset({"NM", "SI", "SN", "NA", "NR", "MA", "MO", "CP", "CQ", "DT", "TM", "TS", "DTM"})
_LONGEST = 400
_SKIP, _TEXT, _CODED, _MIXED, _CODES, _FLAGS = range(6)


class Parts:
    """Collects the parts of one message, segment by segment, and the documents that its ED values carry."""

    def __init__(self, message: Message, language: str) -> None:
        self.nested: dict[str, Document] = {}
        self._message = message
        self._marks, self._version = message.delimiters, message.version
        self._language = language
        self._parts: list[Part] = []
        self._labels: dict[int, list[tuple[str, str]]] = {}
        self._run: list[tuple[str, str]] = []
        self._run_key: tuple[str, ...] = ()
        self._run_subject = 0

    def all(self) -> tuple[Part, ...]:
        """The parts of all segments of the message."""
        for segment in self._message.segments:
            self._segment(segment)
        self._end_run()
        for subject, pieces in self._labels.items():
            self._parts.append(self._part(ordinal("labels", subject + 1), pieces, subject))
        return tuple(self._parts)

    def _segment(self, segment: Segment) -> None:
        if segment.name == LINE:
            # a line of no segment goes on with the text before it, if there is one; else field tables call it unknown
            if self._run:
                self._add(segment, 1, segment.fields[1])
            return
        key = self._key(segment)
        if key != self._run_key or segment.subject != self._run_subject:
            self._end_run()
            self._run_key, self._run_subject = key, segment.subject
        values, marks = segment.fields, self._marks
        component, count = marks.component, len(values)
        for number, kind in _plan(self._version, segment.name):
            if number >= count:
                break
            value = values[number]
            if not value:
                continue
            if kind == _CODED:
                if labels := _labels(marks, value):
                    self._label_all(segment, number, labels)
            elif kind < _CODES or " " in value or component in value:
                self._field(segment, number, value, kind)

    def _key(self, segment: Segment) -> tuple[str, ...]:
        if segment.name == "NTE":
            return ("NTE",)
        if segment.name == "OBX" and len(segment.fields) > 5 and observed_type(self._marks, segment) in _LINES:
            return ("OBX", segment.fields[3])
        return ()

    def _field(self, segment: Segment, number: int, value: str, kind: int) -> None:
        if segment.name == "OBX" and number == 5:
            self._observation(segment, value)
        elif kind == _TEXT:
            in_run = self._run_key == ("NTE",) and number == 3
            self._text(segment, number, value, in_run)
        elif kind == _FLAGS and self._marks.component in value:
            self._label_all(segment, number, _labels(self._marks, value))
        elif kind in (_CODES, _FLAGS):
            if " " in value:
                self._prose(segment, number, value, field_type(self._message, segment, number))
        else:
            self._mixed(segment, number, value, field_type(self._message, segment, number))

    def _observation(self, segment: Segment, value: str) -> None:
        type_ = observed_type(self._marks, segment)
        if is_identifying(self._marks, segment):
            return
        if type_ in _LINES:
            self._text(segment, 5, value, in_run=True)
        elif type_ in CODED:
            self._label_all(segment, 5, _labels(self._marks, value))
        elif type_ == "ED":
            self._encapsulated(segment, value)
        elif type_ in TEXT_COMPONENTS:
            self._mixed(segment, 5, value, type_)
        elif self._is_wordy(type_, value):
            self._prose(segment, 5, value, type_)

    def _is_wordy(self, type_: str, value: str) -> bool:
        """Whether a value that should be a code or a measure reads like words."""
        if type_ in IDENTIFYING or not _is_type(self._version, type_):
            return False
        first = value.partition(self._marks.component or "^")[0]
        return " " in value or (type_ in _NUMBERS and not _NUMERIC.issuperset(first))

    def _text(self, segment: Segment, number: int, value: str, in_run: bool) -> None:
        if in_run:
            self._add(segment, number, value)
            return
        pieces = self._repetitions(segment, number, value)
        if pieces:
            self._parts.append(self._part(pieces[0][0], pieces, segment.subject))

    def _add(self, segment: Segment, number: int, value: str) -> None:
        self._run += self._repetitions(segment, number, value)

    def _repetitions(self, segment: Segment, number: int, value: str) -> list[tuple[str, str]]:
        base = f"{segment.path}-{number}"
        if segment.name == LINE:
            return [(base, value)]
        if value == NULL:
            return []
        mark = self._marks.repetition
        if not mark or mark not in value:
            return [(base, value)]
        return [
            (ordinal(base, index), piece) for index, piece in enumerate(value.split(mark), 1) if piece and piece != NULL
        ]

    def _label_all(self, segment: Segment, number: int, labels: tuple[tuple[str, str], ...]) -> None:
        base = f"{segment.path}-{number}"
        for below, characters in labels:
            self._label(segment, base + below, characters)

    def _prose(self, segment: Segment, number: int, value: str, type_: str) -> None:
        """Codes and measures that read like words, in components that the type has and the field tables do not find."""
        for path, _, piece in self._components(segment, number, value, type_):
            if (" " in piece or not _NUMERIC.issuperset(piece)) and piece not in TABLE_0211:
                self._label(segment, path, piece)

    def _mixed(self, segment: Segment, number: int, value: str, type_: str) -> None:
        texts = TEXT_COMPONENTS[type_]
        for path, component, piece in self._components(segment, number, value, type_):
            if component in texts or (" " in piece and type_ not in IDENTIFYING):
                self._label(segment, path, piece)

    def _components(self, segment: Segment, number: int, value: str, type_: str) -> Iterator[tuple[str, int, str]]:
        children = components(self._version, type_) or (type_,)
        base = f"{segment.path}-{number}"
        for repetition, item in enumerate(cut(value, self._marks.repetition), 1):
            pieces = cut(item, self._marks.component)
            path = ordinal(base, repetition)
            for component, (piece, child) in enumerate(zip(pieces, children, strict=False), 1):
                if child not in IDENTIFYING:
                    yield (f"{path}.{component}" if len(pieces) > 1 else path), component, piece

    def _encapsulated(self, segment: Segment, value: str) -> None:
        base = f"{segment.path}-5"
        for repetition, item in enumerate(cut(value, self._marks.repetition), 1):
            pieces = cut(item, self._marks.component)
            if len(pieces) < 5 or not pieces[4]:
                continue
            path = f"{ordinal(base, repetition)}.5"
            encoding = pieces[3].strip().upper()
            if encoding in ("", "A") and media_type(pieces[1], pieces[2]) in ("", "text/plain"):
                self._parts.append(self._part(path, [(path, pieces[4])], segment.subject))
            else:
                self._open(path, pieces, segment.subject)

    def _open(self, path: str, pieces: list[str], subject: int) -> None:
        """A document inside the value, if it can be read; if not, the value is an unknown fact of the field tables."""
        from deidstream.formats import nest, open_nested

        kind = media_type(pieces[1], pieces[2])
        content = decoded(pieces[3].strip().upper(), read_text(self._message, pieces[4]))
        if not kind or content is None:
            return
        try:
            nested = open_nested(kind, content)
        except DeidstreamError:
            return
        if nested is not None:
            self.nested[path] = nested
            self._parts += nest(path, nested, subject)

    def _label(self, segment: Segment, path: str, characters: str) -> None:
        if characters and characters != NULL:
            self._labels.setdefault(segment.subject, []).append((path, characters))

    def _end_run(self) -> None:
        if self._run:
            self._parts.append(self._part(self._run[0][0], self._run, self._run_subject))
        self._run = []

    def _part(self, locator: str, pieces: list[tuple[str, str]], subject: int) -> Part:
        if len(pieces) == 1:
            text = read_text(self._message, pieces[0][1])
            return Part(locator, text, (Piece(0, len(text), pieces[0][0]),), subject, self._language)
        texts, placed, position = [], [], 0
        for path, characters in pieces:
            text = read_text(self._message, characters)
            placed.append(Piece(position, position + len(text), path))
            texts.append(text)
            position += len(text) + 1
        return Part(locator, "\n".join(texts), tuple(placed), subject, self._language)


def is_identifying(marks: Delimiters, segment: Segment) -> str:
    """The category (as ``OBSERVATIONS`` spells it) of what an OBX says about who somebody is, '' for all other observations."""
    return _asked(marks.component, segment.fields[3])


@lru_cache(maxsize=2048)
def _asked(component: str, code: str) -> str:
    pieces = code.split(component, 4) if component else [""]
    return OBSERVATIONS.get(pieces[0]) or (OBSERVATIONS.get(pieces[3], "") if len(pieces) > 3 else "")


def _labels(marks: Delimiters, value: str) -> tuple[tuple[str, str], ...]:
    """What a coded value says in words that no published system answers for: what follows the field in its locator, and the words.

    Codes come again and again, so the answers for short values are kept.
    """
    return (_kept_labels if len(value) <= _LONGEST else _read_labels)(marks.component, marks.repetition, value)


def _read_labels(component: str, repetition: str, value: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (ordinal("", number) + below, words)
        for number, item in enumerate(cut(value, repetition), 1)
        for below, words in _item_labels(item, cut(item, component))
    )


_kept_labels = lru_cache(maxsize=4096)(_read_labels)


def _item_labels(item: str, pieces: list[str]) -> Iterator[tuple[str, str]]:
    if len(pieces) == 1:
        if " " in item:
            yield "", item
        return
    for code, text, system in _SYSTEM_OF:
        if len(pieces) < code:
            break
        if len(pieces) >= system and pieces[system - 1] and is_known_system(pieces[system - 1]):
            continue
        if " " in pieces[code - 1]:
            yield f".{code}", pieces[code - 1]
        if len(pieces) >= text and pieces[text - 1]:
            yield f".{text}", pieces[text - 1]
    if len(pieces) > 8 and pieces[8]:
        yield ".9", pieces[8]


@lru_cache(maxsize=1024)
def _is_type(version: str, type_: str) -> bool:
    return type_ in PRIMITIVES or bool(components(version, type_))


@lru_cache(maxsize=2048)
def _plan(version: str, segment: str) -> tuple[tuple[int, int], ...]:
    """The fields that may hold text, in order, and what to do with each."""
    first = 3 if segment in HEADERS else 1
    known = fields(version, segment)
    kinds = ((number, _kind(version, segment, number, known[number - 1])) for number in range(first, len(known) + 1))
    return tuple((number, kind) for number, kind in kinds if kind != _SKIP)


def _kind(version: str, segment: str, number: int, field: Field) -> int:
    type_ = field.type
    if number in decided(segment):
        return _SKIP
    if segment == "OBX" and number == 5:
        return _TEXT
    if type_ in TEXT_COMPONENTS:
        return _MIXED
    if type_ in TEXT_TYPES and number not in codes(segment):
        return _TEXT
    if type_ in IDENTIFYING or field.wide in IDENTIFYING or not _is_type(version, type_):
        return _SKIP
    if type_ in CODED:
        return _CODED
    return _FLAGS if type_ in ("ID", "IS") else _CODES
