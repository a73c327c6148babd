"""Whom an element speaks of, by the resource and the backbone element that it stands in."""

from __future__ import annotations

from collections.abc import Mapping

from deidstream.core.category import Role
from deidstream.formats.fhir.element import Aim, Element
from deidstream.formats.fhir.structure import KNOWLEDGE

__all__ = ["role_of", "role_of_reference", "role_of_type"]

_BY_TYPE: Mapping[str, Role] = {
    "Patient": Role.PATIENT,
    "Person": Role.PATIENT,
    "RelatedPerson": Role.RELATIVE,
    "FamilyMemberHistory": Role.RELATIVE,
    "Patient.contact": Role.RELATIVE,
    "Practitioner": Role.CLINICIAN,
    "PractitionerRole": Role.CLINICIAN,
    "CareTeam": Role.CLINICIAN,
    "Organization": Role.ORGANISATION,
    "OrganizationAffiliation": Role.ORGANISATION,
    "Location": Role.ORGANISATION,
    "HealthcareService": Role.ORGANISATION,
    "Endpoint": Role.ORGANISATION,
    "InsurancePlan": Role.INSURER,
    "Bundle": Role.SYSTEM,
    "MessageHeader": Role.SYSTEM,
    "Subscription": Role.SYSTEM,
    "SubscriptionStatus": Role.SYSTEM,
    "Medication": Role.SYSTEM,
    "ResearchStudy": Role.SYSTEM,
    "ContactDetail": Role.ORGANISATION,
    "ExtendedContactDetail": Role.ORGANISATION,
    "Contributor": Role.CLINICIAN,
    "Annotation": Role.CLINICIAN,
    **dict.fromkeys(KNOWLEDGE, Role.SYSTEM),
}
_BY_KIND = {
    "patient": Role.PATIENT,
    "relative": Role.RELATIVE,
    "clinician": Role.CLINICIAN,
    "organisation": Role.ORGANISATION,
}
_INSURERS = frozenset({"payor", "insurer", "insurance", "paymentIssuer"})


def role_of(element: Element) -> Role:
    """The role of the nearest element around that has one; the patient where none has."""
    at: Element | None = element
    while at is not None:
        if at.type in _BY_TYPE:
            return _BY_TYPE[at.type]
        if at.resource is at:
            break
        at = at.parent
    return Role.PATIENT


def role_of_type(type_: str) -> Role:
    """The role of a resource of this type: resources about a patient are the patient's."""
    return _BY_TYPE.get(type_, Role.PATIENT)


def role_of_reference(reference: Element, aim: Aim) -> Role:
    """The role of what a Reference points to."""
    if reference.name in _INSURERS and aim.type in ("", "Organization"):
        return Role.INSURER
    if aim.type == "FamilyMemberHistory" or not (aim.type or aim.kind):
        return Role.UNKNOWN
    return role_of_type(aim.type) if aim.type else _BY_KIND[aim.kind]
