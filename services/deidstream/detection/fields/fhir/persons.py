"""Names, addresses and telecommunication of people and organisations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact
from deidstream.detection.fields.fhir.facts import name_form, whole_value
from deidstream.detection.fields.fhir.roles import role_of
from deidstream.formats.fhir.element import Element, Value

__all__ = ["address", "contact_point", "human_name"]

_ADDRESS: Mapping[str, tuple[Category, str]] = {
    "line": (Category.STREET, "line"),
    "text": (Category.STREET, "address"),
    "city": (Category.CITY, "city"),
    "district": (Category.PLACE, "place"),
    "state": (Category.REGION, "region"),
    "postalCode": (Category.POSTAL_CODE, "postal_code"),
    "country": (Category.COUNTRY, "country"),
}
_TELECOM: Mapping[str, tuple[Category, str]] = {
    "phone": (Category.PHONE, "phone"),
    "sms": (Category.PHONE, "phone"),
    "pager": (Category.PHONE, "phone"),
    "fax": (Category.FAX, "fax"),
    "email": (Category.EMAIL, "email"),
    "url": (Category.URL, "url"),
}
_NAME = frozenset({"family", "given", "prefix", "suffix"})


def human_name(element: Element, value: Value) -> Iterator[Fact]:
    """Pieces of one HumanName; of an organisation's contact it is a person's."""
    role = role_of(element)
    if role in (Role.ORGANISATION, Role.INSURER, Role.SYSTEM):
        role = Role.CLINICIAN
    if value.name in _NAME:
        yield whole_value(value, element, Category.NAME, role, value.name, element.path)
    elif value.name == "text":
        yield whole_value(value, element, Category.NAME, role, name_form(value.leaf.text), element.path)


def address(element: Element, value: Value) -> Iterator[Fact]:
    """Pieces of one Address."""
    if value.name in _ADDRESS:
        category, form = _ADDRESS[value.name]
        yield whole_value(value, element, category, role_of(element), form, element.path)


def contact_point(element: Element, value: Value) -> Iterator[Fact]:
    """The number or address of one ContactPoint."""
    if value.name == "value":
        category, form = _TELECOM.get(element.text("system")) or _guess(value.leaf.text)
        yield whole_value(value, element, category, role_of(element), form, element.path)


def _guess(text: str) -> tuple[Category, str]:
    """What a contact point without a telling system is."""
    if "@" in text:
        return _TELECOM["email"]
    if "://" in text or text.startswith("www."):
        return _TELECOM["url"]
    if any(character.isdigit() for character in text):
        return _TELECOM["phone"]
    return Category.UNKNOWN, "text"
