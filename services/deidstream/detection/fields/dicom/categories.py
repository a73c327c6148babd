"""What the values of single attributes are, for surrogates and for what is known of the subject. All others: by VR and by name."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from deidstream.core.category import Category, Role

__all__ = ["Meaning", "meaning_of"]


class Meaning(NamedTuple):
    """Category, whose, and the form in which the value is written."""

    category: Category
    role: Role
    form: str


_PATIENT, _RELATIVE, _CLINICIAN = Role.PATIENT, Role.RELATIVE, Role.CLINICIAN
_EXACT = {
    "PatientName": Meaning(Category.NAME, _PATIENT, "PN"),
    "OtherPatientNames": Meaning(Category.NAME, _PATIENT, "PN"),
    "PatientBirthName": Meaning(Category.NAME, _PATIENT, "PN"),
    "PatientMotherBirthName": Meaning(Category.NAME, _RELATIVE, "PN"),
    "ResponsiblePerson": Meaning(Category.NAME, _RELATIVE, "PN"),
    "NameToUse": Meaning(Category.NAME, _PATIENT, "name"),
    "PatientID": Meaning(Category.MEDICAL_RECORD, _PATIENT, "number"),
    "OtherPatientIDs": Meaning(Category.MEDICAL_RECORD, _PATIENT, "number"),
    "MedicalRecordLocator": Meaning(Category.MEDICAL_RECORD, _PATIENT, "number"),
    "MilitaryRank": Meaning(Category.OCCUPATION, _PATIENT, "text"),
    "Occupation": Meaning(Category.OCCUPATION, _PATIENT, "text"),
    "PatientBirthDate": Meaning(Category.BIRTH_DATE, _PATIENT, "dicom.DA"),
    "PatientSex": Meaning(Category.SEX, _PATIENT, "code"),
    "PatientAge": Meaning(Category.AGE, _PATIENT, "dicom.AS"),
    "EthnicGroup": Meaning(Category.ETHNICITY, _PATIENT, "code"),
    "PatientReligiousPreference": Meaning(Category.RELIGION, _PATIENT, "code"),
    "PatientAddress": Meaning(Category.STREET, _PATIENT, "address"),
    "PatientTelephoneNumbers": Meaning(Category.PHONE, _PATIENT, "phone"),
    "RegionOfResidence": Meaning(Category.REGION, _PATIENT, "region"),
    "CountryOfResidence": Meaning(Category.COUNTRY, _PATIENT, "country"),
    "InsurancePlanIdentification": Meaning(Category.HEALTH_PLAN, _PATIENT, "number"),
    "AdmissionID": Meaning(Category.VISIT, _PATIENT, "number"),
    "ServiceEpisodeID": Meaning(Category.VISIT, _PATIENT, "number"),
    "AccessionNumber": Meaning(Category.OTHER_ID, _PATIENT, "number"),
    "StudyID": Meaning(Category.OTHER_ID, _PATIENT, "number"),
    "IssuerOfPatientID": Meaning(Category.ORGANISATION, Role.ORGANISATION, "code"),
    "InstitutionName": Meaning(Category.ORGANISATION, Role.ORGANISATION, "name"),
    "InstitutionAddress": Meaning(Category.STREET, Role.ORGANISATION, "address"),
    "ReferringPhysicianAddress": Meaning(Category.STREET, _CLINICIAN, "address"),
    "ReferringPhysicianTelephoneNumbers": Meaning(Category.PHONE, _CLINICIAN, "phone"),
    "DeviceSerialNumber": Meaning(Category.DEVICE, Role.SYSTEM, "number"),
    "StationName": Meaning(Category.DEVICE, Role.SYSTEM, "number"),
}
_NUMBERED = ("ID", "IDs", "Number", "UID", "Identifier", "IdentificationNumber")
_PLACED = {
    "Institution": Category.ORGANISATION,
    "Organization": Category.ORGANISATION,
    "Station": Category.DEVICE,
    "Device": Category.DEVICE,
}


@lru_cache(maxsize=8192)
def meaning_of(keyword: str, vr: str) -> Meaning:
    """What the values of an attribute are."""
    found = _EXACT.get(keyword)
    if found is not None:
        return found
    if vr == "PN":
        return Meaning(Category.NAME, _CLINICIAN, "PN")
    if vr in ("DA", "DT", "TM"):
        return Meaning(Category.DATE, Role.UNKNOWN, f"dicom.{vr}")
    if vr == "UI":
        return Meaning(Category.RECORD_ID, Role.SYSTEM, "oid")
    if vr in ("LO", "SH", "UC"):
        if keyword.endswith(_NUMBERED):
            return Meaning(Category.OTHER_ID, Role.UNKNOWN, "number")
        for word, category in _PLACED.items():
            if word in keyword and keyword.endswith("Name"):
                return Meaning(category, Role.ORGANISATION, "name")
        if keyword.endswith("TelephoneNumbers"):
            return Meaning(Category.PHONE, Role.UNKNOWN, "phone")
    return Meaning(Category.UNKNOWN, Role.UNKNOWN, "text")
