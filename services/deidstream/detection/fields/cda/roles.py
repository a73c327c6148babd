"""Who is who in a clinical document: the role of each class, and what its code and class code change about it."""

from __future__ import annotations

from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.formats.markup.tree import Element

__all__ = ["Context", "enter"]


class Context(NamedTuple):
    """Whom the values below an element speak of."""

    role: Role = Role.UNKNOWN
    subject: int = 0
    ids: Category = Category.RECORD_ID
    """What an ``id`` here is."""
    names: Category = Category.ORGANISATION
    """What the name of a place here is."""


def enter(kind: str, element: Element, context: Context) -> Context:
    """The context inside an element of class ``kind``."""
    if kind in _BY_CLASS:
        return _associate(kind, element, context)
    if kind in _ASSIGNED:
        return _assigned(element, context)
    fixed = _FIXED.get(kind)
    if fixed is not None:
        return Context(fixed[0], context.subject, fixed[1], context.names)
    if kind == "Birthplace":
        return context._replace(role=Role.PATIENT, names=Category.PLACE)
    return context


def _assigned(element: Element, context: Context) -> Context:
    """An assigned entity is a clinician, unless its role code says that it is the patient, a relative or a payer."""
    coded = _child(element, "code")
    code, system = (coded.attribute("code"), coded.attribute("codeSystem")) if coded is not None else ("", "")
    role = _BY_CODE.get(code.upper(), Role.CLINICIAN)
    if role is Role.CLINICIAN and system == _ROLE_CODE and code.upper() not in _STAFF:
        role = Role.RELATIVE  # HL7 RoleCode: MTH, SPS, NMTH ...
    if role is Role.CLINICIAN and _child(element, "assignedAuthoringDevice") is not None:
        role = Role.SYSTEM
    ids = Category.MEDICAL_RECORD if role is Role.PATIENT else Category.OTHER_ID
    return Context(role, context.subject, ids, context.names)


def _associate(kind: str, element: Element, context: Context) -> Context:
    """Entities and roles whose class code says what they are (RoleClass, 2.16.840.1.113883.5.110)."""
    class_code = element.attribute("classCode").upper()
    part = element.parent.attribute("typeCode").upper() if element.parent is not None else ""
    default = _PARTICIPATION.get(part, (Role.UNKNOWN, Category.OTHER_ID))
    if kind != "ParticipantRole":
        default = (Role.RELATIVE, Category.OTHER_ID)
    role, ids = _ROLE_CLASS.get(class_code, default)
    coded = _child(element, "code")
    if coded is not None and coded.attribute("code").upper() in _SELF:
        role = Role.PATIENT
    if part in _COVERED:
        role, ids = (Role.PATIENT, Category.HEALTH_PLAN)
    elif role is Role.PATIENT and ids is Category.OTHER_ID:
        ids = Category.MEDICAL_RECORD
    return Context(role, context.subject, ids, context.names)


def _child(element: Element, name: str) -> Element | None:
    for node in element.content:
        if isinstance(node, Element) and node.name.rpartition(":")[2] == name:
            return node
    return None


