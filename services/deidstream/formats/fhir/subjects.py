"""Whose data each element is: the patients that a message holds or refers to, and which element speaks of which.

A patient is known by the resource, by literal references (relative, absolute, ``urn:uuid``), by fragments, and by logical or
conditional references (an identifier); what means the same resource is the same person. Patients that the message holds come
first, in source order, then those it only names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from deidstream.formats.fhir.element import Element
from deidstream.formats.fhir.index import SUBJECT_NAMES
from deidstream.formats.fhir.lexer import Object
from deidstream.formats.fhir.references import Target, is_uuid, literal, query_values

__all__ = ["FHIR_ID", "LogicalId", "Person", "assign"]

FHIR_ID = "FHIR.id"
"""Identifier type of a resource's logical id. It is unique on its server only."""

_WEAK = len(SUBJECT_NAMES)
_NESTED = _WEAK + 1


@dataclass(frozen=True, slots=True)
class LogicalId:
    """A person by number. ``system`` is a server's base URL for logical ids (``FHIR.id``; '' for our source), else the issuer."""

    type: str
    system: str
    value: str = field(repr=False)


@dataclass(slots=True)
class Person:
    """One subject: the Patient resources in the message, and the ids under which it is named otherwise."""

    resources: list[Element] = field(default_factory=list)
    ids: list[LogicalId] = field(default_factory=list)

    def add(self, identity: LogicalId) -> None:
        """Remembers an id once."""
        if identity not in self.ids:
            self.ids.append(identity)


def assign(elements: list[Element]) -> list[Person]:
    """The persons of a message; sets ``subject`` of every element to the index of the person that it speaks of."""
    people = _People()
    patients = [element for element in elements if element.type == "Patient" and element.resource is element]
    patients.sort(key=lambda element: element.name == "contained")
    claims: dict[int, tuple[int, int]] = {}
    for patient in patients:
        claims[id(patient)] = (-1, people.hold(patient))
    for element in elements:
        number = people.named_by(element)
        if number >= 0:
            _claim(claims, element, number)
    if len(people.people) > 1:
        for element in elements:
            inherited = element.parent.subject if element.parent is not None else 0
            element.subject = claims.get(id(element), (0, inherited))[1]
    return people.people


def _claim(claims: dict[int, tuple[int, int]], reference: Element, number: int) -> None:
    """What holds a reference to a patient speaks of that patient, unless it holds a more telling one."""
    holder = reference.parent
    if holder is None:
        return
    rank = SUBJECT_NAMES.index(reference.name) if reference.name in SUBJECT_NAMES else _WEAK
    for element, own in ((holder, rank), (holder.resource, rank if holder is holder.resource else _NESTED)):
        if element.type != "Bundle" and claims.get(id(element), (_NESTED + 1, 0))[0] > own:
            claims[id(element)] = (own, number)


class _People:
    def __init__(self) -> None:
        self.people: list[Person] = []
        self._numbers: dict[tuple[str, ...], int] = {}
        self._nodes: dict[int, int] = {}

    def hold(self, patient: Element) -> int:
        """The number of a Patient resource; versions of one resource share it."""
        keys = list(_resource_keys(patient))
        number = next((self._numbers[key] for key in keys if key in self._numbers), len(self.people))
        if number == len(self.people):
            self.people.append(Person())
        person = self.people[number]
        person.resources.append(patient)
        self._nodes[id(patient.node)] = number
        for key in keys:
            self._numbers[key] = number
            if not _is_provisional(patient, key[2]):
                person.add(LogicalId(FHIR_ID, key[1], key[2]))
        for identifier in patient.named("identifier"):
            self._numbers.setdefault(("logical", identifier.text("system"), identifier.text("value")), number)
        return number

    def named_by(self, element: Element) -> int:
        """The number of the patient that a reference or a request means; -1 for none."""
        if element.aim is not None:
            return self._referred(element)
        if element.type == "Bundle.entry.request":
            target = literal(element.text("url"))
            return self._targeted(target, element.text("url")) if target.type == "Patient" else -1
        return -1

    def _referred(self, element: Element) -> int:
        aim = element.aim
        holder = element.parent
        if aim is None or holder is None or holder.type in ("Patient.link", "Extension"):
            return -1  # says something of another person
        if aim.type != "Patient" and (aim.type or aim.kind != "patient"):
            return -1
        if isinstance(aim.node, Object) and id(aim.node) in self._nodes:
            return self._nodes[id(aim.node)]
        number = self._targeted(aim.target, element.text("reference"))
        identifier = element.child("identifier")
        if identifier is not None and identifier.text("value"):
            logical = LogicalId(identifier.code("type"), identifier.text("system"), identifier.text("value"))
            if number < 0:
                number = self._number(("logical", logical.system, logical.value), logical)
        return number

    def _targeted(self, target: Target, text: str) -> int:
        if target.kind in ("literal", "uuid"):
            return self._number(("id", target.base, target.id), LogicalId(FHIR_ID, target.base, target.id))
        if target.kind == "query":
            for name, system, value, _ in query_values(text):
                if name == "identifier":
                    return self._number(("logical", system, value), LogicalId("", system, value))
        return -1

    def _number(self, key: tuple[str, ...], identity: LogicalId) -> int:
        number = self._numbers.setdefault(key, len(self.people))
        if number == len(self.people):
            self.people.append(Person())
        if identity.type == FHIR_ID or not self.people[number].resources:
            self.people[number].add(identity)
        return number


def _resource_keys(patient: Element) -> list[tuple[str, str, str]]:
    """The ids of a Patient in the message: its own, and its full URL's."""
    if patient.name == "contained":
        return []
    keys = []
    if patient.text("id"):
        keys.append(("id", "", patient.text("id")))
    if patient.parent is not None and patient.name == "resource":
        target = literal(patient.parent.text("fullUrl"))
        if target.kind in ("literal", "uuid"):
            keys.append(("id", target.base, target.id))
    return keys


def _is_provisional(patient: Element, value: str) -> bool:
    """Whether the id means nothing outside of the message: a server gives a new one to what is created by POST."""
    request = patient.parent.child("request") if patient.parent is not None else None
    return request is not None and request.text("method") == "POST" and not is_uuid(value)
