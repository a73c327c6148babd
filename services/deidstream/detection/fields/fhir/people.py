"""The subjects of a message: their identifiers, sex and language, and what it says about who became whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deidstream.core.fact import Link
from deidstream.core.subject import Identifier
from deidstream.detection.fields.fhir.identifiers import type_of_system
from deidstream.formats.fhir.document import FhirDocument
from deidstream.formats.fhir.element import Element
from deidstream.formats.fhir.references import query_values
from deidstream.formats.fhir.subjects import FHIR_ID, LogicalId, Person

__all__ = ["language", "links", "sex", "subjects"]

_SURVIVOR = {"replaces": True, "replaced-by": False}
"""Patient.link.type: whether the holder of the link is the one to go on with. ``refer`` and ``seealso`` merge nothing."""


def subjects(document: FhirDocument) -> tuple[tuple[Identifier, ...], ...]:
    """The identifiers of each person: business identifiers first, then logical ids."""
    return tuple(_identifiers(person) for person in document.people)


def sex(person: Person) -> str:
    """Administrative gender, '' where not said."""
    return next((code for resource in person.resources if (code := resource.text("gender"))), "")


def language(person: Person) -> str:
    """The preferred language, or the only one; '' where not said."""
    spoken = [one for resource in person.resources for one in resource.named("communication")]
    preferred = [one for one in spoken if one.text("preferred") == "true"]
    chosen = preferred[:1] or (spoken if len(spoken) == 1 else [])
    return chosen[0].code("language") if chosen else ""


def links(document: FhirDocument) -> tuple[Link, ...]:
    """One merge for each ``replaces`` or ``replaced-by``."""
    found = []
    held = {id(resource.node): resource for person in document.people for resource in person.resources}
    for person in document.people:
        for resource in person.resources:
            own = _of_resources([resource]) or _identifiers(person)
            for link in resource.named("link"):
                survives = _SURVIVOR.get(link.text("type"))
                other = link.child("other")
                if survives is None or other is None:
                    continue
                ends = (own, _of_reference(held, other))
                if all(ends) and set(ends[0]) != set(ends[1]):
                    found.append(Link("merge", *(ends if survives else ends[::-1])))
    return tuple(dict.fromkeys(found))


def _identifiers(person: Person) -> tuple[Identifier, ...]:
    named = sorted(person.ids, key=lambda identity: identity.type == FHIR_ID)
    return tuple(dict.fromkeys([*_of_resources(person.resources, ids=False), *map(_identifier, named)]))


def _of_resources(resources: Sequence[Element], ids: bool = True) -> tuple[Identifier, ...]:
    found = [
        Identifier(system, identifier.code("type") or type_of_system(system), value)
        for resource in resources
        for identifier in resource.named("identifier")
        for system, value in [(identifier.text("system"), identifier.text("value"))]
        if value
    ]
    if ids:
        found += [Identifier("", FHIR_ID, value) for resource in resources if (value := resource.text("id"))]
    return tuple(dict.fromkeys(found))


def _of_reference(held: Mapping[int, Element], other: Element) -> tuple[Identifier, ...]:
    return tuple(dict.fromkeys(_named_by(held, other)))


def _named_by(held: Mapping[int, Element], other: Element) -> Iterator[Identifier]:
    aim = other.aim
    if aim is None:
        return
    if aim.node is not None and id(aim.node) in held:
        yield from _of_resources([held[id(aim.node)]])
    elif aim.target.kind in ("literal", "uuid"):
        yield Identifier(aim.target.base, FHIR_ID, aim.target.id)
    elif aim.target.kind == "query":
        for name, system, value, _ in query_values(other.text("reference")):
            if name == "identifier":
                yield Identifier(system, type_of_system(system), value)
    identifier = other.child("identifier")
    if identifier is not None and identifier.text("value"):
        system = identifier.text("system")
        yield Identifier(system, identifier.code("type") or type_of_system(system), identifier.text("value"))


def _identifier(identity: LogicalId) -> Identifier:
    return Identifier(identity.system, identity.type or type_of_system(identity.system), identity.value)