_ROLE_CODE = "2.16.840.1.113883.5.111"
_SELF = frozenset({"ONESELF", "SELF"})
_STAFF = frozenset({"", "PRN", "HOSP", "PROFF", "ASSIST"})
_BY_CODE = {
    "ONESELF": Role.PATIENT,
    "SELF": Role.PATIENT,
    "PAYOR": Role.INSURER,
    "UNDWRT": Role.INSURER,
    "GUAR": Role.RELATIVE,
    "EMPLOYER": Role.EMPLOYER,
}
_COVERED = frozenset({"COV", "HLD"})
_PARTICIPATION = (
    dict.fromkeys(
        (
            "VRF",
            "AUTHEN",
            "LA",
            "RESP",
            "IRCP",
            "PRF",
            "PPRF",
            "SPRF",
            "AUT",
            "ENT",
            "CALLBCK",
            "REF",
            "CON",
            "ATND",
            "ADM",
            "DIS",
        ),
        (Role.CLINICIAN, Category.OTHER_ID),
    )
    | dict.fromkeys(("LOC", "DST", "ORG", "RML"), (Role.ORGANISATION, Category.OTHER_ID))
    | dict.fromkeys(("DEV", "NRD", "RDV", "PRD", "CSM"), (Role.PATIENT, Category.DEVICE))
)
"""What the participation says where the role does not (ParticipationType, 2.16.840.1.113883.5.90)."""
_ASSIGNED = frozenset({"AssignedAuthor", "AssignedEntity"})
_BY_CLASS = frozenset({"RelatedEntity", "AssociatedEntity", "ParticipantRole"})
_FIXED = {
    "PatientRole": (Role.PATIENT, Category.MEDICAL_RECORD),
    "SdtcPatient": (Role.PATIENT, Category.MEDICAL_RECORD),
    "Guardian": (Role.RELATIVE, Category.OTHER_ID),
    "RelatedSubject": (Role.RELATIVE, Category.OTHER_ID),
    "IntendedRecipient": (Role.CLINICIAN, Category.OTHER_ID),
    "MaintainedEntity": (Role.CLINICIAN, Category.OTHER_ID),
    "Organization": (Role.ORGANISATION, Category.OTHER_ID),
    "CustodianOrganization": (Role.ORGANISATION, Category.OTHER_ID),
    "OrganizationPartOf": (Role.ORGANISATION, Category.OTHER_ID),
    "Manufacturer": (Role.ORGANISATION, Category.OTHER_ID),
    "HealthCareFacility": (Role.ORGANISATION, Category.OTHER_ID),
    "Entity": (Role.ORGANISATION, Category.OTHER_ID),
    "EncompassingEncounter": (Role.PATIENT, Category.VISIT),
    "Encounter": (Role.PATIENT, Category.VISIT),
    "ManufacturedProduct": (Role.PATIENT, Category.DEVICE),
}
_RECORDS = """
ClinicalDocument Section Act Observation ObservationMedia Organizer Procedure RegionOfInterest SubstanceAdministration Supply
SpecimenRole Order ServiceEvent ParentDocument Consent ActReference ExternalAct ExternalObservation ExternalProcedure
ExternalDocument AllTrue
"""
_FIXED |= dict.fromkeys(_RECORDS.split(), (Role.PATIENT, Category.RECORD_ID))
_ROLE_CLASS: dict[str, tuple[Role, Category]] = (
    dict.fromkeys(
        (
            "NOK",
            "PRS",
            "ECON",
            "CON",
            "GUARD",
            "GUAR",
            "AGNT",
            "CAREGIVER",
            "CIT",
            "FAMMEMB",
            "DEPEN",
            "INDIV",
            "NOT",
            "SPNSR",
        ),
        (Role.RELATIVE, Category.OTHER_ID),
    )
    | dict.fromkeys(
        ("PROV", "ASSIGNED", "LIC", "HCPROV", "RESPRSN", "SGNOFF", "RESEARCH"), (Role.CLINICIAN, Category.OTHER_ID)
    )
    | dict.fromkeys(("PAYOR", "UNDWRT"), (Role.INSURER, Category.OTHER_ID))
    | dict.fromkeys(("COVPTY", "POLHOLD", "SUBSCR"), (Role.PATIENT, Category.HEALTH_PLAN))
    | dict.fromkeys(("EMP", "MIL", "STD"), (Role.EMPLOYER, Category.OTHER_ID))
    | dict.fromkeys(
        (
            "SDLOC",
            "DSDLOC",
            "ISDLOC",
            "LOCE",
            "BIRTHPL",
            "EXLOC",
            "STOR",
            "TERR",
            "ORG",
            "HLTHCHRT",
            "OWN",
            "MNT",
            "QUAL",
        ),
        (Role.ORGANISATION, Category.OTHER_ID),
    )
    | dict.fromkeys(
        ("MANU", "DEV", "ACCESS", "ADMM", "THER", "RGPR", "DST", "RET", "INST"), (Role.PATIENT, Category.DEVICE)
    )
    | {"PAT": (Role.PATIENT, Category.MEDICAL_RECORD), "SPEC": (Role.PATIENT, Category.RECORD_ID)}
)
