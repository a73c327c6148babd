"""Walks a message with the compiled tables in hand and writes down what it finds."""

from __future__ import annotations

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact
from deidstream.detection.fields.hl7v2.identifiers import category_of
from deidstream.detection.fields.hl7v2.rules import TEXT, UNKNOWN, Node, Rule, Shape, observation, plan
from deidstream.formats.hl7v2 import Hl7Document
from deidstream.formats.hl7v2.document import NULL, cut, reads_whole
from deidstream.formats.hl7v2.part import is_identifying
from deidstream.formats.hl7v2.path import ordinal
from deidstream.formats.hl7v2.segment import LINE, Segment

__all__ = ["Walk"]

_SELF = frozenset({"SEL", "SELF", "SLF", "S", "18"})


class Walk:
    """One pass over one message. ``facts`` in source order."""

    def __init__(self, document: Hl7Document) -> None:
        self.facts: list[Fact] = []
        self._document = document
        self._plain = document.is_plain
        marks = document.delimiters
        self._component, self._repetition, self._subcomponent = marks.component, marks.repetition, marks.subcomponent
        self._in_parts: frozenset[str] | None = None
        self._insured = False
        self._subject = 0

    def all(self) -> list[Fact]:
        """The facts of every segment."""
        for segment in self._document.segments:
            self._segment(segment)
        return self.facts

    def _segment(self, segment: Segment) -> None:
        self._subject = segment.subject
        values, name = segment.fields, segment.name
        if name == LINE:
            self._outside_parts(f"{segment.path}-1", values[1])
            return
        if name == "IN1":
            self._insured = self._is_self(segment)
        elif name not in ("IN2", "IN3"):
            self._insured = False
        nodes = plan(self._document.version, name)
        count, component, subcomponent = len(nodes), self._component, self._subcomponent
        for number in range(3 if segment.skew == 2 else 1, len(values)):
            value = values[number]
            if not value:
                continue
            node = nodes[number] if number < count else UNKNOWN
            if node is None and component not in value and (not subcomponent or subcomponent not in value):
                # the most frequent case by far: a code or a measure
                continue
            if name == "OBX" and number == 5:
                self._observation(segment, value)
            elif node is not TEXT:
                if isinstance(node, Shape) and node.quiet and self._fits(value, node):
                    continue
                self._field(f"{segment.path}-{number}", value, node)

    def _field(self, base: str, value: str, node: Node) -> None:
        if not self._repetition or self._repetition not in value:
            if value != NULL:
                self._item(base, value, node)
            return
        for repetition, item in enumerate(cut(value, self._repetition), 1):
            if item and item != NULL:
                self._item(ordinal(base, repetition), item, node)

    def _fits(self, value: str, node: Shape) -> bool:
        """Whether a value of a type with nothing to find has no more components than the type, and nothing below them."""
        if self._repetition and self._repetition in value:
            return False
        if self._subcomponent and self._subcomponent in value:
            return False
        return not self._component or value.count(self._component) < len(node.nodes)

    def _item(self, path: str, item: str, node: Node) -> None:
        pieces = item.split(self._component) if self._component else [item]
        if isinstance(node, Shape):
            self._composite(path, pieces, node)
            return
        for number, piece in enumerate(pieces, 1):
            if not piece or piece == NULL:
                continue
            below = f"{path}.{number}" if len(pieces) > 1 or self._has_below(piece) else path
            # a value that should have no components: what is to be found is in all of them, a code only in the first
            self._element(below, piece, node if number == 1 or node is not None else UNKNOWN, path)

    def _composite(self, path: str, pieces: list[str], shape: Shape) -> None:
        nodes = shape.nodes
        issuer, id_type = self._source(shape, pieces) if shape.source else ("", "")
        if len(pieces) == 1:
            alone = not self._has_below(pieces[0])
            self._element(path if alone else f"{path}.1", pieces[0], nodes[0], path, issuer, id_type, shape, alone)
            return
        below, size, special = self._subcomponent, len(nodes), shape.type in _SPECIAL
        for number, piece in enumerate(pieces, 1):
            if not piece or piece == NULL:
                continue
            node = nodes[number - 1] if number <= size else UNKNOWN
            if node is TEXT:
                continue
            if not special and not (below and below in piece) and not isinstance(node, Shape):
                if isinstance(node, Rule):
                    self._found(f"{path}.{number}", piece, node, path, issuer, id_type)
                continue
            if shape.type in _CONTACT and isinstance(node, Rule):
                node = _contact(node, piece, pieces)
            elif shape.type == "HD" and number == 2:
                node = _universal(node, pieces)
            elif shape.type == "ED" and number == 5:
                self._encapsulated(f"{path}.5", piece)
                continue
            if node is None and reads_whole(shape.type, number):
                continue
            self._element(f"{path}.{number}", piece, node, path, issuer, id_type, shape)

    def _element(
        self,
        path: str,
        piece: str,
        node: Node,
        group: str,
        issuer: str = "",
        id_type: str = "",
        shape: Shape | None = None,
        alone: bool = False,
    ) -> None:
        """A component (or a whole field that has none), and the subcomponents below it."""
        if node is TEXT:
            return
        if not self._has_below(piece):
            while isinstance(node, Shape):
                if shape is None or not shape.source:
                    shape = node
                node = node.nodes[0]
            if isinstance(node, Rule):
                self._found(path, piece, _alone(node, piece, shape) if alone else node, group, issuer, id_type)
            return
        below = piece.split(self._subcomponent)
        if isinstance(node, Shape) and node.source:
            issuer, id_type = self._source(node, below)
        for number, smallest in enumerate(below, 1):
            if smallest and smallest != NULL:
                inner = self._below(node, number, below)
                if isinstance(inner, Rule):
                    self._found(f"{path}.{number}", smallest, inner, group, issuer, id_type)

    def _below(self, node: Node, number: int, pieces: list[str]) -> Node:
        if not isinstance(node, Shape):
            return node if node is not None or number == 1 else UNKNOWN
        inner: Node = node.nodes[number - 1] if number <= len(node.nodes) else UNKNOWN
        if node.type == "HD" and number == 2:
            inner = _universal(inner, pieces)
        while isinstance(inner, Shape):
            inner = inner.nodes[0]
        return inner

    def _found(self, path: str, characters: str, rule: Rule, group: str, issuer: str, id_type: str) -> None:
        text = characters if self._plain else self._document.text(characters)
        if not text or text.isspace():
            return
        category, role, form, implied = rule
        if self._insured and role is Role.RELATIVE:
            role = Role.PATIENT
        if implied is None:
            self.facts.append(Fact(path, category, role, form, text, self._subject, group))
            return
        id_type = id_type or implied
        if form == "number" and category is not Category.RECORD_ID and category is not Category.ORGANISATION:
            category = category_of(id_type, category)
        self.facts.append(Fact(path, category, role, form, text, self._subject, group, issuer, id_type))

    def _source(self, shape: Shape, pieces: list[str]) -> tuple[str, str]:
        """Issuer (namespace id, else universal id) and type of the identifier, as written."""
        source = shape.source
        assert source is not None
        issuer = self._issuer(pieces, source.issuer) or self._issuer(pieces, source.universal)
        return issuer, self._nth(pieces, source.id_type)

    def _issuer(self, pieces: list[str], number: int) -> str:
        value = self._nth(pieces, number)
        if not self._has_below(value):
            return value
        below = value.split(self._subcomponent)
        return below[0] or (below[1] if len(below) > 1 else "")

    def _nth(self, pieces: list[str], number: int) -> str:
        if not 0 < number <= len(pieces) or pieces[number - 1] == NULL:
            return ""
        value = pieces[number - 1]
        return (value if self._plain else self._document.text(value)).strip()

    def _observation(self, segment: Segment, value: str) -> None:
        type_ = self._document.type_of(segment, 5)
        node = observation(type_, is_identifying(self._document.message, segment))
        if node is TEXT:
            return
        if node is None and self._component not in value and not self._has_below(value):
            return
        if isinstance(node, Shape) and node.quiet and self._fits(value, node):
            return
        self._field(f"{segment.path}-5", value, node)

    def _encapsulated(self, path: str, piece: str) -> None:
        nested = self._document.nested.get(path)
        if nested is None:
            self._outside_parts(path, piece)
            return
        from deidstream.detection.fields.hl7v2.nested import facts_of

        self.facts += facts_of(path, nested, self._subject)

    def _outside_parts(self, path: str, characters: str) -> None:
        if self._in_parts is None:
            self._in_parts = frozenset(piece.path for part in self._document.parts for piece in part.pieces)
        if path not in self._in_parts:
            self._found(path, characters, UNKNOWN, path, "", "")

    def _is_self(self, segment: Segment) -> bool:
        value = segment.fields[17] if len(segment.fields) > 17 else ""
        return cut(value, self._component)[0].strip().upper() in _SELF

    def _has_below(self, piece: str) -> bool:
        return bool(self._subcomponent) and self._subcomponent in piece


