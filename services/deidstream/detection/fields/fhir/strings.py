"""Strings that are fields: what each holds, of whom, in which form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deidstream.core.category import Category, Role

__all__ = ["CONCEPT_CATEGORY", "EXTENSION_FIELD", "FIELD", "SEX_ELEMENTS"]

_ORGANISATION = (Category.ORGANISATION, None, "name")
_PRE_AUTHORISATION = (Category.OTHER_ID, Role.PATIENT, "number")
_CERTIFICATE = (Category.UNKNOWN, Role.UNKNOWN, "text")

FIELD: Final[Mapping[str, tuple[Category, Role | None, str]]] = {
    "Annotation.authorString": (Category.NAME, Role.CLINICIAN, "name"),
    "AuditEvent.agent.altId": (Category.USERNAME, Role.CLINICIAN, "text"),
    "AuditEvent.agent.name": (Category.NAME, Role.CLINICIAN, "name"),
    "AuditEvent.agent.network.address": (Category.IP_ADDRESS, Role.SYSTEM, "ip"),
    "AuditEvent.agent.networkString": (Category.IP_ADDRESS, Role.SYSTEM, "ip"),
    "AuditEvent.source.site": (Category.ORGANISATION, Role.ORGANISATION, "name"),
    "Claim.insurance.preAuthRef": _PRE_AUTHORISATION,
    "ClaimResponse.addItem.reviewOutcome.preAuthRef": _PRE_AUTHORISATION,
    "ClaimResponse.item.reviewOutcome.preAuthRef": _PRE_AUTHORISATION,
    "ClaimResponse.preAuthRef": _PRE_AUTHORISATION,
    "ContactDetail.name": (Category.NAME, Role.CLINICIAN, "name"),
    "Contributor.name": (Category.NAME, Role.CLINICIAN, "name"),
    "Coverage.class.name": (Category.ORGANISATION, Role.INSURER, "name"),
    "Coverage.class.value": (Category.HEALTH_PLAN, Role.INSURER, "number"),
    "Coverage.dependent": (Category.HEALTH_PLAN, Role.PATIENT, "number"),
    "Coverage.network": (Category.ORGANISATION, Role.INSURER, "name"),
    "Coverage.subscriberId": (Category.HEALTH_PLAN, Role.PATIENT, "number"),
    "CoverageEligibilityResponse.preAuthRef": _PRE_AUTHORISATION,
    "Device.distinctIdentifier": (Category.DEVICE, Role.PATIENT, "number"),
    "Device.lotNumber": (Category.DEVICE, Role.PATIENT, "number"),
    "Device.serialNumber": (Category.DEVICE, Role.PATIENT, "number"),
    "Device.udiCarrier.carrierHRF": (Category.DEVICE, Role.PATIENT, "number"),
    "Device.udiCarrier.deviceIdentifier": (Category.DEVICE, Role.PATIENT, "number"),
    "Endpoint.name": _ORGANISATION,
    "ExplanationOfBenefit.insurance.preAuthRef": _PRE_AUTHORISATION,
    "ExplanationOfBenefit.item.reviewOutcome.preAuthRef": _PRE_AUTHORISATION,
    "ExplanationOfBenefit.preAuthRef": _PRE_AUTHORISATION,
    "FamilyMemberHistory.name": (Category.NAME, Role.RELATIVE, "name"),
    "HealthcareService.name": _ORGANISATION,
    "InsurancePlan.alias": _ORGANISATION,
    "InsurancePlan.name": _ORGANISATION,
    "Location.alias": _ORGANISATION,
    "Location.name": _ORGANISATION,
    "MessageHeader.destination.name": _ORGANISATION,
    "MessageHeader.source.name": _ORGANISATION,
    "Organization.alias": _ORGANISATION,
    "Organization.name": _ORGANISATION,
    "PaymentReconciliation.accountNumber": (Category.ACCOUNT, Role.PATIENT, "number"),
    "PaymentReconciliation.authorization": (Category.OTHER_ID, Role.PATIENT, "number"),
    "PaymentReconciliation.referenceNumber": (Category.OTHER_ID, Role.PATIENT, "number"),
    "ResearchStudy.associatedParty.name": (Category.NAME, Role.CLINICIAN, "name"),
    "VerificationResult.attestation.proxyIdentityCertificate": _CERTIFICATE,
    "VerificationResult.attestation.sourceIdentityCertificate": _CERTIFICATE,
    "VerificationResult.validator.identityCertificate": _CERTIFICATE,
    "VirtualServiceDetail.addressString": (Category.URL, Role.SYSTEM, "url"),
    "VirtualServiceDetail.sessionKey": (Category.OTHER_ID, Role.PATIENT, "number"),
}
"""By type and property. Role None: by what stands around. HumanName, Address, ContactPoint, Identifier, Reference: see there."""

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_US = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"

CONCEPT_CATEGORY: Final[Mapping[str, tuple[Category, Role | None]]] = {
    "Patient.maritalStatus": (Category.MARITAL_STATUS, None),
    "Person.maritalStatus": (Category.MARITAL_STATUS, None),
    "Patient.communication.language": (Category.LANGUAGE, None),
    "RelatedPerson.communication.language": (Category.LANGUAGE, None),
    "Person.communication.language": (Category.LANGUAGE, None),
    "Practitioner.communication": (Category.LANGUAGE, None),
    "Practitioner.communication.language": (Category.LANGUAGE, None),
    "Patient.contact.relationship": (Category.RELATIONSHIP, Role.RELATIVE),
    "RelatedPerson.relationship": (Category.RELATIONSHIP, Role.RELATIVE),
    "FamilyMemberHistory.relationship": (Category.RELATIONSHIP, Role.RELATIVE),
    "FamilyMemberHistory.sex": (Category.SEX, Role.RELATIVE),
    "Coverage.relationship": (Category.RELATIONSHIP, Role.PATIENT),
    _US + "race": (Category.ETHNICITY, None),
    _US + "ethnicity": (Category.ETHNICITY, None),
    _US + "tribal-affiliation": (Category.ETHNICITY, None),
    _US + "birthsex": (Category.SEX, None),
    _US + "sex": (Category.SEX, None),
    _US + "genderIdentity": (Category.SEX, None),
    _HL7 + "patient-genderIdentity": (Category.SEX, None),
    _HL7 + "individual-genderIdentity": (Category.SEX, None),
    _HL7 + "individual-recordedSexOrGender": (Category.SEX, None),
    _HL7 + "patient-sexParameterForClinicalUse": (Category.SEX, None),
    _HL7 + "patient-nationality": (Category.NATIONALITY, None),
    _HL7 + "person-nationality": (Category.NATIONALITY, None),
    _HL7 + "patient-citizenship": (Category.NATIONALITY, None),
    _HL7 + "patient-religion": (Category.RELIGION, None),
}
"""Quasi-identifying codes, their displays and texts, by the tag of the element."""

SEX_ELEMENTS: Final = frozenset(
    {"Patient.gender", "Person.gender", "RelatedPerson.gender", "Practitioner.gender", "Patient.contact.gender"}
)


def _addresses() -> dict[str, tuple[Category, Role | None, str]]:
    names = (
        "additionalLocator buildingNumberSuffix careOf censusTract delimiter deliveryAddressLine deliveryInstallationArea "
        "deliveryInstallationQualifier deliveryInstallationType deliveryMode deliveryModeIdentifier direction houseNumber "
        "houseNumberNumeric postBox precinct streetAddressLine streetName streetNameBase streetNameType unitID unitType"
    )
    return {f"{_HL7}iso21090-ADXP-{name}": (Category.STREET, None, _ADXP.get(name, "line")) for name in names.split()}


_ADXP = {"houseNumber": "line.number", "houseNumberNumeric": "line.number"}

EXTENSION_FIELD: Final[Mapping[str, tuple[Category, Role | None, str]]] = {
    _HL7 + "patient-mothersMaidenName": (Category.NAME, Role.RELATIVE, "family"),
    _HL7 + "patient-congregation": (Category.RELIGION, None, "text"),
    _HL7 + "patient-birthTime": (Category.BIRTH_DATE, None, "fhir.dateTime"),
    **{
        f"{_HL7}humanname-{name}": (Category.NAME, None, form)
        for name, form in (
            ("fathers-family", "family"),
            ("mothers-family", "family"),
            ("own-name", "family"),
            ("partner-name", "family"),
            ("own-prefix", "family"),
            ("partner-prefix", "family"),
        )
    },
    **_addresses(),
}
"""Extensions whose value is one piece of a name, an address or a birth."""
