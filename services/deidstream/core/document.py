"""A source taken apart without losing a byte: leaves, the parts made of them, and how edits go back in.

A format's ``split`` returns a :class:`Document`. Its *leaves* are the smallest values of the format, each a byte range of the
source. Its *parts* are the free texts that a detector must read, each a view over one or more leaves (a report that runs over
forty OBX segments is one part). ``splice`` puts replacements in; what no edit names stays byte-identical, so
``splice(document, ()) == document.source``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.span import Span

__all__ = ["Codec", "Document", "Edit", "Leaf", "Part", "Piece", "Splice", "apply_splices", "splice", "splices"]

_LARGE = 1 << 16
NESTED = "!"
"""Separates the locator of a value from the locator inside the document that the value carries."""


class Splice(NamedTuple):
    """Replace the bytes ``[start, end)`` of a source by ``replacement``."""

    start: int
    end: int
    replacement: bytes


class Codec(Protocol):
    """How the raw bytes of a leaf and its text relate (escapes, character set)."""

    def encode(self, text: str) -> bytes:
        """The raw bytes that decode to ``text``. Characters the encoding lacks become ``?`` or an escape."""

    def offsets(self, raw: bytes) -> Sequence[int]:
        """For each code point of the decoded text its byte offset in ``raw``, and last ``len(raw)``."""


class Leaf(NamedTuple):
    """One value of the source, at the bytes ``[start, end)``, that reads ``text``. Never print one: it is content."""

    path: str
    """Locator, unique in the document: ``PID-5[2].1``, ``Patient.name[0].family``."""
    start: int
    end: int
    text: str
    codec: Codec
    type: str = ""
    """The format's data type: ``XPN.2``, ``dateTime``, ``PN.given``."""
    admits_text: bool = True
    """Whether any text may stand here; where not (dates, codes, numbers), redaction drops the value."""
    nested: Document | None = None
    """What the value carries, where it is a document itself (XHTML in JSON, C-CDA in base64)."""

    def __repr__(self) -> str:
        return f"Leaf({self.path}, {self.start}:{self.end})"