_CONTACT = frozenset({"XTN"})
_SPECIAL = frozenset({"XTN", "HD", "ED"})


def _contact(rule: Rule, piece: str, pieces: list[str]) -> Rule:
    """A telephone number, a fax number, an electronic address: by what stands there and by XTN.2 and XTN.3."""
    if rule.category not in (Category.PHONE, Category.EMAIL):
        return rule
    use = pieces[1].upper() if len(pieces) > 1 else ""
    equipment = pieces[2].upper() if len(pieces) > 2 else ""
    if "@" in piece:
        return rule._replace(category=Category.EMAIL, form="email")
    if "://" in piece:
        return rule._replace(category=Category.URL, form="url")
    if equipment == "FX":
        return rule._replace(category=Category.FAX, form="fax")
    if rule.category is Category.EMAIL and use != "NET" and equipment not in ("INTERNET", "X.400", ""):
        return rule._replace(category=Category.PHONE, form="phone")
    return rule


def _universal(node: Node, pieces: list[str]) -> Node:
    """HD.2 in the form that HD.3 names (table 0301)."""
    if not isinstance(node, Rule) or node.form != "oid":
        return node
    type_ = pieces[2].strip().upper() if len(pieces) > 2 else ""
    return node._replace(form=_UNIVERSAL.get(type_, "code" if type_ else "oid"))


_UNIVERSAL = {"ISO": "oid", "UUID": "uuid", "GUID": "uuid", "URI": "url", "URL": "url", "DNS": "code"}


def _alone(rule: Rule, value: str, shape: Shape | None) -> Rule:
    """The only component of a name, an address or a number: it may hold all of it."""
    if rule.form == "family" and " " in value.strip():
        return rule._replace(form="name.family_first" if "," in value else "name")
    if rule.form == "phone" and "@" in value:
        return rule._replace(category=Category.EMAIL, form="email")
    if rule.form == "line" and "," in value:
        return rule._replace(form="address")
    is_person = shape is not None and shape.type in _PERSONS
    if is_person and rule.form == "number" and not any(map(str.isdigit, value)) and " " in value.strip():
        return Rule(Category.NAME, rule.role, "name.family_first" if "," in value else "name")
    return rule


_PERSONS = frozenset({"CN", "CNN", "CNS", "CN_SIMPLE", "XCN", "PPN", "NDL", "CM_NDL"})
