"""The tables compiled: for each field of a segment, in a version, what to look for in it."""

from __future__ import annotations

from functools import lru_cache
from itertools import zip_longest
from typing import Final, NamedTuple

from deidstream.core.category import Category, Role
from deidstream.detection.fields.hl7v2.datatypes import COMPONENTS, MEANINGS, ROLES, SOURCES, Source
from deidstream.detection.fields.hl7v2.segments import FIELDS, SEGMENT_ROLES
from deidstream.formats.hl7v2.definition import VERSIONS, components, fields
from deidstream.formats.hl7v2.structure import CODED, PRIMITIVES, TEXT_TYPES, codes, decided

__all__ = ["TEXT", "UNKNOWN", "Node", "Rule", "Shape", "observation", "plan"]


class Rule(NamedTuple):
    """A value with nothing below it that is to be found. ``id_type`` is set where it is an identifier."""

    category: Category
    role: Role
    form: str
    id_type: str | None = None


class Shape(NamedTuple):
    """A composite: a node a component. ``quiet`` when there is nothing to find in any of them."""

    type: str
    nodes: tuple[Node, ...]
    source: Source | None
    quiet: bool


class _Text(NamedTuple):
    """A value that belongs to a part."""


Node = Rule | Shape | _Text | None
"""None: a code, measure or flag."""

TEXT: Final = _Text()
UNKNOWN: Final = Rule(Category.UNKNOWN, Role.UNKNOWN, "text")


CODE: Final = Shape(
    "CWE", tuple(TEXT if word == "text" else None for word in COMPONENTS["CWE"].split()), None, quiet=True
)
"""A code (ID, IS). Senders add a text and a coding system, as later versions do."""


class _Context(NamedTuple):
    """What the field says beyond its type."""

    category: Category | None = None
    role: Role = Role.PATIENT
    explicit_role: bool = False
    id_type: str = ""


@lru_cache(maxsize=2048)
def plan(version: str, segment: str) -> tuple[Node, ...]:
    """A node for each field from 0 on (0 and a header's delimiters: None); () for a segment that no version knows."""
    known = fields(version, segment)
    if not known:
        return ()
    first = 3 if segment in ("MSH", "FHS", "BHS") else 1
    nodes = [_field(segment, number, *known[number - 1][:2]) for number in range(first, len(known) + 1)]
    return (*([None] * first), *nodes)


@lru_cache(maxsize=1024)
def observation(type_: str, category: str) -> Node:
    """OBX-5, when OBX-2 names ``type_`` and OBX-3 an observation that says ``category`` of the person ('' for most)."""
    if type_ not in PRIMITIVES and type_ not in COMPONENTS and not _children(type_):
        return UNKNOWN
    if category:
        return _node(type_, _Context(Category(category), Role.PATIENT))
    if type_ in TEXT_TYPES:
        return TEXT
    return _node(type_, _Context(None, Role.UNKNOWN))


@lru_cache(maxsize=8192)
def _field(segment: str, number: int, type_: str, wide: str) -> Node:
    """Most fields have the same types in every version."""
    spec = FIELDS.get(segment, {}).get(number)
    context, named = _context(segment, spec or "")
    if type_ in TEXT_TYPES and number not in decided(segment) and number not in codes(segment):
        return TEXT
    if named:
        return _node(named, context)
    node, later = _node(type_, context), _node(wide, context) if wide != type_ else None
    if not isinstance(later, Shape):
        return later if node is None else node
    if not isinstance(node, Shape):
        return node if isinstance(node, Rule) and later.quiet else later
    nodes = node.nodes + later.nodes[len(node.nodes) :]
    return Shape(node.type, nodes, node.source or later.source, _quiet(nodes))


def _context(segment: str, spec: str) -> tuple[_Context, str]:
    context, type_ = _Context(role=SEGMENT_ROLES.get(segment, Role.PATIENT)), ""
    for word in spec.split():
        key, _, value = word.rpartition("=")
        if key == "role":
            context = context._replace(role=Role(value), explicit_role=True)
        elif key == "id":
            context = context._replace(id_type=value)
        elif key == "type":
            type_ = value
        else:
            context = context._replace(category=Category(value))
    return context, type_


