"""Numbers that a label names (records, visits, accounts, licences, plates, devices), and long ones that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.detection.text.rules.rule import Confirm, Hit, Rule, label

__all__ = ["RULES"]

_CONNECTOR = re.compile(
    rb"(?:[ \t]*(?:numbers?|num\.?|no\.?|nr\.?|n\.|n[oa]?|nbr\.?|numero|nummer|#|id|code|codigo|cod\.?|is|"
    rb"was|es|ist|est|e|del?|du|der|des|do|da|the|"
    rb"paciente|patient|patienten|asistencial|clinica|social|as|ending in|ends in|acabado "
    rb"en)(?![A-Za-z])){0,6}[ \t]*(?:\([A-Za-z ./-]{1,24}\))?[ \t]*(?:[:=#.]|-(?=[ \t]))*[ \t]*"
    rb"(?:(?:n[o.]{1,2}|nr\.?|#)[ \t]*)?",
    re.IGNORECASE,
)
_VALUE = re.compile(
    rb"(?-i:[A-Z]{1,3}-){0,1}[A-Z]{0,6}[-/. ]{0,1}\d[\dA-Z]*(?:[-/.]?[\dA-Z]+|[ ]\d[\dA-Z]*|[ ][A-Z](?![A-Za-z]))*",
    re.IGNORECASE,
)
_PLATE = re.compile(rb"(?=[A-Z0-9 -]*\d)[A-Z0-9]{1,17}(?:[ -][A-Z0-9]{1,4}(?![A-Za-z0-9])){0,3}")
_GLUED_VALUE = re.compile(rb"[-#:]?[ ]?[A-Z]{0,4}[-]?\d[\dA-Z]*(?:[-/.][\dA-Z]+)*", re.IGNORECASE)
_SECOND_LABEL = re.compile(rb"(?:MRN|NHC|CIPA?|NASS|SSN|CSN|NPI|IPP)[-#:][ ]?(?=\d)", re.IGNORECASE)
"""``CIPA: nhc-4711``: what is glued to the value is a label too."""
_DATE = re.compile(rb"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\Z")
_UNIT_AFTER = re.compile(
    rb"[ \t]*(?:mg|ml|mcg|kg|g|cm|mm|%|years?|anos?|ans|anni|jahre?|jaar|days?|dias?|h|horas?|hours?)\b", re.IGNORECASE
)


_NEEDS_NO_COLON = (b"s/n", b"n/s", b"rego")


class _Label(NamedTuple):
    category: Category
    phrases: str
    digits: int
    """How many digits the value has at least."""
    score: float = 0.95
    role: Role = Role.PATIENT
    bare: bool = True
    """Whether the value may follow without a colon."""


def _labelled(kind: _Label) -> Confirm:
    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        gap = _CONNECTOR.match(buffer, end)
        position = gap.end() if gap else end
        bare = kind.bare or buffer[start:end].lower() in _NEEDS_NO_COLON
        if not bare and buffer[position - 1] not in b":=#. \t":
            return
        if not bare and not re.search(rb"[:=#]|\bn[or]|num", buffer[end - 3 : position], re.IGNORECASE):
            return
        plate = kind.category is Category.VEHICLE
        second = _SECOND_LABEL.match(buffer, position)
        position = second.end() if second else position
        matched = (_PLATE if plate else _VALUE).match(buffer, position)
        if matched is None:
            return
        close = matched.end() if plate else _shortened(buffer, position, matched.end())
        value = buffer[position:close]
        if (
            sum(48 <= byte <= 57 for byte in value) < kind.digits
            or _DATE.match(value)
            or _UNIT_AFTER.match(buffer, close)
        ):
            return
        position += len(value) - len(value.lstrip(b"-/. "))
        yield Hit(position, close, kind.category, kind.score, kind.role, "number")

    return confirm


def _shortened(buffer: bytes, start: int, end: int) -> int:
    """Without a word that only follows (``MRN 12345 and``): a blank ends the value where letters come next."""
    value = buffer[start:end]
    cut = re.search(
        rb"[ .](?=[A-Za-z]{2,}\Z|[A-Za-z]{2,}[ .])|[ ](?=\d{1,2}[/.-]\d{1,2}[/.-])|[ ][A-Za-z]\Z", value[1:]
    )
    kept = value[: cut.start() + 1] if cut else value
    return start + len(kept.rstrip(b" .-/"))


_LABELS: tuple[_Label, ...] = (
    _Label(
        Category.MEDICAL_RECORD,
        "number.medical_record",
        3,
    ),
    _Label(
        Category.VISIT,
        "number.visit",
        3,
    ),
    _Label(
        Category.ACCOUNT,
        "number.account",
        4,
    ),
    _Label(
        Category.HEALTH_PLAN,
        "number.health_plan",
        4,
    ),
    _Label(
        Category.LICENCE,
        "number.licence",
        4,
        role=Role.UNKNOWN,
    ),
    _Label(
        Category.VEHICLE,
        "number.vehicle",
        2,
        0.9,
        Role.UNKNOWN,
        bare=False,
    ),
    _Label(
        Category.DEVICE,
        "number.device",
        3,
        0.85,
        Role.UNKNOWN,
        bare=False,
    ),
    _Label(
        Category.NATIONAL_ID,
        "number.national_id",
        4,
        0.85,
    ),
    _Label(
        Category.OTHER_ID,
        "number.other_id",
        4,
        0.85,
        Role.UNKNOWN,
        bare=False,
    ),
)


def _glued(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``MRN-2468135``: the label is part of the number's writing."""
    matched = _GLUED_VALUE.match(buffer, end)
    if matched is not None and sum(48 <= byte <= 57 for byte in matched.group()) >= 5:
        label = buffer[start:end]
        category = Category.LICENCE if label in (b"NPI", b"DEA") else Category.MEDICAL_RECORD
        yield Hit(
            matched.start() + (matched.group()[:1] in b"-#: "), matched.end(), category, 0.8, Role.PATIENT, "number"
        )


