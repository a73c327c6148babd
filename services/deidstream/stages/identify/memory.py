"""What a message says about its people, as it is remembered."""

from __future__ import annotations

from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact
from deidstream.core.subject import PASSING, Known

__all__ = ["known_by_subject"]

_CATEGORIES = frozenset(
    {
        Category.NAME,
        Category.STREET,
        Category.CITY,
        Category.POSTAL_CODE,
        Category.PLACE,
        Category.REGION,
        Category.COUNTRY,
        Category.BIRTH_DATE,
        Category.DEATH_DATE,
        Category.PHONE,
        Category.FAX,
        Category.EMAIL,
        Category.NATIONAL_ID,
        Category.MEDICAL_RECORD,
        Category.HEALTH_PLAN,
        Category.ACCOUNT,
        Category.LICENCE,
        Category.VEHICLE,
        Category.USERNAME,
        Category.ORGANISATION,
        Category.OTHER_ID,
    }
)
"""What a note may repeat. Visit numbers and dates of events belong to the message; they are found by rules."""

_OF_MESSAGE = frozenset({Category.OTHER_ID})
"""Numbers of orders, claims, specimens: looked for in the texts of their own message, and no part of who somebody is."""

_NAME = Category.NAME
_REMEMBERED = frozenset({Role.PATIENT, Role.RELATIVE, Role.INSURER, Role.EMPLOYER})
_HEARD = _REMEMBERED | {Role.CLINICIAN}
_LONGEST = 200


def known_by_subject(facts: Iterable[Fact], subjects: int) -> list[tuple[tuple[Known, ...], tuple[Known, ...]]]:
    """For each subject what is to be remembered, and what only this message says."""
    count, new = max(subjects, 1), tuple.__new__
    said: list[tuple[dict[Known, None], dict[Known, None]]] = [({}, {}) for _ in range(count)]
    for _, category, role, form, value, subject, group, issuer, _, _ in facts:
        if role not in _HEARD or category not in _CATEGORIES or not 0 <= subject < count:
            continue
        text = value.strip()
        if not (1 if category is _NAME else 2) <= len(text) <= _LONGEST:
            continue
        if role in _REMEMBERED and category not in _OF_MESSAGE:
            said[subject][0][new(Known, (category, role, form, text, group, issuer))] = None
        else:
            said[subject][1][new(Known, (category, role, form, text, PASSING + group, issuer))] = None
    return [(tuple(remembered), tuple(passing)) for remembered, passing in said]
