"""Walks a message, field by field, and writes down what they say."""

from __future__ import annotations

from deidstream.core.document import Leaf
from deidstream.core.fact import Fact
from deidstream.detection.fields.hl7v2.field import Note, bare_notes, notes, notes_of_observation, unknown
from deidstream.detection.fields.hl7v2.rules import TEXT, UNKNOWN, Shape, observation, plan
from deidstream.formats.hl7v2 import Hl7Document
from deidstream.formats.hl7v2.document import cut, observed_type
from deidstream.formats.hl7v2.part import is_identifying
from deidstream.formats.hl7v2.segment import LINE, Segment

__all__ = ["Walk"]

_SELF = frozenset({"SEL", "SELF", "SLF", "S", "18"})
_ENCAPSULATED = "ED.5"


class Walk:
    """One pass over one message. ``facts`` in source order."""

    def __init__(self, document: Hl7Document) -> None:
        self.facts: list[Fact] = []
        self._leaves: dict[str, Leaf] = {}
        self._document = document
        self._dialect = document.message.dialect
        self._marks = marks = document.delimiters
        self._component, self._repetition, self._subcomponent = marks.component, marks.repetition, marks.subcomponent
        self._in_parts: frozenset[str] | None = None
        self._insured = False

    def all(self) -> list[Fact]:
        """The facts of every segment."""
        for segment in self._document.segments:
            self._segment(segment)
        if self._document.message.at is None:
            self._document.place(self._leaves)
        return self.facts

    def _segment(self, segment: Segment) -> None:
        values, name = segment.fields, segment.name
        if name == LINE:
            if not self._is_in_parts(f"{segment.path}-1"):
                self._found(segment, 1, unknown(self._dialect, values[1]))
            return
        if name == "IN1":
            self._insured = self._is_self(segment)
        elif name not in ("IN2", "IN3"):
            self._insured = False
        nodes = plan(self._dialect.version, name)
        count, component, subcomponent = len(nodes), self._component, self._subcomponent
        first = 3 if segment.skew == 2 else 1
        for number, value in enumerate(values):
            if not value or number < first:
                continue
            node = nodes[number] if number < count else UNKNOWN
            if node is None and component not in value and (not subcomponent or subcomponent not in value):
                # the most frequent case by far: a code or a measure
                continue
            if name == "OBX" and number == 5:
                self._observation(segment, value)
            elif node is not TEXT and not (
                type(node) is Shape and node.quiet and (value.isalnum() or self._fits(value, node))
            ):
                say = bare_notes if value.isalnum() or self._is_bare(value) else notes
                if found := say(self._dialect, name, number, value, self._insured):
                    self._found(segment, number, found)

    def _is_bare(self, value: str) -> bool:
        """Whether no delimiter stands in ``value``."""
        return not (
            (self._component and self._component in value)
            or (self._repetition and self._repetition in value)
            or (self._subcomponent and self._subcomponent in value)
        )

    def _fits(self, value: str, node: Shape) -> bool:
        """Whether a value of a type with nothing to find has no more components than the type, and nothing below them."""
        if self._repetition and self._repetition in value:
            return False
        if self._subcomponent and self._subcomponent in value:
            return False
        return not self._component or value.count(self._component) < len(node.nodes)

    def _observation(self, segment: Segment, value: str) -> None:
        type_ = observed_type(self._marks, segment)
        category = is_identifying(self._marks, segment)
        node = observation(type_, category)
        below = self._subcomponent
        if node is TEXT or (node is None and self._component not in value and not (below and below in value)):
            return
        if not (isinstance(node, Shape) and node.quiet and self._fits(value, node)):
            self._found(segment, 5, notes_of_observation(self._dialect, type_, category, value))

    def _found(self, segment: Segment, number: int, found: tuple[Note, ...]) -> None:
        new, facts, leaves = tuple.__new__, self.facts, self._leaves  # a message has dozens of these
        codec, subject = self._dialect.codec, segment.subject
        base, at = f"{segment.path}-{number}", self._document.start(segment, number)
        for note in found:
            start, end, below, text, category, role, form, group, issuer, id_type, type_, free = note
            path = base + below
            if type_ == _ENCAPSULATED and self._encapsulated(path, subject):
                continue
            fact = (path, category, role, form, text, subject, base + group, issuer, id_type, None)
            facts.append(new(Fact, fact))
            leaves[path] = new(Leaf, (path, at + start, at + end, text, codec, type_, free, None))

    def _encapsulated(self, path: str, subject: int) -> bool:
        """Whether the data at ``path`` are read elsewhere: as a part, or as a document of their own."""
        nested = self._document.nested.get(path)
        if nested is None or nested.refused:
            return self._is_in_parts(path)
        from deidstream.detection.fields.hl7v2.nested import facts_of

        self.facts += facts_of(path, nested, subject)
        return True

    def _is_in_parts(self, path: str) -> bool:
        if self._in_parts is None:
            self._in_parts = frozenset(piece.path for part in self._document.parts for piece in part.pieces)
        return path in self._in_parts

    def _is_self(self, segment: Segment) -> bool:
        value = segment.fields[17] if len(segment.fields) > 17 else ""
        return cut(value, self._component)[0].strip().upper() in _SELF
