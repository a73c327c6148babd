"""What any other primitive is: by its type, and by the few properties that mean more than their type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from deidstream.core.category import Category, Role
from deidstream.core.document import Leaf
from deidstream.core.fact import Fact
from deidstream.core.span import Span
from deidstream.detection.fields.fhir import references
from deidstream.detection.fields.fhir.facts import name_form, part_of_value, unknown, whole_element, whole_value
from deidstream.detection.fields.fhir.roles import role_of
from deidstream.detection.fields.fhir.strings import CONCEPT_CATEGORY, EXTENSION_FIELD, FIELD, SEX_ELEMENTS
from deidstream.formats.fhir.definitions import ELEMENT_ID
from deidstream.formats.fhir.element import Element, Value

__all__ = ["SILENT", "special", "value_of_any_type"]

SILENT: Final = frozenset(
    {
        "code",
        "boolean",
        "integer",
        "positiveInt",
        "unsignedInt",
        "integer64",
        "canonical",
        "time",
        "xhtml",
        "markdown",
        ELEMENT_ID,
    }
)
"""Primitive types that hold clinical or structural values, wherever they stand (texts are parts)."""

_DATES: Final = frozenset({"date", "dateTime", "instant"})
_BIRTH: Final = frozenset({"birthDate", "bornDate"})
_DEATH: Final = frozenset({"deceasedDateTime", "deceasedDate"})
_AGE_RANGES: Final = frozenset(
    {"ageRange", "onsetRange", "abatementRange", "deceasedRange", "performedRange", "occurrenceRange"}
)
_AGE_CODES: Final = frozenset({"30525-0", "29553-5", "21611-9", "21612-7", "35659-2", "39016-1"})
"""LOINC codes of observations whose value is the patient's age."""
_GEOLOCATION: Final = frozenset({"latitude", "longitude", "altitude"})
_UIDS: Final = frozenset({"uid", "studyUid", "seriesUid", "frameOfReferenceUid"})
_ID_VALUES: Final = frozenset({"valueId", "identifier"})


def value_of_any_type(element: Element, value: Value) -> Iterator[Fact]:
    """The facts of one primitive that stands in no composite with rules of its own."""
    type_ = value.leaf.type
    if type_ in _DATES:
        yield _date(element, value, type_)
    elif type_ == "decimal":
        yield from _number(element, value)
    elif type_ == "string":
        yield from _string(element, value)
    elif type_ == "id":
        yield from _id(element, value)
    elif type_ in ("uri", "url"):
        yield from _uri(element, value)
    elif type_ == "oid" or type_ == "uuid":
        start = len(f"urn:{type_}:")
        yield part_of_value(value, element, Category.RECORD_ID, Role.UNKNOWN, type_, Span(start, len(value.leaf.text)))
    elif type_ == "base64Binary":
        yield from _binary(element, value)


def special(element: Element, value: Value) -> Fact | None:
    """A quasi-identifying code, or the value of an extension that is a field."""
    name, leaf = value.name, value.leaf
    if element.tag:
        if element.tag in EXTENSION_FIELD:
            if element.type != "Extension" or not name.startswith("value"):
                return None
            category, role, form = EXTENSION_FIELD[element.tag]
            return whole_value(value, element, category, role or role_of(element), form, _group(element))
        if leaf.type in ("code", "string") and name not in ("use", "version", "status", "id"):
            category, own = CONCEPT_CATEGORY[element.tag]
            form = "code" if leaf.type == "code" else "text"
            return whole_value(value, element, category, own or role_of(element), form)
    elif name == "gender" and f"{element.type}.gender" in SEX_ELEMENTS:
        return whole_value(value, element, Category.SEX, role_of(element), "code")
    return None


def _date(element: Element, value: Value, type_: str) -> Fact:
    category = Category.DATE
    if value.name in _BIRTH or (element.type == "Period" and element.name == "bornPeriod"):
        category = Category.BIRTH_DATE
    elif value.name in _DEATH:
        category = Category.DEATH_DATE
    return whole_value(value, element, category, role_of(element), f"fhir.{type_}")


def _number(element: Element, value: Value) -> Iterator[Fact]:
    """Ages, and coordinates (which nothing but their removal makes safe); every other number is clinical."""
    if element.type == "Location.position":
        yield whole_element(value, element, Category.PLACE, role_of(element))
    elif element.type == "Extension":
        if element.text("url") in _GEOLOCATION:
            yield whole_element(value, element, Category.PLACE, role_of(element))
    elif value.name == "value" and _is_age(element):
        yield whole_value(value, element, Category.AGE, role_of(element), "number", element.path)


def _is_age(element: Element) -> bool:
    if element.type == "Age":
        return True
    if element.type != "Quantity" or element.parent is None:
        return False
    if element.parent.type == "Range":
        return element.parent.name in _AGE_RANGES
    return element.name == "valueQuantity" and element.parent.code("code") in _AGE_CODES


def _string(element: Element, value: Value) -> Iterator[Fact]:
    own = f"{element.type}.{value.name}"
    if own in FIELD:
        category, role, form = FIELD[own]
        form = name_form(value.leaf.text) if category is Category.NAME else form
        yield whole_value(value, element, category, role or role_of(element), form, value.leaf.path)
    elif own == "Bundle.entry.request.ifNoneExist":
        yield from references.query(element, value, element.text("url").partition("?")[0])


def _id(element: Element, value: Value) -> Iterator[Fact]:
    if value.name == "id" and element.resource is element:
        yield from references.resource_id(element, value)
    elif value.name == "versionId":
        yield from references.version_id(element, value)
    elif value.name in _UIDS:
        yield whole_value(value, element, Category.RECORD_ID, Role.PATIENT, "oid")
    elif value.name in _ID_VALUES:
        yield whole_value(value, element, Category.RECORD_ID, Role.UNKNOWN, references.id_form(value.leaf.text))


_LOCATIONS: Final[Mapping[str, str]] = {
    "Bundle.entry": "fullUrl",
    "Bundle.entry.request": "url",
    "Bundle.entry.response": "location",
}


def _uri(element: Element, value: Value) -> Iterator[Fact]:
    if _LOCATIONS.get(element.type) == value.name:
        yield from references.location(element, value)
    elif element.type == "Attachment" and element.name == "photo":
        yield whole_element(value, element, Category.PHOTO, role_of(element))
    else:
        yield from references.uri(element, value)


def _binary(element: Element, value: Value) -> Iterator[Fact]:
    """Bytes that are not text: a code carrier, or not understood. A digest stays where what it digests is understood."""
    if _is_understood(value.leaf):
        return
    if value.name == "carrierAIDC":
        yield whole_element(value, element, Category.DEVICE, Role.PATIENT)
    elif element.type == "Attachment" and element.name == "photo":
        yield whole_element(value, element, Category.PHOTO, role_of(element))
    elif value.name != "hash" or (data := element.value("data")) is None or not _is_understood(data.leaf):
        yield unknown(value, element)


def _is_understood(leaf: Leaf) -> bool:
    return leaf.nested is not None and not leaf.nested.refused


def _group(element: Element) -> str:
    """The name or address that an extension adds a piece to."""
    at = element.parent
    while at is not None and at.resource is not at:
        if at.type in ("HumanName", "Address"):
            return at.path
        at = at.parent
    return element.path