_UUID = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])", re.IGNORECASE)


def _uuid(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    if _UUID.match(buffer, start):
        yield Hit(start, start + 36, Category.OTHER_ID, 0.95, Role.UNKNOWN, "uuid")


_LONG = re.compile(rb"\d{7,40}(?![\d\w])")
_QUANTITY_AFTER = re.compile(
    rb"[.,]\d|[ \t]*(?:mg|ml|mcg|ug|ui|iu|u|g|kg|copias|copies|kopien|cells?|celulas|cfu|ufc|leuco\w*|"
    rb"hemat\w*|rbc|wbc|mm3?|/|x|%|euros?|eur|usd|\$|units?|unidades|plaquetas|plaquettes|"
    rb"platelets|per|por)(?![a-z])",
    re.IGNORECASE,
)
_CLINICAL_CODE_BEFORE = re.compile(
    rb"(?:snomed|sct|loinc|icd|cie|cpt|hcpcs|ndc|rxnorm|umls|atc|pmid|pmcid|doi|isbn|issn|nct|grant|gb|"
    rb"genbank|ncbi|chr[\dxy]*|rs|c|nm|code|coordinates?|position|version)"
    rb"[ \t:#._/-]*(?:ct|code|id|no|-?\d{1,2})?[ \t:#._/()-]*\Z",
    re.IGNORECASE,
)


def _long_number(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Seven digits or more that count nothing and are no code of a terminology."""
    matched = _LONG.match(buffer, start)
    if matched is None or buffer[start - 1] in b".,-/_\x80+" or _QUANTITY_AFTER.match(buffer, matched.end()):
        return
    if _CLINICAL_CODE_BEFORE.search(buffer, max(0, start - 20), start) or buffer[start:].startswith(b"0000000"):
        return
    digits = matched.group()
    if digits.endswith(b"00000") or len(set(digits)) == 1:
        return
    yield Hit(start, matched.end(), Category.OTHER_ID, 0.5, Role.UNKNOWN, "number")


def _spaced(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Digits one by one, as forms with boxes give them: eight are a date, thirteen to fifteen a social security number."""
    digits = buffer[start:end].replace(b" ", b"")
    if (
        (buffer[end : end + 1] == b" " and buffer[end + 1 : end + 2].isdigit())
        or len(set(digits)) < 3
        or digits in b"01234567890123456789"
    ):
        return
    if len(digits) == 8 and 1 <= int(digits[:2]) <= 31 and 1 <= int(digits[2:4]) <= 12:
        yield Hit(start, end, Category.DATE, 0.7)
    else:
        long = len(digits) >= 13
        yield Hit(
            start,
            end,
            Category.NATIONAL_ID if long else Category.OTHER_ID,
            0.7 if long else 0.5,
            Role.UNKNOWN,
            "number",
        )


_NUMBER_SIGN = re.compile(rb"n(?:o|r|o?\.) ?(\d[\d ./-]{3,24}\d)(?![\w])", re.IGNORECASE)


def _after_number_sign(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _NUMBER_SIGN.match(buffer, start + 1)
    if matched is not None and not _QUANTITY_AFTER.match(buffer, matched.end()):
        yield Hit(matched.start(1), matched.end(1), Category.OTHER_ID, 0.6, Role.UNKNOWN, "number")


_MIXED = re.compile(rb"(?=[A-Z0-9-]*\d)[A-Z]{1,5}[-/]?\d{5,}[A-Z0-9]*(?:-[A-Z0-9]+)*(?![\w])")


def _mixed(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """Letters and then five digits or more: ``CN123456``."""
    matched = _MIXED.match(buffer, start)
    if (
        matched is None
        or buffer[start - 1] in b"-/_."
        or _CLINICAL_CODE_BEFORE.search(buffer, max(0, start - 16), start)
    ):
        return
    if matched.group().startswith(b"HL7"):
        return
    letters = re.match(rb"[A-Z]+", matched.group())
    if letters is not None and letters.group() in (
        b"NCT",
        b"PMID",
        b"PMC",
        b"NM",
        b"NP",
        b"RS",
        b"CAS",
        b"HLA",
        b"ISO",
        b"OMIM",
        b"MIM",
        b"EC",
        b"SNOMED",
    ):
        return
    yield Hit(start, matched.end(), Category.OTHER_ID, 0.5, Role.UNKNOWN, "number")


RULES: tuple[Rule, ...] = (
    *(label(_labelled(kind), kind.phrases) for kind in _LABELS),
    Rule(
        rb"(?:MRN|NHC|SSN|CSN|FIN|NPI|DEA|IPP)[-#:]?[ ]?(?:[A-Z]{1,3}-?)?\d{5}",
        lambda buffer, start, end: _glued(buffer, start, start + 3),
        caseless=False,
    ),
    Rule(rb"\b\d(?: \d){7,40}\b", _spaced),
    Rule(rb"[^a-z0-9]n(?:o|r|o?\.) ?\d{5}", _after_number_sign),
    Rule(rb"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", _uuid),
    Rule(rb"\b\d{7}", _long_number),
    Rule(rb"\b[A-Z]{1,5}[-/]?\d{5}", _mixed, caseless=False),
)
