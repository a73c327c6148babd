"""What kinds of identifiers there are, and whose.

Every category maps to one of the 18 identifier classes of HIPAA Safe Harbor (45 CFR 164.514(b)(2)(i), lettered A to R),
or to none, and says whether it is a quasi-identifier (ISO/IEC 20889, 3.27): harmless alone, identifying together.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["HIPAA_CLASS", "NUMBERS", "QUASI_IDENTIFIERS", "Category", "Role"]


class Category(StrEnum):
    """The taxonomy. The value is the stable name that policies, findings and audits use."""

    NAME = "name"
    STREET = "street"
    CITY = "city"
    POSTAL_CODE = "postal_code"
    REGION = "region"
    COUNTRY = "country"
    PLACE = "place"
    DATE = "date"
    BIRTH_DATE = "birth_date"
    DEATH_DATE = "death_date"
    AGE = "age"
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    NATIONAL_ID = "national_id"
    MEDICAL_RECORD = "medical_record"
    HEALTH_PLAN = "health_plan"
    ACCOUNT = "account"
    VISIT = "visit"
    LICENCE = "licence"
    VEHICLE = "vehicle"
    DEVICE = "device"
    URL = "url"
    IP_ADDRESS = "ip_address"
    BIOMETRIC = "biometric"
    PHOTO = "photo"
    ORGANISATION = "organisation"
    USERNAME = "username"
    RECORD_ID = "record_id"
    OTHER_ID = "other_id"
    OCCUPATION = "occupation"
    NATIONALITY = "nationality"
    ETHNICITY = "ethnicity"
    RELIGION = "religion"
    LANGUAGE = "language"
    MARITAL_STATUS = "marital_status"
    SEX = "sex"
    RELATIONSHIP = "relationship"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """Whom a value speaks of."""

    PATIENT = "patient"
    RELATIVE = "relative"
    CLINICIAN = "clinician"
    ORGANISATION = "organisation"
    INSURER = "insurer"
    EMPLOYER = "employer"
    SYSTEM = "system"
    UNKNOWN = "unknown"


HIPAA_CLASS: dict[Category, str] = {
    Category.NAME: "A",
    Category.STREET: "B",
    Category.CITY: "B",
    Category.POSTAL_CODE: "B",
    Category.PLACE: "B",
    Category.DATE: "C",
    Category.BIRTH_DATE: "C",
    Category.DEATH_DATE: "C",
    Category.AGE: "C",
    Category.PHONE: "D",
    Category.FAX: "E",
    Category.EMAIL: "F",
    Category.NATIONAL_ID: "G",
    Category.MEDICAL_RECORD: "H",
    Category.HEALTH_PLAN: "I",
    Category.ACCOUNT: "J",
    Category.LICENCE: "K",
    Category.VEHICLE: "L",
    Category.DEVICE: "M",
    Category.URL: "N",
    Category.IP_ADDRESS: "O",
    Category.BIOMETRIC: "P",
    Category.PHOTO: "Q",
    Category.VISIT: "R",
    Category.ORGANISATION: "R",
    Category.USERNAME: "R",
    Category.RECORD_ID: "R",
    Category.OTHER_ID: "R",
    Category.UNKNOWN: "R",
}
"""Category to the letter of its class; a category that is absent is none of the 18."""

NUMBERS = frozenset(
    {
        Category.NATIONAL_ID,
        Category.MEDICAL_RECORD,
        Category.HEALTH_PLAN,
        Category.ACCOUNT,
        Category.VISIT,
        Category.LICENCE,
        Category.VEHICLE,
        Category.DEVICE,
        Category.OTHER_ID,
        Category.RECORD_ID,
    }
)
"""What one is numbered with: they share the one permutation of surrogates."""
QUASI_IDENTIFIERS = frozenset(
    {
        Category.CITY,
        Category.POSTAL_CODE,
        Category.REGION,
        Category.COUNTRY,
        Category.PLACE,
        Category.DATE,
        Category.BIRTH_DATE,
        Category.DEATH_DATE,
        Category.AGE,
        Category.ORGANISATION,
        Category.OCCUPATION,
        Category.NATIONALITY,
        Category.ETHNICITY,
        Category.RELIGION,
        Category.LANGUAGE,
        Category.MARITAL_STATUS,
        Category.SEX,
        Category.RELATIONSHIP,
    }
)
