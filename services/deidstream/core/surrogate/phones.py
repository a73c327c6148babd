"""Telephone numbers that cannot be dialled, in the shape of the original.

Where a regulator reserves numbers for fiction, one of them: US and Canada 555-0100 to 555-0199 (NANPA), United Kingdom (Ofcom,
numbers for drama use), Germany (BNetzA, Mitteilung 148/2021), France (ARCEP décision 2018-0881), Australia (ACMA), Ireland
(ComReg), Sweden (PTS). Elsewhere the digits after the first three are replaced by others.
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
_BY_LANGUAGE = {"en": "1", "de": "49", "fr": "33", "sv": "46"}


def phone(value: str, prf: Prf, subject: str, language: str = "en") -> str | None:
    """Another number in the punctuation of ``value``, the same for the same digits; None where there are fewer than three."""
    extension = _EXTENSION.search(value)
    if extension and extension.start() > 0:
        main = phone(value[: extension.start()], prf, subject, language)
        if main is not None:
            digits = extension[1]
            return (
                main
                + value[extension.start() : extension.start(1)]
                + _digits(prf, len(digits), "extension", subject, digits)
            )
    digits = "".join(character for character in value if character.isdecimal())
    if len(digits) < 3 or not digits.isascii():
        return None
    number, calling = _read(value.strip(), digits, language)
    made = number.country + _national(number.national, calling, prf, subject)
    return _refilled(value, made) if made != digits else None


def _read(value: str, digits: str, language: str) -> tuple[_Number, str]:
    """The number, and the calling code of its plan ('' where there is none that we know)."""
    if value.startswith(("+", "00")) and len(digits) >= 8:
        skip = 2 if digits.startswith("00") else 0
        calling = next((code for code in ("1", *_PLANS) if digits.startswith(code, skip)), "")
        at = skip + len(calling)
        return (
            (_Number(digits[:at], digits[at:]), calling)
            if calling
            else (_Number(digits[: skip + 2], digits[skip + 2 :]), "")
        )
    ten = digits[0] != "0" and (len(digits) == 10 or (len(digits) == 11 and digits[0] == "1"))
    if ten and (language in {"en", ""} or _GROUPED.match(value)):
        at = len(digits) - 10
        return _Number(digits[:at], digits[at:]), "1"
    if len(digits) == 7 and language in {"en", ""}:
        return _Number("", digits), "1"
    if digits[0] == "0" and language == "en":
        return _Number("", digits), "44"
    calling = _BY_LANGUAGE.get(language, "")
    return _Number("", digits), "" if calling == "1" else calling


def _national(national: str, calling: str, prf: Prf, subject: str) -> str:
    trunk = "0" if national.startswith("0") else ""
    core = national[len(trunk) :]
    if calling == "1" and len(national) in {7, 10}:
        return _north_american(national, prf, subject)
    for prefix, patterns in _PLANS.get(calling, ()):
        if core.startswith(prefix) and len(core) >= 7:
            pattern = patterns[prf.below(len(patterns), "phone-range", subject, core)]
            return trunk + _filled(pattern, prf, subject, core)
    kept = min(3, len(national) - 3) if len(national) > 4 else 0
    rest = national[kept:]
    made = _digits(prf, len(rest), "phone", subject, national)
    if made == rest:
        made = str((int(made[0]) + 1) % 10) + made[1:]
    return national[:kept] + made


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
    """``digits`` in the places of the digits of ``value``; what is too many goes to the last place, places left over vanish."""
    places = [place for place, character in enumerate(value) if character.isdecimal()]
    out = list(value)
    for order, place in enumerate(places):
        out[place] = digits[order : order + 1]
    if len(digits) > len(places):
        out[places[-1]] += digits[len(places) :]
    return "".join(out).rstrip(" -./") if len(digits) < len(places) else "".join(out)
