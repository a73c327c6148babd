"""Numbers that prove themselves: national identifiers, bank accounts, cards, vehicles, devices, by shape and check digit.

A right check digit makes a distinctive shape certain (1.0); a wrong one leaves it a finding of less weight, for people mistype.
Shapes that many numbers share count only with their check digit; those that even then are common (nine digits) only behind a label
(``identifiers``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.detection.text.rules.rule import Confirm, Hit, Rule

__all__ = ["RULES"]


class _Number(NamedTuple):
    """``trigger`` is the whole shape. ``check``: ``stdnum`` modules or a function; ``wrong``: the score if it says no."""

    trigger: bytes
    check: str | Callable[[str], bool]
    category: Category = Category.NATIONAL_ID
    right: float = 1.0
    wrong: float = 0.0
    caseless: bool = False


def _confirm(number: _Number) -> Confirm:
    checks = number.check.split() if isinstance(number.check, str) else [number.check]

    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        if (
            buffer[start - 1] in b"-.,/_+"
            or buffer[end : end + 2][:1] in (b"_", b"-", b"/")
            or _digits_go_on(buffer, end)
        ):
            return
        value = buffer[start:end].decode("latin-1")
        valid = any(_valid(check, value) for check in checks)
        score = number.right if valid else number.wrong
        if score:
            yield Hit(start, end, number.category, score, Role.UNKNOWN, "number")

    return confirm


def _digits_go_on(buffer: bytes, end: int) -> bool:
    return buffer[end : end + 1] in (b".", b",") and buffer[end + 1 : end + 2].isdigit()


def _valid(check: str | Callable[[str], bool], value: str) -> bool:
    return (_module(check) if isinstance(check, str) else check)(value)


@lru_cache(maxsize=64)
def _module(name: str) -> Callable[[str], bool]:
    check: Callable[[str], bool] = import_module(f"stdnum.{name}").is_valid
    return check


def _any(_: str) -> bool:
    return True


def _digits(value: str) -> list[int]:
    return [int(character) for character in value if "0" <= character <= "9"]


def _luhn(digits: list[int]) -> bool:
    doubled = [digit if place % 2 == 0 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _card(value: str) -> bool:
    digits = _digits(value)
    return len(digits) in (13, 14, 15, 16, 19) and len(set(digits)) > 1 and _luhn(digits)


def _kvnr(value: str) -> bool:
    """German health insurance number: letter as two digits, weights 1 and 2, check digit modulo 10 (section 290 SGB V)."""
    digits = [*divmod(ord(value[0]) - 64, 10), *_digits(value[1:])]
    total = sum(sum(divmod(digit * (1 + place % 2), 10)) for place, digit in enumerate(digits[:-1]))
    return total % 10 == digits[-1]


def _nuss(value: str) -> bool:
    """Spanish social security number: the last two digits are the rest modulo 97."""
    number = "".join(map(str, _digits(value)))
    province, middle, control = number[:2], number[2:10], int(number[10:])
    whole = int(province + middle) if middle[0] != "0" else int(province + middle[1:])
    return 1 <= int(province) <= 66 and whole % 97 == control


def _dea(value: str) -> bool:
    digits = _digits(value[2:])
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


_VIN_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9], strict=True)
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def _vin(value: str) -> bool:
    """ISO 3779 with the North American check digit."""
    if value.isdigit() or value.isalpha():
        return False
    rest = (
        sum(
            _VIN_VALUES.get(character, 0) * weight if character.isalpha() else int(character) * weight
            for character, weight in zip(value, _VIN_WEIGHTS, strict=True)
        )
        % 11
    )
    return value[8] == ("X" if rest == 10 else str(rest))


def _imei(value: str) -> bool:
    digits = _digits(value)
    return len(set(digits)) > 2 and _luhn(digits)


def _born(value: str) -> bool:
    """The first six digits read as a date, day or year first (Denmark, Korea, Sweden)."""
    digits = _digits(value)
    first, month, last = digits[0] * 10 + digits[1], digits[2] * 10 + digits[3], digits[4] * 10 + digits[5]
    return 1 <= month <= 12 and (1 <= first <= 31 or 1 <= last <= 31)


_HEALTH = Category.HEALTH_PLAN

_NUMBERS: tuple[_Number, ...] = (
    _Number(rb"\b\d{3}-\d\d-\d{4}\b", "us.ssn", wrong=0.5),
    _Number(rb"\b9\d\d-[5-9]\d-\d{4}\b", "us.itin", wrong=0.5),
    _Number(rb"\b\d{3} \d\d \d{4}\b", "us.ssn", right=0.6),
    _Number(rb"\b\d{3} \d{3} \d{4}\b", "gb.nhs", right=0.95),
    _Number(rb"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b", _any, right=0.9),
    _Number(rb"\b[A-Z]\d{9}\b", _kvnr, _HEALTH, right=0.95),
    _Number(rb"\b\d\d ?(?:0[1-9]|[1-9]\d)(?:0[1-9]|1[0-2])\d\d ?[A-Z] ?\d{3}\b", _any, right=0.85),
    _Number(rb"\b\d\d ?\d{3} ?\d{3} ?\d{3}\b", "de.idnr", right=0.8),
    _Number(rb"\b\d{8}[- ]?[A-Z]\b", "es.dni", wrong=0.6),
    _Number(rb"\b\d{2}\.\d{3}\.\d{3}[- ]?[A-Z]\b", "es.dni", wrong=0.6),
    _Number(rb"\b[XYZ][- ]?\d{7}[- ]?[A-Z]\b", "es.nie", wrong=0.6),
    _Number(rb"\b\d\d[ /-]?\d{8}[ /-]?\d\d\b", _nuss, _HEALTH, right=0.9),
    _Number(rb"\b[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d\b", "fr.nir", wrong=0.6),
    _Number(
        rb"\b[A-Z]{6}\d[0-9LMNP-V][A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z0-9]\b",
        "it.codicefiscale",
        wrong=0.8,
        caseless=True,
    ),
    _Number(rb"\b\d{3}\.\d{3}\.\d{3}-\d\d\b", "br.cpf", wrong=0.6),
    _Number(rb"\b\d\d\.\d{3}\.\d{3}/\d{4}-\d\d\b", "br.cnpj", Category.OTHER_ID, wrong=0.6),
    _Number(rb"\b\d{1,2}\.\d{3}\.\d{3}-[\dKk]\b", "cl.rut", wrong=0.6),
    _Number(rb"\b[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d\b", _any, right=0.95),
    _Number(rb"\b\d\d\.\d\d\.\d\d-\d{3}\.\d\d\b", "be.nn", wrong=0.7),
    _Number(rb"\b756[. ]?\d{4}[. ]?\d{4}[. ]?\d\d\b", "ch.ssn", wrong=0.6),
    _Number(rb"\b\d{11}\b", "pl.pesel tr.tckimlik no.fodselsnummer de.idnr br.cpf be.nn hr.oib", right=0.7),
    _Number(rb"\b(?:19|20)?\d{6}[-+]\d{4}\b", "se.personnummer dk.cpr", wrong=0.0),
    _Number(rb"\b[0-3]\d[01]\d\d\d-\d{4}\b", _born, right=0.7),
    _Number(rb"\b\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]\b", "fi.hetu", wrong=0.0),
    _Number(rb"\b\d{4}[ -]\d{4}[ -]\d{4}\b", "in_.aadhaar", wrong=0.55),
    _Number(rb"\b[2-9]\d{11}\b", "in_.aadhaar", right=0.75),
    _Number(rb"\b\d{17}[\dX]\b", "cn.ric", right=1.0),
    _Number(rb"\b\d{6}-[1-8]\d{6}\b", _born, right=0.85),
    _Number(
        rb"\b[1-9][A-HJKMNP-RT-Y][A-HJKMNP-RT-Y\d]\d-?[A-HJKMNP-RT-Y][A-HJKMNP-RT-Y\d]\d-?[A-HJKMNP-RT-Y]{2}\d\d\b",
        _any,
        _HEALTH,
        right=0.9,
    ),
    _Number(rb"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", "iban", Category.ACCOUNT, right=1.0),
    _Number(rb"\b\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,4}\b", _card, Category.ACCOUNT, right=1.0, wrong=0.6),
    _Number(rb"\b3[47]\d\d[ -]\d{6}[ -]\d{5}\b", _card, Category.ACCOUNT, right=1.0, wrong=0.6),
    _Number(rb"\b[3-6]\d{12,15}\b", _card, Category.ACCOUNT, right=0.8),
    _Number(rb"\b[A-HJ-NPR-Z0-9]{17}\b", _vin, Category.VEHICLE, right=0.95),
    _Number(rb"\b\d{15}\b|\b\d\d-\d{6}-\d{6}-\d\b", _imei, Category.DEVICE, right=0.7),
    _Number(
        rb"\(01\)\d{14}(?:\(1[17]\)\d{6}){0,2}(?:\((?:10|21)\)[A-Z0-9]{1,20}){0,2}", _any, Category.DEVICE, right=0.95
    ),
    _Number(rb"\b[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}\b", _dea, Category.LICENCE, right=0.95),
    _Number(rb"\b[A-Z]{2}-\d{3}-[A-Z]{2}\b", _any, Category.VEHICLE, right=0.75),
    _Number(rb"\b\d{4}[ -]?[BCDFGHJKLMNPRSTVWXYZ]{3}\b", _any, Category.VEHICLE, right=0.45),
    _Number(rb"\b[A-Z]{2}\d\d [A-HJ-PR-Y]{3}\b", _any, Category.VEHICLE, right=0.6),
    _Number(
        rb"\b(?:\d\d-[A-Z]{3}-\d|\d-[A-Z]{3}-\d\d|[A-Z]-\d{3}-[A-Z]{2}|[A-Z]{2}-\d{3}-[A-Z])\b",
        _any,
        Category.VEHICLE,
        right=0.65,
    ),
)

RULES: tuple[Rule, ...] = tuple(Rule(number.trigger, _confirm(number), number.caseless) for number in _NUMBERS)
