"""Ages above the cap (45 CFR 164.514(b)(2)(i)(C): over 89 become one category, 90 or older)."""

from __future__ import annotations

import re

__all__ = ["cap_age"]

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_OTHER_UNIT = re.compile(
    r"\s*-?\s*(?:mos?\b|months?|monate?n?|mes(?:es)?\b|mois|mes[ei]\b|maand(?:en)?|wks?\b|weeks?|wochen?"
    r"|semanas?|semaines?|settiman[ae]|we(?:ek|ken)\b|d\b|days?|tagen?|tage?\b|d[ií]as?|jours?|giorn[oi]|dagen?|dias?|h\b|hours?|stunden?|horas?|heures?|"
    r"minutes?|min\b)",
    re.IGNORECASE,
)
"""Units of ages that are not years; a bare m or w is a man or a woman."""
_OLD = re.compile(
    r"\b(?:ninety(?:[\s-]\w+)?|(?:one |a )?hundred(?: and \w+)?|"
    r"\w*neunzig|noventa(?: [ey] \w+)?|novant\w+|\w*negentig|quatre-vingt-"
    r"(?:dix|onze|douze|treize|quatorze|quinze|seize)(?:-\w+)?|nonante(?:[\s-]\w+)*|\w*hundert\w*|cien\w*(?: \w+)?|cent(?:-\w+)?"
    r"|cento\w*|\w*honderd\w*)",
    re.IGNORECASE,
)


def cap_age(value: str, form: str, cap: int) -> str:
    """``value`` with every number of years above ``cap`` as ``cap + 1``; months, weeks and days are left.

    A bare number is taken for years. Written-out ages of ninety and more are replaced in the languages of the text rules.
    """
    most = str(cap + 1)
    if form == "dicom.AS":  # PS3.5, 6.2: three digits and a unit
        return f"{cap + 1:03d}Y" if value[3:].upper() not in ("D", "W", "M") and _above(value[:3], cap) else value
    if form == "number":
        return most if _above(value, cap) else value
    made = _NUMBER.sub(
        lambda match: most if _above(match[0], cap) and not _OTHER_UNIT.match(value, match.end()) else match[0], value
    )
    return _OLD.sub(most, made) if cap <= 89 and not _NUMBER.search(value) else made


def _above(number: str, cap: int) -> bool:
    """Fail closed: what is no number is above."""
    try:
        return float(number.strip().replace(",", ".")) >= cap + 1
    except ValueError:
        return True
