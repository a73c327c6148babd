"""Telephone numbers that cannot be dialled, in the shape of the original.

Where a regulator reserves numbers for fiction, one of them: US and Canada 555-0100 to 555-0199 (NANPA), United Kingdom (Ofcom,
numbers for drama use), Germany (BNetzA, Mitteilung 148/2021), France (ARCEP décision 2018-0881), Australia (ACMA), Ireland
(ComReg), Sweden (PTS). Elsewhere all digits after the trunk prefix and the first one are replaced by others.

The number of digits and all that stands between them stay. A reserved number that is too short gets more digits, one that is too
long is cut: numbering plans are free of prefixes (ITU-T E.164), so neither can be dialled.

Whose plan a national number follows is judged by the country of the person, where the number fits it, then by its shape.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from deidstream.core.surrogate.prf import Prf

__all__ = ["phone"]

_EXTENSION = re.compile(
    r"\s*(?:\b(?:x|ext|extn|extension|app|durchwahl|dw|poste|anexo|int)\b\.?:?\s*|\bx|#)(\d{1,6})\s*$", re.IGNORECASE
)
_GROUPED = re.compile(r"1?[\s.-]?\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}")
_AREAS = (
    "201 203 206 212 213 215 216 303 305 312 313 314 317 404 412 414 415 502 503 504 512 513 602 614 615 617 "  # noqa: SIM905
    "702 713 716 801".split()
)


class _Number(NamedTuple):
    country: str
    """Calling code digits as written in front, '' for a national number."""
    national: str


_PLANS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    # calling code -> (prefix of the national number without its trunk 0, reserved patterns; '#' is any digit)
    "44": (
        ("7", ("7700900###",)),
        ("20", ("2079460###",)),
        ("8", ("8081570###",)),
        ("", ("1632960###", "1134960###", "1214960###", "1614960###", "1174960###", "1314960###")),
    ),
    "49": (
        ("1", ("17139200##", "17604069###")),
        ("30", ("3023125###",)),
        ("40", ("4066969###",)),
        ("69", ("6990009###",)),
        ("89", ("8999998###",)),
        ("", ("2214710###", "3023125###", "6990009###", "8999998###")),
    ),
    "33": (
        ("6", ("63998####",)),
        ("7", ("63998####",)),
        ("2", ("26191####",)),
        ("3", ("35301####",)),
        ("4", ("46571####",)),
        ("5", ("53649####",)),
        ("", ("19900####",)),
    ),
    "61": (
        ("4", ("491570006", "491570156", "491570157", "491570158", "491570159", "491570110")),
        ("", ("25550####", "35550####", "75550####", "85550####")),
    ),
    "353": (("", ("2091#####",)),),
    "46": (("7", ("701740605", "701740606", "701740607")), ("", ("31390060#", "40628040#", "84650040#"))),
}
_CALLING = {"US": "1", "CA": "1", "GB": "44", "DE": "49", "FR": "33", "AU": "61", "IE": "353", "SE": "46"}
_NO_PLAN = "-"
"""A country of which we know no reserved numbers."""
_OF_LANGUAGE = {"en": "1", "de": "49", "fr": "33", "sv": "46"}
_NATIONAL = {
    # how numbers of a plan are written in their country, digits alone
    "1": re.compile(r"1?[2-9]\d{9}|\d{7}"),
    "44": re.compile(r"0\d{9,10}"),
    "49": re.compile(r"0?[1-9]\d{5,11}"),
    "33": re.compile(r"0?[1-9]\d{8}"),
    "61": re.compile(r"0?[2-478]\d{8}|1\d{5,9}"),
    "353": re.compile(r"0?[1-9]\d{6,9}"),
    "46": re.compile(r"0?[1-9]\d{6,9}"),
}
_SHAPES = (
    ("33", re.compile(r"0[1-9](?:[\s.-]?\d{2}){4}")),
    ("44", re.compile(r"\(?0(?:20\)?[\s-]\d{4}[\s-]\d{4}|7\d{3}[\s-]\d{6}|1\d{2,3}\)?[\s-]\d{6,7})")),
)
"""Of which plan a number is by its punctuation, where no country is known. Pairs are French."""
_TWO_DIGIT_CODES = frozenset(
    "20 27 30 31 32 34 36 39 40 41 43 45 47 48 51 52 53 54 55 56 57 58 60 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98".split()  # noqa: SIM905
)


def phone(value: str, prf: Prf, subject: str, country: str = "", language: str = "en") -> str | None:
    """Another number in the punctuation of ``value``, the same for the same digits; None where there are fewer than three.

    ``country`` (alpha-2) is the person's, '' where it is not known; ``language`` the project's.
    """
    extension = _EXTENSION.search(value)
    if extension and extension.start() > 0:
        main = phone(value[: extension.start()], prf, subject, country, language)
        if main is not None:
            digits = extension[1]
            between = value[extension.start() : extension.start(1)]
            return main + between + _digits(prf, len(digits), "extension", subject, digits)
    digits = "".join(character for character in value if character.isdecimal())
    if len(digits) < 3 or not digits.isascii():
        return None
    number, calling = _read(value.strip(), digits, country, language)
    made = number.country + _national(number.national, calling, prf, subject)
    if made == digits:
        made = made[:-1] + str((int(made[-1]) + 1) % 10)
    return _refilled(value, made)


def _read(value: str, digits: str, country: str, language: str) -> tuple[_Number, str]:
    """The number, and the calling code of its plan ('-' where there is none that we know)."""
    if value.startswith(("+", "00")) and len(digits) >= 8:
        skip = 2 if digits.startswith("00") else 0
        calling = next((code for code in ("1", *_PLANS) if digits.startswith(code, skip)), "")
        width = len(calling) or (2 if digits[skip : skip + 2] in _TWO_DIGIT_CODES else 1 if digits[skip] == "7" else 3)
        return _Number(digits[: skip + width], digits[skip + width :]), calling or _NO_PLAN
    calling = _plan(value, digits, country, language)
    at = 1 if calling == "1" and len(digits) == 11 else 0
    return _Number(digits[:at], digits[at:]), calling


def _plan(value: str, digits: str, country: str, language: str) -> str:
    home = _CALLING.get(country, _NO_PLAN) if country else ""
    if home in _NATIONAL and _NATIONAL[home].fullmatch(digits):
        return home
    if _GROUPED.match(value) and _NATIONAL["1"].fullmatch(digits):
        return "1"
    if home:
        return _NO_PLAN
    usual = _OF_LANGUAGE.get(language, _NO_PLAN)
    if usual in _NATIONAL and _NATIONAL[usual].fullmatch(digits):
        return usual
    found = next((plan for plan, shape in _SHAPES if shape.fullmatch(value)), _NO_PLAN)
    return "44" if found == _NO_PLAN and language == "en" and _NATIONAL["44"].fullmatch(digits) else found


def _national(national: str, calling: str, prf: Prf, subject: str) -> str:
    trunk = "0" if national.startswith("0") else ""
    core = national[len(trunk) :]
    if calling == "1" and len(national) in {7, 10}:
        return _north_american(national, prf, subject)
    for prefix, patterns in _PLANS.get(calling, ()):
        if core.startswith(prefix) and len(core) >= 7:
            pattern = patterns[prf.below(len(patterns), "phone-range", subject, core)]
            return trunk + _filled(pattern.ljust(len(core), "#")[: len(core)], prf, subject, core)
    kept = trunk or national[: len(national) > 4]
    return kept + _digits(prf, len(national) - len(kept), "phone", subject, core)


def _north_american(national: str, prf: Prf, subject: str) -> str:
    line = f"55501{prf.below(100, 'phone', subject, national[-7:]):02d}"
    if national.endswith(line):
        line = f"55501{(int(line[-2:]) + 1) % 100:02d}"
    if len(national) == 10:
        return _AREAS[prf.below(len(_AREAS), "phone-area", subject, national)] + line
    return line


def _filled(pattern: str, prf: Prf, subject: str, label: str) -> str:
    digits = iter(_digits(prf, pattern.count("#"), "phone", subject, label))
    return "".join(next(digits) if character == "#" else character for character in pattern)


def _digits(prf: Prf, count: int, *labels: str) -> str:
    return f"{prf.below(10**count, *labels):0{count}d}" if count else ""


def _refilled(value: str, digits: str) -> str:
    """``digits`` in the places of the digits of ``value``, of which there are as many."""
    fill = iter(digits)
    return "".join(next(fill) if character.isdecimal() else character for character in value)
