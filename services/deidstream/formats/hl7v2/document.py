"""A message taken apart: segments and fields at once, leaves when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from deidstream.core.document import NESTED, Document, Leaf, Part, Splice, apply_splices
from deidstream.core.errors import Unsafe
from deidstream.formats.hl7v2.definition import components, fields
from deidstream.formats.hl7v2.delimiters import Delimiters
from deidstream.formats.hl7v2.dialect import Dialect
from deidstream.formats.hl7v2.encapsulated import encoded
from deidstream.formats.hl7v2.path import parse
from deidstream.formats.hl7v2.segment import LINE, Segment
from deidstream.formats.hl7v2.structure import CODED, TEXT_COMPONENTS, TEXT_TYPES, codes, decided

__all__ = ["Hl7Document", "Message", "described"]

NULL = '""'
"""An empty pair of quotes says: delete what you have stored (2.8, 2.5.3). No value, no leaf."""


_MANY = 16
"""Pieces up to which counting from the front is quicker than noting where each begins."""


@dataclass(frozen=True, slots=True)
class Message:
    """What ``split`` found. ``at`` maps a character to its byte, None where they are the same."""

    source: bytes
    characters: str
    at: Sequence[int] | None
    segments: tuple[Segment, ...]
    dialect: Dialect
    plain: bool
    """ASCII throughout, no escape behind the header's own."""

    @property
    def delimiters(self) -> Delimiters:
        """Those that the header states."""
        return self.dialect.delimiters

    @property
    def version(self) -> str:
        """Whose tables are read."""
        return self.dialect.version

    def __repr__(self) -> str:
        return f"Message({len(self.segments)} segments, {self.version})"


