"""What the tagger tells apart. The order is that of the model's outputs; what is not here rules and identity find alone."""

from __future__ import annotations

from deidstream.core.category import Category

__all__ = ["CATEGORIES", "LABELS"]

CATEGORIES = (
    Category.NAME,
    Category.STREET,
    Category.CITY,
    Category.POSTAL_CODE,
    Category.REGION,
    Category.COUNTRY,
    Category.PLACE,
    Category.DATE,
    Category.BIRTH_DATE,
    Category.DEATH_DATE,
    Category.AGE,
    Category.PHONE,
    Category.FAX,
    Category.EMAIL,
    Category.NATIONAL_ID,
    Category.MEDICAL_RECORD,
    Category.HEALTH_PLAN,
    Category.ACCOUNT,
    Category.VISIT,
    Category.LICENCE,
    Category.VEHICLE,
    Category.DEVICE,
    Category.URL,
    Category.IP_ADDRESS,
    Category.ORGANISATION,
    Category.USERNAME,
    Category.RECORD_ID,
    Category.OTHER_ID,
    Category.OCCUPATION,
    Category.NATIONALITY,
    Category.ETHNICITY,
    Category.RELIGION,
    Category.LANGUAGE,
    Category.SEX,
    Category.RELATIONSHIP,
)

LABELS = ("O", *(f"{prefix}-{category.value}" for category in CATEGORIES for prefix in "BI"))
"""``O``, then for each category that a piece begins it or goes on with it."""
