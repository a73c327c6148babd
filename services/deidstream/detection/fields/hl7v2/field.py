"""What the value of one field says, wherever the field stands.

The same value is read once: in a feed, hospitals, wards, doctors, and the patients of a day, come again and again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.detection.fields.hl7v2.identifiers import category_of
from deidstream.detection.fields.hl7v2.rules import TEXT, UNKNOWN, Node, Rule, Shape, observation, plan
from deidstream.formats.hl7v2.definition import fields
from deidstream.formats.hl7v2.dialect import Dialect
from deidstream.formats.hl7v2.document import NULL, cut, described, reads_whole
from deidstream.formats.hl7v2.path import ordinal

__all__ = ["Note", "bare_notes", "notes", "notes_of_observation", "unknown"]

_LONGEST = 400
"""Longer values are not kept."""
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_RELATIVE, _PATIENT, _RECORD_ID, _ORGANISATION = Role.RELATIVE, Role.PATIENT, Category.RECORD_ID, Category.ORGANISATION


class Note(NamedTuple):
    """A piece of the value, at the characters ``[start, end)`` of the field, reads ``text``. Never print one: it is content."""

    start: int
    end: int
    below: str
    """What follows the field in the locator: ``[2].1``."""
    text: str
    category: Category
    role: Role
    form: str
    group: str
    """What follows the field in the locator of the name, address or number that the piece belongs to."""
    issuer: str
    id_type: str
    type: str
    admits_text: bool

    def __repr__(self) -> str:
        return f"Note({self.below}, {self.category})"


def notes(dialect: Dialect, segment: str, number: int, value: str, insured: bool) -> tuple[Note, ...]:
    """The identifying pieces of ``value`` in field ``number`` of ``segment``. ``insured``: the patient is who is insured."""
    return (_kept if len(value) <= _LONGEST else _read)(dialect, segment, number, value, insured)


def notes_of_observation(dialect: Dialect, type_: str, category: str, value: str) -> tuple[Note, ...]:
    """The same for OBX-5 of ``type_``, where OBX-3 asks for something of ``category`` ('' for most)."""
    return (_kept_observation if len(value) <= _LONGEST else _read_observation)(dialect, type_, category, value)


def bare_notes(dialect: Dialect, segment: str, number: int, value: str, insured: bool) -> tuple[Note, ...]:
    """The same for a value without any delimiter: a date, a number, a name alone."""
    bare = _bare(dialect.version, segment)
    rule, shape, type_, free = bare[number] if number < len(bare) else _UNKNOWN
    if rule is None or value == NULL:
        return ()
    if shape is not None:
        rule = _alone(rule, value, shape)
    text = dialect.read(value)
    if not text or text.isspace():
        return ()
    category, role, form, id_type = _meant(rule, "", insured)
    return (tuple.__new__(Note, (0, len(value), "", text, category, role, form, "", "", id_type, type_, free)),)


def unknown(dialect: Dialect, characters: str) -> tuple[Note, ...]:
    """``characters``, of which nobody can know what they are, as one piece."""
    reader = _Reader(dialect, "", insured=False)
    reader.found("", 0, characters, UNKNOWN, "")
    return tuple(reader.notes)


class _Bare(NamedTuple):
    """What a value without delimiters is, in a field: that of the first piece of its type (of ``shape``, where it has pieces)."""

    rule: Rule | None
    shape: Shape | None
    type: str
    admits_text: bool


@lru_cache(maxsize=2048)
def _bare(version: str, segment: str) -> tuple[_Bare, ...]:
    types = ("", *(field.type for field in fields(version, segment)))
    return tuple(_bare_of(version, node, type_) for node, type_ in zip(plan(version, segment), types, strict=False))


def _bare_of(version: str, node: Node, type_: str) -> _Bare:
    shape: Shape | None = None
    while isinstance(node, Shape):
        if shape is None or not shape.source:
            shape = node
        node = node.nodes[0]
    return _Bare(node if isinstance(node, Rule) else None, shape, *described(version, type_, 0, 0))


_UNKNOWN = _Bare(UNKNOWN, None, "", True)


def _meant(rule: Rule, id_type: str, insured: bool) -> tuple[Category, Role, str, str]:
    """Category, role, form, and type of identifier ('' where it is none). ``id_type``: as the value states it."""
    category, role, form, implied = rule
    if insured and role is _RELATIVE:
        role = _PATIENT
    if implied is None:
        return category, role, form, ""
    id_type = id_type or implied
    if form == "number" and category is not _RECORD_ID and category is not _ORGANISATION:
        category = category_of(id_type, category)
    return category, role, form, id_type


def _read(dialect: Dialect, segment: str, number: int, value: str, insured: bool) -> tuple[Note, ...]:
    nodes, known = plan(dialect.version, segment), fields(dialect.version, segment)
    type_ = known[number - 1].type if 0 < number <= len(known) else ""
    reader = _Reader(dialect, type_, insured)
    reader.field(value, nodes[number] if number < len(nodes) else UNKNOWN)
    return tuple(reader.notes)


def _read_observation(dialect: Dialect, type_: str, category: str, value: str) -> tuple[Note, ...]:
    reader = _Reader(dialect, type_, insured=False)
    reader.field(value, observation(type_, category))
    return tuple(reader.notes)


_kept = lru_cache(maxsize=8192)(_read)
_kept_observation = lru_cache(maxsize=2048)(_read_observation)


class _Reader:
    """One pass over one value. Positions count characters of the field from 0."""

    def __init__(self, dialect: Dialect, type_: str, insured: bool) -> None:
        self.notes: list[Note] = []
        self._dialect = dialect
        self._type = type_
        self._insured = insured
        marks = dialect.delimiters
        self._component, self._repetition, self._subcomponent = marks.component, marks.repetition, marks.subcomponent

    def field(self, value: str, node: Node) -> None:
        """All repetitions of a field."""
        at = 0
        for repetition, item in enumerate(cut(value, self._repetition), 1):
            if item and item != NULL:
                self._item(ordinal("", repetition), at, item, node)
            at += len(item) + 1

    def _item(self, path: str, at: int, item: str, node: Node) -> None:
        pieces = cut(item, self._component)
        if isinstance(node, Shape):
            self._composite(path, at, pieces, node)
            return
        for number, piece in enumerate(pieces, 1):
            if piece and piece != NULL:
                below = f"{path}.{number}" if len(pieces) > 1 or self._has_below(piece) else path
                # a value that should have no components: what is to be found is in all of them, a code only in the first
                self._element(below, at, piece, node if number == 1 or node is not None else UNKNOWN, path)
            at += len(piece) + 1

    def _composite(self, path: str, at: int, pieces: list[str], shape: Shape) -> None:
        nodes = shape.nodes
        issuer, id_type = self._source(shape, pieces) if shape.source else ("", "")
        if len(pieces) == 1:
            alone = not self._has_below(pieces[0])
            below = path if alone else f"{path}.1"
            self._element(below, at, pieces[0], nodes[0], path, issuer, id_type, shape, alone)
            return
        special, mark = shape.type in _SPECIAL, self._subcomponent or self._component
        for number, piece in enumerate(pieces, 1):
            if piece and piece != NULL:
                node = nodes[number - 1] if number <= len(nodes) else UNKNOWN
                below = f"{path}.{number}"
                if type(node) is Rule and not special and mark not in piece:
                    self.found(below, at, piece, node, path, issuer, id_type, number)
                elif special and shape.type == "ED" and number == 5:
                    self.found(below, at, piece, UNKNOWN, below, component=5)
                elif node is not None or not reads_whole(shape.type, number):
                    node = _particular(shape, number, node, pieces) if special else node
                    self._element(below, at, piece, node, path, issuer, id_type, shape)
            at += len(piece) + 1

    def _element(
        self,
        path: str,
        at: int,
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
        component = int(path.rpartition(".")[2]) if path[-1:].isdigit() else 0
        if not self._has_below(piece):
            while isinstance(node, Shape):
                if shape is None or not shape.source:
                    shape = node
                node = node.nodes[0]
            if isinstance(node, Rule):
                rule = _alone(node, piece, shape) if alone else node
                self.found(path, at, piece, rule, group, issuer, id_type, component)
            return
        below = piece.split(self._subcomponent)
        if isinstance(node, Shape) and node.source:
            issuer, id_type = self._source(node, below)
        for number, smallest in enumerate(below, 1):
            if smallest and smallest != NULL:
                inner = self._below(node, number, below)
                if isinstance(inner, Rule):
                    self.found(f"{path}.{number}", at, smallest, inner, group, issuer, id_type, component, number)
            at += len(smallest) + 1

    def _below(self, node: Node, number: int, pieces: list[str]) -> Node:
        if not isinstance(node, Shape):
            return node if node is not None or number == 1 else UNKNOWN
        inner: Node = node.nodes[number - 1] if number <= len(node.nodes) else UNKNOWN
        if node.type == "HD" and number == 2:
            inner = _universal(inner, pieces)
        while isinstance(inner, Shape):
            inner = inner.nodes[0]
        return inner

    def found(
        self,
        path: str,
        at: int,
        characters: str,
        rule: Rule,
        group: str,
        issuer: str = "",
        id_type: str = "",
        component: int = 0,
        subcomponent: int = 0,
    ) -> None:
        """Takes a note of ``characters``, unless they read as nothing."""
        text = self._dialect.read(characters)
        if not text or text.isspace():
            return
        category, role, form, id_type = _meant(rule, id_type, self._insured)
        issuer = issuer if rule.id_type is not None else ""
        type_, free = described(self._dialect.version, self._type, component, subcomponent)
        note = (at, at + len(characters), path, text, category, role, form, group, issuer, id_type, type_, free)
        self.notes.append(tuple.__new__(Note, note))

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
        return self._dialect.read(pieces[number - 1]).strip()

    def _has_below(self, piece: str) -> bool:
        return bool(self._subcomponent) and self._subcomponent in piece


_SPECIAL = frozenset({"XTN", "HD", "ED"})
"""Types in which one component says what another is."""


def _particular(shape: Shape, number: int, node: Node, pieces: list[str]) -> Node:
    if shape.type == "XTN" and isinstance(node, Rule):
        return _contact(node, pieces[number - 1], pieces)
    return _universal(node, pieces) if shape.type == "HD" and number == 2 else node


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
