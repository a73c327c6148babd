"""References and addresses: the ids inside them stand for the same resources as the resources' own ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact
from deidstream.core.span import Span
from deidstream.detection.fields.fhir.facts import name_form, part_of_value, unknown, whole_value
from deidstream.detection.fields.fhir.identifiers import category_of, type_of_system
from deidstream.detection.fields.fhir.roles import role_of, role_of_reference, role_of_type
from deidstream.formats.fhir.definitions import VERSIONS, definitions
from deidstream.formats.fhir.element import Element, Value
from deidstream.formats.fhir.references import Target, is_plain_version, is_uuid, literal, query_values
from deidstream.formats.fhir.structure import KNOWLEDGE

__all__ = ["id_form", "location", "query", "reference", "resource_id", "uri", "version_id"]

_NO_ADDRESS = frozenset(
    {
        "authority",
        "definition",
        "definitionUri",
        "eventUri",
        "implicitRules",
        "instantiates",
        "instantiatesUri",
        "issuer",
        "jurisdiction",
        "moduleUri",
        "policy",
        "protocol",
        "reference",
        "resourceType",
        "sigFormat",
        "system",
        "type",
    }
)
"""Properties of type uri that name a definition, a policy or a code system."""
_TYPE_LEVEL = re.compile(r"/?(?P<type>[A-Z][A-Za-z]+)?(?:/?\$[a-z0-9-]+)?|/?metadata")
_HARMLESS = frozenset(
    {
        "_format",
        "_count",
        "_sort",
        "_summary",
        "_elements",
        "_include",
        "_revinclude",
        "_total",
        "_pretty",
        "_list",
        "notgiven",
    }
)
_ID_PARAMETERS = ("_id", "patient", "subject")


def reference(element: Element, value: Value) -> Iterator[Fact]:
    """What a Reference says by itself: its literal and its display (its identifier is an element of its own)."""
    aim = element.aim
    if aim is None:
        return
    if value.name == "reference":
        stated = aim.type if aim.node is not None else aim.target.type
        yield from _literal(element, value, aim.target, stated, role_of_reference(element, aim))
    elif value.name == "display" and not value.in_part:
        role = role_of_reference(element, aim)
        if aim.kind == "organisation":
            yield whole_value(value, element, Category.ORGANISATION, role, "name", value.leaf.path)
        else:
            yield whole_value(value, element, Category.NAME, role, name_form(value.leaf.text), value.leaf.path)


def location(element: Element, value: Value) -> Iterator[Fact]:
    """A full URL, a request URL, or where a server has put something."""
    text = value.leaf.text
    if value.name != "url" or not _is_type_level(text):
        target = literal(text)
        yield from _literal(
            element, value, target, target.type, role_of_type(target.type) if target.type else Role.UNKNOWN
        )


def query(element: Element, value: Value, type_: str) -> Iterator[Fact]:
    """The identifiers in the parameters of a search for resources of ``type_``; of any other search, all of it."""
    text = value.leaf.text
    values = query_values(text)
    if not values or any(
        one.name not in _HARMLESS and one.name not in ("identifier", *_ID_PARAMETERS) for one in values
    ):
        yield whole_value(value, element, Category.URL, Role.SYSTEM, "url")
        return
    role = role_of_type(type_) if type_ else Role.UNKNOWN
    for name, system, own, span in values:
        if name in _ID_PARAMETERS:
            own = own.rpartition("/")[2]
            own_role = role if name == "_id" else Role.PATIENT
            span = Span(span.end - len(own), span.end)
            yield part_of_value(value, element, Category.RECORD_ID, own_role, id_form(own), span)
        elif name not in _HARMLESS:
            kind = type_of_system(system)
            category = category_of(kind, system, type_)
            yield Fact(value.leaf.path, category, role, "number", own, element.subject, "", system, kind, span)


def resource_id(element: Element, value: Value) -> Iterator[Fact]:
    """The logical id of a resource; definitions keep theirs."""
    if element.type not in KNOWLEDGE:
        yield whole_value(value, element, Category.RECORD_ID, role_of_type(element.type), id_form(value.leaf.text))


def version_id(element: Element, value: Value) -> Iterator[Fact]:
    """``meta.versionId``, unless it merely counts."""
    if not is_plain_version(value.leaf.text) and element.resource.type not in KNOWLEDGE:
        yield whole_value(value, element, Category.RECORD_ID, Role.SYSTEM, id_form(value.leaf.text))


def uri(element: Element, value: Value) -> Iterator[Fact]:
    """A value of type uri or url: an address, a URN, or the name of a definition."""
    text = value.leaf.text
    if text.startswith("urn:uuid:"):
        yield part_of_value(value, element, Category.RECORD_ID, Role.UNKNOWN, "uuid", Span(9, len(text)))
    elif value.leaf.type == "url" or not (
        value.name in _NO_ADDRESS or text.startswith("urn:") or _is_canonical(element, value)
    ):
        role = role_of(element)
        yield whole_value(value, element, Category.URL, Role.SYSTEM if role is Role.PATIENT else role, "url")


def id_form(value: str) -> str:
    """``uuid`` or ``fhir.id``: the same for an id wherever it stands."""
    return "uuid" if is_uuid(value) else "fhir.id"


def _literal(element: Element, value: Value, target: Target, type_: str, role: Role) -> Iterator[Fact]:
    text = value.leaf.text
    if type_ in KNOWLEDGE:
        return
    match target.kind:
        case "literal":
            form = "uuid" if is_uuid(target.id) else "fhir.reference"
            yield part_of_value(value, element, Category.RECORD_ID, role, form, target.span)
            if target.version is not None and not is_plain_version(text[slice(*target.version)]):
                yield part_of_value(value, element, Category.RECORD_ID, Role.SYSTEM, "fhir.reference", target.version)
        case "fragment":
            if target.id:
                form = "uuid" if is_uuid(target.id) else "fhir.reference"
                yield part_of_value(value, element, Category.RECORD_ID, role, form, target.span)
        case "uuid" | "oid":
            yield part_of_value(value, element, Category.RECORD_ID, role, target.kind, target.span)
        case "query":
            yield from query(element, value, target.type)
        case _ if "://" in text and not text.isspace():
            yield whole_value(value, element, Category.URL, Role.SYSTEM, "url")
        case _:
            yield unknown(value, element)


def _is_type_level(url: str) -> bool:
    """Whether a request goes to a type, an operation or the server, and names nobody."""
    match = _TYPE_LEVEL.fullmatch(url)
    type_ = match["type"] if match is not None else ""
    return match is not None and (not type_ or any(type_ in definitions(version).resources for version in VERSIONS))


def _is_canonical(element: Element, value: Value) -> bool:
    """Whether it is the canonical address of a definition, or of an extension."""
    if element.resource.type in KNOWLEDGE:
        return True
    return value.name == "url" and (element.type == "Extension" or element.resource is element)