class Hl7Document(Document):
    """An HL7 v2 message, or envelope segments of a batch.

    ``leaf`` finds any element by its locator (see ``path``), in constant time a locator; ``leaves`` are made when first used.
    """

    format = "hl7v2"

    def __init__(self, message: Message, parts: Sequence[Part], nested: dict[str, Document]) -> None:
        super().__init__(message.source, (), parts)
        self.message = message
        self.segments = message.segments
        self.delimiters = message.delimiters
        self.version = message.version
        self.nested = nested
        self._segments: dict[str, Segment] | None = None
        self._found: dict[str, Leaf] = {}
        self._before: dict[str, list[int]] = {}
        self._pieces: dict[tuple[int, str], list[int]] = {}

    @property
    def is_plain(self) -> bool:
        """Whether every value reads as its characters stand: ASCII throughout, and no escape."""
        return self.message.plain

    @property
    def leaves(self) -> Sequence[Leaf]:
        """All populated elements at the lowest level, in source order; made on first use."""
        if not self._leaves:
            self._leaves = [self.leaf(path) for path in populated(self.message)]
        return self._leaves

    def text(self, characters: str) -> str:
        """What a value reads, given its characters as they stand in ``Segment.fields``."""
        return read_text(self.message, characters)

    def leaf(self, path: str) -> Leaf:
        """The element at ``path``, at whatever level it names. Raises Unsafe (``no-such-locator``)."""
        found = self._found.get(path)
        if found is None:
            found = self._found[path] = self._leaf(path)
        return found

    def start(self, segment: Segment, number: int) -> int:
        """Where field ``number`` of ``segment``, from 1 on, begins, in characters of the message."""
        before = self._before.get(segment.path)
        if before is None:
            before = self._before[segment.path] = list(accumulate(map(len, segment.fields), initial=0))
        if segment.skew == 2 and number == 1:
            return segment.start + before[1]  # the separator itself, with none before it
        return segment.start + before[number] + number - segment.skew

    def place(self, leaves: Mapping[str, Leaf]) -> None:
        """Takes note of elements that a reader has come across on its way, so that ``leaf`` need not look for them."""
        self._found.update(leaves)

    def removals(self, paths: Sequence[str]) -> list[Splice]:
        """An element's bytes become none; a segment (``OBX[3]``) goes with its line end."""
        return [self._removal(path) for path in paths]

    def lift(self, leaf: Leaf, inner: Sequence[Splice]) -> list[Splice]:
        """Data of type ED goes back in the encoding that it came in."""
        if leaf.nested is None:
            raise Unsafe("no-such-locator", leaf.path)
        if not inner:
            return []
        content = apply_splices(leaf.nested.source, inner)
        return [Splice(leaf.start, leaf.end, _encoded(self, leaf, content))]

    def type_of(self, segment: Segment, number: int) -> str:
        """The data type of a field ('' where no version knows it); OBX-5 by OBX-2."""
        return field_type(self.message, segment, number)

    def _segment(self, path: str) -> Segment | None:
        if self._segments is None:
            self._segments = {segment.path: segment for segment in self.segments}
        return self._segments.get(path)

    def _leaf(self, path: str) -> Leaf:
        if NESTED in path:
            outer, _, inner = path.partition(NESTED)
            if outer not in self.nested:
                raise Unsafe("no-such-locator", path)
            return self.nested[outer].leaf(inner)
        place = parse(path)
        segment = self._segment(place.segment) if place else None
        if place is None or segment is None or not 0 < place.field < len(segment.fields):
            raise Unsafe("no-such-locator", path)
        _, field, repetition, component, subcomponent = place
        marks, characters = self.delimiters, self.message.characters
        start = self.start(segment, field)
        end = start + len(segment.fields[field])
        if segment.name != LINE and (field > 2 or segment.skew != 2):
            if repetition > 1 or marks.repetition in segment.fields[field]:
                start, end = self._piece(start, end, marks.repetition, repetition, path)
            if component:
                start, end = self._piece(start, end, marks.component, component, path)
                if subcomponent:
                    start, end = self._piece(start, end, marks.subcomponent, subcomponent, path)
        text = characters[start:end]
        if not self.message.plain:
            text = self.text(text)
        if self.message.at is not None:
            start, end = self.message.at[start], self.message.at[end]
        type_, free = described(self.version, self.type_of(segment, field), component, subcomponent)
        return Leaf(path, start, end, text, self.message.dialect.codec, type_, free, self.nested.get(path))

    def _piece(self, start: int, end: int, mark: str, number: int, path: str) -> tuple[int, int]:
        """The ``number``-th of the pieces that ``mark`` makes of ``[start, end)``."""
        characters = self.message.characters
        if number <= _MANY or not mark:
            return _piece(characters, start, end, mark, number, path)
        # Counting from the start for each of 100,000 repetitions would take hours: all starts are noted at once.
        starts = self._pieces.get((start, mark))
        if starts is None:
            lengths = (len(piece) + 1 for piece in characters[start:end].split(mark))
            starts = self._pieces[start, mark] = list(accumulate(lengths, initial=start))
        if number >= len(starts):
            raise Unsafe("no-such-locator", path)
        return starts[number - 1], starts[number] - 1

    def _removal(self, path: str) -> Splice:
        segment = self._segment(path)
        if segment is None:
            leaf = self.leaf(path)
            return Splice(leaf.start, leaf.end, b"")
        characters, end = self.message.characters, segment.end
        while end < len(characters) and characters[end] in "\r\n":
            end += 1
            if characters[end - 1 : end + 1] != "\r\n":
                break
        at = self.message.at
        return Splice(at[segment.start], at[end], b"") if at is not None else Splice(segment.start, end, b"")


def read_text(message: Message, characters: str) -> str:
    """What ``characters`` of ``message`` read: in its charset, escapes resolved."""
    return characters if message.plain else message.dialect.read(characters)


def field_type(message: Message, segment: Segment, number: int) -> str:
    """The data type of field ``number``, '' where no version knows it. OBX-5 has the type that OBX-2 names, ST where none."""
    if segment.name == "OBX" and number == 5:
        return observed_type(message.delimiters, segment)
    known = fields(message.version, segment.name)
    return known[number - 1].type if 0 < number <= len(known) else ""


def observed_type(marks: Delimiters, segment: Segment) -> str:
    """The data type of OBX-5: that which OBX-2 names, ST where it names none."""
    named = segment.fields[2]
    if not named.isalpha():
        named = named.partition(marks.component)[0].strip()
    return named.upper() or "ST"


