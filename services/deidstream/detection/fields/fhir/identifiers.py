"""Business identifiers: which kind of number, by its type (HL7 table 0203), its system, and what carries it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact
from deidstream.core.span import Span
from deidstream.detection.fields.fhir.roles import role_of, role_of_reference
from deidstream.formats.fhir.element import Element, Value
from deidstream.formats.fhir.references import is_uuid

__all__ = ["category_of", "identifier", "type_of_system"]


def _spread(kinds: Mapping[Category, str]) -> dict[str, Category]:
    return {code: category for category, codes in kinds.items() for code in codes.split()}


_BY_TYPE = _spread(
    {
        Category.MEDICAL_RECORD: "MR MRT PI PT PE AM PNT ANON MCT CAII RRI RRP LR",
        Category.NATIONAL_ID: "SS NI NIIP PPN CZ TAX PRC BR BRN BCT DCFN MI WP RRN SB PCN PN INDV SID",
        Category.HEALTH_PLAN: "MC MA HC NH JHN MCN MCR SN SNBSN PNI GN NHP",
        Category.VISIT: "VN VS",
        Category.ACCOUNT: "AN ANC AND ANT BA BC CC DI DS MS VSA GI",
        Category.LICENCE: "DL LN MD DDS DN DO DPM DR NP NPI OD PA PHAR PHE PHN RN RPH SL ACR DEA UPIN PRN PRES QA",
        Category.VEHICLE: "VIN",
        Category.DEVICE: "SNO UDI DID",
    }
)
_BY_SYSTEM: Mapping[str, tuple[Category, str]] = {
    "http://hl7.org/fhir/sid/us-ssn": (Category.NATIONAL_ID, "SS"),
    "http://hl7.org/fhir/sid/us-npi": (Category.LICENCE, "NPI"),
    "http://hl7.org/fhir/sid/us-mbi": (Category.HEALTH_PLAN, "MC"),
    "http://hl7.org/fhir/sid/us-medicare": (Category.HEALTH_PLAN, "MC"),
    "https://fhir.nhs.uk/Id/nhs-number": (Category.NATIONAL_ID, "NI"),
    "http://fhir.nl/fhir/NamingSystem/bsn": (Category.NATIONAL_ID, "NI"),
    "http://fhir.de/sid/gkv/kvid-10": (Category.HEALTH_PLAN, "NI"),
    "http://fhir.de/NamingSystem/gkv/kvid-10": (Category.HEALTH_PLAN, "NI"),
    "http://hl7.it/sid/codiceFiscale": (Category.NATIONAL_ID, "NI"),
    "urn:oid:1.2.250.1.213.1.4.8": (Category.NATIONAL_ID, "NI"),
    "urn:oid:2.16.840.1.113883.4.1": (Category.NATIONAL_ID, "SS"),
    "urn:oid:2.16.840.1.113883.4.3": (Category.LICENCE, "DL"),
    "urn:oid:2.16.840.1.113883.4.6": (Category.LICENCE, "NPI"),
    "http://hl7.org/fhir/sid/passport": (Category.NATIONAL_ID, "PPN"),
}
_BY_PREFIX = (
    ("http://hl7.org/fhir/sid/passport-", (Category.NATIONAL_ID, "PPN")),
    ("urn:oid:2.16.840.1.113883.4.3.", (Category.LICENCE, "DL")),
)
_BY_RESOURCE: Mapping[str, Category] = {
    "Patient": Category.MEDICAL_RECORD,
    "Practitioner": Category.LICENCE,
    "Device": Category.DEVICE,
    "DeviceMetric": Category.DEVICE,
    "Coverage": Category.HEALTH_PLAN,
    "Encounter": Category.VISIT,
    "EncounterHistory": Category.VISIT,
    "EpisodeOfCare": Category.VISIT,
    "Account": Category.ACCOUNT,
}
_URNS = (("urn:uuid:", "uuid"), ("urn:oid:", "oid"))


def identifier(element: Element, value: Value) -> Iterator[Fact]:
    """The value of one Identifier, with who issued it."""
    if value.name != "value":
        return
    text = value.leaf.text
    system = element.text("system")
    role, holder = _held_by(element)
    kind = element.code("type") or type_of_system(system)
    category = category_of(kind, system, holder)
    for prefix, form in _URNS:
        if text.startswith(prefix):
            span = Span(len(prefix), len(text))
            path = value.leaf.path
            yield Fact(
                path, Category.RECORD_ID, role, form, text[span.start :], element.subject, "", system, kind, span
            )
            return
    form = "uuid" if is_uuid(text) else "number"
    yield Fact(value.leaf.path, category, role, form, text, element.subject, "", system, kind)


def category_of(kind: str, system: str, resource: str) -> Category:
    """By the type code, else the system, else by what the identifier identifies."""
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    by_system = _system(system)
    return by_system[0] if by_system else _BY_RESOURCE.get(resource, Category.OTHER_ID)


def type_of_system(system: str) -> str:
    """The table 0203 code that a well-known system implies, '' for others."""
    by_system = _system(system)
    return by_system[1] if by_system else ""


def _system(system: str) -> tuple[Category, str] | None:
    found = _BY_SYSTEM.get(system)
    return found or next((meaning for prefix, meaning in _BY_PREFIX if system.startswith(prefix)), None)


def _held_by(element: Element) -> tuple[Role, str]:
    """Whose identifier it is, and the type of what it identifies."""
    holder = element.parent
    if holder is None:
        return Role.UNKNOWN, ""
    if holder.type == "Reference" and holder.aim is not None:
        return role_of_reference(holder, holder.aim), holder.aim.type
    if holder.type == "Coverage.class":
        return Role.INSURER, "Coverage"
    if element.name == "identifier" or holder.resource is not holder:
        return role_of(element), "Encounter" if element.name == "preAdmissionIdentifier" else holder.type
    return role_of(element), "Coverage" if holder.type == "Coverage" else ""