class Piece(NamedTuple):
    """The code points ``[start, end)`` of a part are those of the leaf at ``path`` from ``offset`` on."""

    start: int
    end: int
    path: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One free text, read as people read it. Between pieces lie separators (line ends) that no edit touches."""

    locator: str
    text: str
    pieces: tuple[Piece, ...]
    subject: int = 0
    """Index into the subjects of the case: whose text this is."""
    language: str = ""
    """BCP 47 tag where the source states it, else empty."""

    def __repr__(self) -> str:
        return f"Part({self.locator}, {len(self.text)} code points)"


class Edit(NamedTuple):
    """What becomes of the leaf (or element) at ``path``: its ``span`` (None: all of it) reads ``text`` (None: removed)."""

    path: str
    span: Span | None
    text: str | None

    def __repr__(self) -> str:
        return f"Edit({self.path}, {self.span})"


class Document:
    """A source, its leaves in source order (nested ones inside their leaf's ``nested``), and its parts.

    Formats subclass it to keep what they parsed and to say how an element is removed.
    """

    format: str = ""
    refused: str = ""
    """Why nobody could read it: then it goes as a whole from the value that carries it."""
    reading: object | None = None
    """What ``detection.fields`` read from it (a ``core.fact.Reading``), kept so that a process reads once."""

    def __init__(self, source: bytes, leaves: Sequence[Leaf], parts: Sequence[Part] = ()) -> None:
        self.source = source
        self._leaves = leaves
        self.parts = parts
        self._by_path: dict[str, Leaf] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.source)} bytes, {len(self.leaves)} leaves, {len(self.parts)} parts)"

    @property
    def leaves(self) -> Sequence[Leaf]:
        """In source order. A format may make them when they are first asked for."""
        return self._leaves

    def leaf(self, path: str) -> Leaf:
        """The leaf at ``path``, also inside nested documents (``outer!inner``). Raises Unsafe when there is none."""
        if self._by_path is None:
            self._by_path = {leaf.path: leaf for leaf in self.leaves}
        found = self._by_path.get(path)
        if found is not None:
            return found
        outer, separator, inner = path.partition(NESTED)
        holder = self._by_path.get(outer) if separator else None
        if holder is None or holder.nested is None:
            raise Unsafe("no-such-locator", path)
        return holder.nested.leaf(inner)

    def removals(self, paths: Sequence[str]) -> list[Splice]:
        """How to take whole elements out and leave the rest well-formed. Default: their bytes become none."""
        return [Splice(leaf.start, leaf.end, b"") for leaf in map(self.leaf, paths)]

    @property
    def body(self) -> bytes:
        """The bytes that leaves are ranges of. Default: the source itself; not so where it is compressed as a whole."""
        return self.source

    def rewritten(self, leaf: Leaf, edits: Sequence[Edit]) -> list[Splice]:
        """Splices of the body for edits that each replace a part of ``leaf``. Raises Unsafe when a span misses."""
        at = leaf.codec.offsets(self.body[leaf.start : leaf.end])
        found = []
        for _, span, text in edits:
            if span is None or not 0 <= span.start <= span.end < len(at) or at[-1] != leaf.end - leaf.start:
                raise Unsafe("edit-outside-value", leaf.path)
            found.append(Splice(leaf.start + at[span.start], leaf.start + at[span.end], leaf.codec.encode(text or "")))
        return found

    def completed(self, found: list[Splice]) -> list[Splice]:
        """``found`` with what the format then requires (lengths), as splices of the source. Default: nothing more."""
        return found

    def lift(self, leaf: Leaf, inner: Sequence[Splice]) -> list[Splice]:
        """Splices of ``leaf.nested.source`` as splices of this source. Default: the value is the nested text itself."""
        raw = self.source[leaf.start : leaf.end]
        at = leaf.codec.offsets(raw)
        code_points = _code_point_index(leaf.text)
        return [
            Splice(
                leaf.start + at[code_points(start)],
                leaf.start + at[code_points(end)],
                leaf.codec.encode(replacement.decode("utf-8")),
            )
            for start, end, replacement in inner
        ]


def splice(document: Document, edits: Iterable[Edit]) -> bytes:
    """The source with ``edits`` applied and every other byte as it was. Raises Unsafe when edits overlap or miss."""
    return apply_splices(document.source, splices(document, edits))


def apply_splices(source: bytes, replacements: Iterable[Splice]) -> bytes:
    """``source`` with each byte range replaced. Raises Unsafe when two overlap."""
    whole = memoryview(source) if len(source) > _LARGE else source  # what is large is copied once, not twice
    out: list[bytes | memoryview] = []
    position = 0
    for start, end, replacement in sorted(replacements):
        if start < position:
            raise Unsafe("overlapping-edits", str(start))
        out += (whole[position:start], replacement)
        position = end
    out.append(whole[position:])
    return b"".join(out)


def splices(document: Document, edits: Iterable[Edit]) -> list[Splice]:
    """The byte ranges of the source that ``edits`` replace, unsorted. Raises Unsafe when a locator or span misses."""
    nested: dict[str, list[Edit]] = {}
    removed: list[str] = []
    pieces: dict[str, list[Edit]] = {}
    found: list[Splice] = []
    leaf, new = document.leaf, tuple.__new__  # a message has dozens of edits, nearly all of whole leaves
    for edit in edits:
        path, span, text = edit
        if NESTED in path:
            outer, _, inner = path.partition(NESTED)
            nested.setdefault(outer, []).append(Edit(inner, span, text))
        elif span is None and text is None:
            removed.append(path)
        else:
            _, start, end, value, codec, _, _, _ = leaf(path)
            if span is None or (span[0] == 0 and span[1] == len(value)):
                found.append(new(Splice, (start, end, codec.encode(text or ""))))
            else:
                pieces.setdefault(path, []).append(edit)
    if removed:
        found += document.removals(removed)
    for path, of_leaf in pieces.items():
        found += document.rewritten(leaf(path), of_leaf)
    for path, of_nested in nested.items():
        found += _lifted(document, leaf(path), of_nested)
    return document.completed(found)


def _lifted(document: Document, leaf: Leaf, edits: Sequence[Edit]) -> list[Splice]:
    if leaf.nested is None:
        raise Unsafe("no-such-locator", leaf.path)
    return document.lift(leaf, sorted(splices(leaf.nested, edits)))


class _code_point_index:
    """Byte offset in the UTF-8 of a text to code point index."""

    def __init__(self, text: str) -> None:
        self._ascii = text.isascii()
        self._index: Mapping[int, int] = {}
        if not self._ascii:
            position, index = 0, {}
            for number, character in enumerate(text):
                index[position] = number
                position += len(character.encode("utf-8"))
            index[position] = len(text)
            self._index = index

    def __call__(self, offset: int) -> int:
        if self._ascii:
            return offset
        if offset not in self._index:
            raise Malformed("edit-inside-character", str(offset))
        return self._index[offset]
