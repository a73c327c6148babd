"""What a message says about its people, as it is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact
from deidstream.core.subject import Known

__all__ = ["known_by_subject"]

_CATEGORIES = frozenset(
    {
        Category.NAME,
        Category.STREET,
        Category.CITY,
        Category.POSTAL_CODE,
        Category.PLACE,
        Category.REGION,
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

_REMEMBERED = frozenset({Role.PATIENT, Role.RELATIVE, Role.INSURER, Role.EMPLOYER})
_PASSING = frozenset({Role.CLINICIAN})
_LONGEST = 200


def known_by_subject(facts: Iterable[Fact], subjects: int) -> list[tuple[list[Known], list[Known]]]:
    """For each subject what is to be remembered, and what only this message says."""
    said: list[tuple[list[Known], list[Known]]] = [([], []) for _ in range(max(subjects, 1))]
    for fact in facts:
        if fact.category not in _CATEGORIES or not fact.value:
            continue
        value = fact.value.strip()
        if not 1 < len(value) <= _LONGEST or not 0 <= fact.subject < len(said):
            continue
        if fact.role in _REMEMBERED:
            said[fact.subject][0].append(_known(fact, value))
        elif fact.role in _PASSING:
            said[fact.subject][1].append(_known(fact, value))
    return [(_unique(remembered), _unique(passing)) for remembered, passing in said]


def _known(fact: Fact, value: str) -> Known:
    return Known(fact.category, fact.role, fact.form, value, fact.group, fact.issuer)


def _unique(items: Sequence[Known]) -> list[Known]:
    return list(dict.fromkeys(items))
