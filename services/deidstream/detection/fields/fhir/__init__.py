"""What the structure of a FHIR resource says: who it is about, and which leaf is which identifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from deidstream.core.category import Category, Role
from deidstream.core.document import Document
from deidstream.core.fact import Fact, Reading
from deidstream.detection.fields.fhir import people
from deidstream.detection.fields.fhir.facts import unknown, whole_element
from deidstream.detection.fields.fhir.identifiers import identifier
from deidstream.detection.fields.fhir.persons import address, contact_point, human_name
from deidstream.detection.fields.fhir.references import reference
from deidstream.detection.fields.fhir.values import SILENT, special, value_of_any_type
from deidstream.formats.fhir.document import FhirDocument
from deidstream.formats.fhir.element import Element, Value

__all__ = ["read"]


def read(document: Document) -> Reading:
    """Facts about every identifying and every unknown leaf of ``document`` (a FhirDocument), and its subjects.

    Everything that has no fact and lies in no part is a clinical or a structural value of the official definitions.
    """
    assert isinstance(document, FhirDocument)
    return Reading(
        people.subjects(document),
        tuple(_facts(document)),
        people.links(document),
        tuple(map(people.sex, document.people)),
        tuple(map(people.language, document.people)),
    )


def _facts(document: FhirDocument) -> Iterator[Fact]:
    for element in document.elements:
        composite = _COMPOSITES.get(element.type, value_of_any_type)
        for value in element.values:
            leaf = value.leaf
            if not leaf.type:
                yield _not_understood(element, value)
            elif value.in_part:
                continue  # text; what documents inside say is merged in by ``detection.fields``
            elif (element.tag or value.name == "gender") and (fact := special(element, value)) is not None:
                yield fact
            elif leaf.type not in SILENT:
                yield from composite(element, value)


_COMPOSITES: Mapping[str, Callable[[Element, Value], Iterator[Fact]]] = {
    "HumanName": human_name,
    "Address": address,
    "ContactPoint": contact_point,
    "Identifier": lambda element, value: _either(identifier, element, value),
    "Reference": lambda element, value: _either(reference, element, value),
}


def _either(composite: Callable[[Element, Value], Iterator[Fact]], element: Element, value: Value) -> Iterator[Fact]:
    return composite(element, value) if value.leaf.type == "string" else value_of_any_type(element, value)


def _not_understood(element: Element, value: Value) -> Fact:
    if element.name == "photo" and element.type == "Attachment" and value.name == "data":
        return whole_element(value, element, Category.PHOTO, Role.PATIENT)
    return unknown(value, element)