def is_text(segment: Segment, number: int, type_: str) -> bool:
    """Whether the field as a whole is one free text: a delimiter inside it, unescaped, is part of the text."""
    if type_ not in TEXT_TYPES:
        return False
    return number not in decided(segment.name) and number not in codes(segment.name)


def populated(message: Message) -> Iterator[str]:
    """The locators of all leaves, in source order."""
    for segment in message.segments:
        first = 3 if segment.skew == 2 else 1
        for number in range(first, len(segment.fields)):
            if segment.fields[number]:
                yield from _field_paths(message, segment, number)


def _field_paths(message: Message, segment: Segment, number: int) -> Iterator[str]:
    marks, type_ = message.delimiters, field_type(message, segment, number)
    base = f"{segment.path}-{number}"
    if segment.name == LINE:
        yield base
        return
    whole = is_text(segment, number, type_)
    for repetition, value in enumerate(cut(segment.fields[number], marks.repetition), 1):
        path = base if repetition == 1 else f"{base}[{repetition}]"
        if not value or value == NULL:
            continue
        if whole or not marks.component or (marks.component not in value and not _has(value, marks.subcomponent)):
            yield path
            continue
        for component, piece in enumerate(value.split(marks.component), 1):
            if not piece or piece == NULL:
                continue
            if not _has(piece, marks.subcomponent) or reads_whole(type_, component):
                yield f"{path}.{component}"
                continue
            for subcomponent, smallest in enumerate(piece.split(marks.subcomponent), 1):
                if smallest and smallest != NULL:
                    yield f"{path}.{component}.{subcomponent}"


def reads_whole(type_: str, component: int) -> bool:
    """Whether a component is text, in which an unescaped subcomponent delimiter is just a character (``Hb & Ht``)."""
    if type_ in CODED:
        return component in (2, 5, 9, 11)
    return component in TEXT_COMPONENTS.get(type_, ()) or (type_ == "ED" and component == 5)


def cut(value: str, mark: str) -> list[str]:
    """``value`` at each ``mark``; uncut where the message has no such mark."""
    return value.split(mark) if mark else [value]


def _has(value: str, mark: str) -> bool:
    return bool(mark) and mark in value


def _piece(characters: str, start: int, end: int, mark: str, number: int, path: str) -> tuple[int, int]:
    """The ``number``-th of the pieces that ``mark`` makes of ``[start, end)``."""
    if not mark:
        if number > 1:
            raise Unsafe("no-such-locator", path)
        return start, end
    stop = characters.find(mark, start, end)
    while number > 1:
        if stop < 0:
            raise Unsafe("no-such-locator", path)
        start = stop + 1
        stop = characters.find(mark, start, end)
        number -= 1
    return start, stop if stop >= 0 else end


_NO_TEXT = frozenset({"DT", "DTM", "TS", "TM", "NM", "SI", "ID", "IS", "SNM", "GTS"})
_CODE_COMPONENTS = frozenset({1, 3, 4, 6, 7, 8, 10, 12, 13})


@lru_cache(maxsize=8192)
def described(version: str, type_: str, component: int, subcomponent: int) -> tuple[str, bool]:
    """The name of an element's type (``XPN.1.2``), and whether any text may stand there."""
    levels = [number for number in (component, subcomponent) if number]
    return ".".join((type_, *map(str, levels))), _admits_text(version, type_, component, subcomponent)


def _admits_text(version: str, type_: str, component: int, subcomponent: int) -> bool:
    if type_ == "ED" or (type_ in CODED and (component or 1) in _CODE_COMPONENTS):
        return False
    for number in (component, subcomponent):
        if type_ in _NO_TEXT:
            break
        children = components(version, type_)
        if number > len(children):
            return not children or number == 1
        type_ = children[(number or 1) - 1] if children else type_
    return type_ not in _NO_TEXT


def _encoded(document: Hl7Document, leaf: Leaf, content: bytes) -> bytes:
    encoding = document.leaf(f"{leaf.path.rpartition('.')[0]}.4").text.strip().upper()
    raw = encoded(encoding, content)
    return raw if raw is not None else leaf.codec.encode(content.decode("utf-8", "replace"))