@lru_cache(maxsize=4096)
def _node(type_: str, context: _Context) -> Node:
    """What a value of ``type_`` is."""
    if type_ in CODED and context.category is not None:
        return _coded(type_, context.category, context)
    if type_ in CODED:
        # nothing below, not even dates: CWE.16 is the version of a value set
        return _shape(type_, tuple(TEXT if word == "text" else None for word in COMPONENTS[type_].split()))
    if type_ in COMPONENTS:
        inner = _within(type_, context)
        nodes = tuple(
            _word(word, inner) if word != "-" else _silent(child)
            for word, child in zip_longest(COMPONENTS[type_].split(), _children(type_), fillvalue="-")
        )
        return nodes[0] if len(nodes) == 1 and isinstance(nodes[0], Rule) else _shape(type_, nodes)
    children = _children(type_)
    if children:
        inner = _within(type_, context)._replace(category=None)
        return _shape(type_, tuple(_node(child, inner) for child in children))
    if context.category is not None:
        return Rule(context.category, context.role, _form(context.category, type_), _identifies(context))
    if type_ in ("ID", "IS"):
        return CODE
    return None if type_ in PRIMITIVES else UNKNOWN


def _silent(child: str) -> Node:
    """A component with nothing to find, which may have components itself (name type: CWE)."""
    return _node(child, _Context()) if child in COMPONENTS or _children(child) else None


def _word(word: str, context: _Context) -> Node:
    if word == "text":
        return TEXT
    if word in ("id", "check"):
        category = context.category or Category.OTHER_ID
        return Rule(category, context.role, "number", context.id_type if word == "id" else None)
    type_, _, coded = word.partition("=")
    if coded:
        meaning = MEANINGS[coded]
        return _coded(type_, meaning.category, context)
    if word not in MEANINGS:
        return _node(word, context if word in _TRANSPARENT else context._replace(category=None, id_type=""))
    category, form = MEANINGS[word]
    if category is Category.DATE and context.category in (Category.BIRTH_DATE, Category.DEATH_DATE):
        category = context.category
    elif context.category in _OVERALL:
        category, form = context.category, _form(context.category, "")
    return Rule(category, context.role, form)


_TRANSPARENT = frozenset({"EI", "CNN", "CN", "CN_SIMPLE"})
"""Types whose identifier is that of the composite around them."""
_OVERALL = frozenset({Category.IP_ADDRESS, Category.UNKNOWN, Category.AGE, Category.POSTAL_CODE})


def _within(type_: str, context: _Context) -> _Context:
    if type_ == "XON":
        context = context._replace(category=Category.ORGANISATION)
    if type_ in ROLES and not context.explicit_role:
        return context._replace(role=ROLES[type_])
    return context


def _coded(type_: str, category: Category, context: _Context) -> Node:
    code, text = (Rule(category, context.role, form) for form in ("code", "text"))
    texts = (2, 5, 9, 11)
    size = len(COMPONENTS[type_].split())
    nodes = tuple(text if n in texts else code if n in (1, 4, 10) else None for n in range(1, size + 1))
    return _shape(type_, nodes)


def _shape(type_: str, nodes: tuple[Node, ...]) -> Shape:
    return Shape(type_, nodes, SOURCES.get(type_), _quiet(nodes))


def _quiet(nodes: tuple[Node, ...]) -> bool:
    return all(node is None or isinstance(node, _Text) or (isinstance(node, Shape) and node.quiet) for node in nodes)


@lru_cache(maxsize=256)
def _children(type_: str) -> tuple[str, ...]:
    return components(VERSIONS[-1], type_)


def _identifies(context: _Context) -> str | None:
    return context.id_type if context.category in _IDENTIFIERS else None


_IDENTIFIERS = frozenset(
    {
        Category.NATIONAL_ID,
        Category.MEDICAL_RECORD,
        Category.HEALTH_PLAN,
        Category.ACCOUNT,
        Category.VISIT,
        Category.LICENCE,
        Category.DEVICE,
        Category.OTHER_ID,
        Category.RECORD_ID,
    }
)
_FORMS = {
    Category.NAME: "name",
    Category.STREET: "address",
    Category.POSTAL_CODE: "postal_code",
    Category.REGION: "region",
    Category.COUNTRY: "country",
    Category.PLACE: "place",
    Category.ORGANISATION: "name",
    Category.PHONE: "phone",
    Category.EMAIL: "email",
    Category.IP_ADDRESS: "ip",
    Category.AGE: "number",
    Category.OCCUPATION: "text",
    Category.UNKNOWN: "text",
    **dict.fromkeys(_IDENTIFIERS, "number"),
}
_DATE_FORMS = {"DT": "hl7.DT", "TM": "hl7.TM"}


def _form(category: Category, type_: str) -> str:
    if category in (Category.DATE, Category.BIRTH_DATE, Category.DEATH_DATE):
        return _DATE_FORMS.get(type_, "hl7.DTM")
    if type_ in ("ID", "IS"):
        return "code"
    return _FORMS.get(category, "code")
