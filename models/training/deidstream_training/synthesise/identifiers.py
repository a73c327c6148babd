"""Identifiers of persons, with the check digits of their schemes; one in twenty is wrong, as in real documents."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from deidstream.core.category import Category
from stdnum import iban, luhn
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pt import nif

from deidstream_training.synthesise.days import Days

__all__ = ["IDENTIFIERS", "filled"]

_WRONG = 0.05
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_CONSONANTS = "BCDFGLMNPRSTVZ"
_MONTHS = "ABCDEHLMPRST"
Make = Callable[[Random, Days, str], str]
"""From random numbers, the patient's days and sex."""


def filled(rng: Random, pattern: str) -> str:
    """The pattern with a digit for each ``_``, one from 1 to 9 for each ``N``, a capital letter for each ``A``."""
    return "".join(
        rng.choice("0123456789")
        if sign == "_"
        else rng.choice("123456789")
        if sign == "N"
        else rng.choice(_LETTERS)
        if sign == "A"
        else sign
        for sign in pattern
    )


def _digits(rng: Random, count: int) -> str:
    return filled(rng, "N" + "_" * (count - 1))


def _spoilt(rng: Random, number: str) -> str:
    """The number, now and then with a last digit that does not check."""
    if rng.random() >= _WRONG or not number[-1].isdigit():
        return number
    return number[:-1] + str((int(number[-1]) + rng.randint(1, 9)) % 10)


def _grouped(rng: Random, number: str, sizes: tuple[int, ...], signs: str = " ") -> str:
    """The number in groups, with one of the signs between them, or in one piece."""
    sign = rng.choice(signs + "~")
    if sign == "~":
        return number
    parts, start = [], 0
    for size in sizes:
        parts.append(number[start : start + size])
        start += size
    return sign.join(parts)


def _nhs(rng: Random, days: Days, sex: str) -> str:
    while True:
        body = _digits(rng, 9)
        check = -sum(int(digit) * weight for digit, weight in zip(body, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            return _grouped(rng, _spoilt(rng, f"{body}{check}"), (3, 3, 4), "  -")


def _ssn(rng: Random, days: Days, sex: str) -> str:
    area, group = rng.randint(1, 899), rng.randint(1, 99)
    area = 665 if area == 666 else area
    return _grouped(rng, f"{area:03d}{group:02d}{rng.randint(1, 9999):04d}", (3, 2, 4), "--- ")


def _mbi(rng: Random, days: Days, sex: str) -> str:
    drawn = filled(rng, "NA__A__AA__").translate(str.maketrans("BILOSZ", "CFGHJK"))
    return _grouped(rng, drawn, (4, 3, 4), "--")


def _medicare_au(rng: Random, days: Days, sex: str) -> str:
    body = rng.choice("23456") + _digits(rng, 7)
    check = sum(int(digit) * weight for digit, weight in zip(body, (1, 3, 7, 9, 1, 3, 7, 9), strict=True)) % 10
    return _grouped(rng, _spoilt(rng, body + str(check)) + rng.choice("123"), (4, 5, 1), " ")


def _kvnr(rng: Random, days: Days, sex: str) -> str:
    letter, body = rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), _digits(rng, 8)
    spelled = f"{ord(letter) - 64:02d}{body}"
    products = (int(digit) * (1 + index % 2) for index, digit in enumerate(spelled))
    return letter + _spoilt(rng, body + str(sum(product // 10 + product % 10 for product in products) % 10))


def _svnr_at(rng: Random, days: Days, sex: str) -> str:
    """The Austrian social insurance number: three digits, the check digit, the date of birth."""
    birth = days.birth.strftime("%d%m%y")
    while True:
        serial = _digits(rng, 3)
        weighted = zip(serial + birth, (3, 7, 9, 5, 8, 4, 2, 1, 6), strict=True)
        check = sum(int(digit) * weight for digit, weight in weighted) % 11
        if check < 10:
            return _grouped(rng, f"{serial}{check}{birth}", (4, 6), " ")


def _ahv(rng: Random, days: Days, sex: str) -> str:
    body = "756" + _digits(rng, 9)
    check = -sum(int(digit) * (1 + 2 * (index % 2)) for index, digit in enumerate(body)) % 10
    return _grouped(rng, _spoilt(rng, body + str(check)), (3, 4, 4, 2), "..")


def _nir(rng: Random, days: Days, sex: str) -> str:
    place = f"{rng.randint(1, 95):02d}{rng.randint(1, 560):03d}"
    body = f"{'1' if sex == 'm' else '2'}{days.birth:%y%m}{place}{rng.randint(1, 990):03d}"
    return _grouped(rng, _spoilt(rng, f"{body}{97 - int(body) % 97:02d}"), (1, 2, 2, 2, 3, 3, 2), "  ")


def _niss(rng: Random, days: Days, sex: str) -> str:
    """The Belgian national number."""
    body = f"{days.birth:%y%m%d}{rng.randint(1, 997):03d}"
    check = 97 - int(("2" if days.birth.year >= 2000 else "") + body) % 97
    return f"{body[:2]}.{body[2:4]}.{body[4:6]}-{body[6:]}.{check:02d}" if rng.random() < 0.7 else f"{body}{check:02d}"


def _luhn(prefix: str, length: int) -> Make:
    def make(rng: Random, days: Days, sex: str) -> str:
        body = prefix + _digits(rng, length - 1 - len(prefix))
        return _spoilt(rng, body + luhn.calc_check_digit(body))

    return make


def _codice_fiscale(rng: Random, days: Days, sex: str) -> str:
    letters = "".join(rng.choice(_CONSONANTS) for _ in range(6))
    day = days.birth.day + (40 if sex == "f" else 0)
    body = f"{letters}{days.birth:%y}{_MONTHS[days.birth.month - 1]}{day:02d}{rng.choice('ABCDEFGHILMZ')}{rng.randint(1, 999):03d}"
    number = body + codicefiscale.calc_check_digit(body)
    return number if rng.random() < 0.85 else " ".join((number[:3], number[3:6], number[6:11], number[11:]))


def _bsn(rng: Random, days: Days, sex: str) -> str:
    while True:
        number = _digits(rng, 9)
        if bsn.is_valid(number):
            return _grouped(rng, _spoilt(rng, number), (4, 2, 3), "~. ")


def _dni(rng: Random, days: Days, sex: str) -> str:
    body = _digits(rng, 8)
    return body + rng.choice(("", "-", "")) + dni.calc_check_digit(body)


def _nie(rng: Random, days: Days, sex: str) -> str:
    body = rng.choice("XYZ") + _digits(rng, 7)
    check = nie.calc_check_digit(body)
    return f"{body[0]}-{body[1:]}-{check}" if rng.random() < 0.4 else body + check


def _nass(rng: Random, days: Days, sex: str) -> str:
    body = f"{rng.randint(1, 50):02d}{_digits(rng, 8)}"
    return _grouped(rng, f"{body}{int(body) % 97:02d}", (2, 8, 2), "/ ")


def _nif(rng: Random, days: Days, sex: str) -> str:
    body = rng.choice("12") + _digits(rng, 7)
    return _grouped(rng, _spoilt(rng, body + nif.calc_check_digit(body)), (3, 3, 3), " ~")


def _cpf(rng: Random, days: Days, sex: str) -> str:
    body = [int(digit) for digit in _digits(rng, 9)]
    for _ in range(2):
        rest = sum(digit * weight for digit, weight in zip(body, range(len(body) + 1, 1, -1), strict=True)) * 10 % 11
        body.append(rest % 10)
    number = _spoilt(rng, "".join(map(str, body)))
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}" if rng.random() < 0.8 else number


def _resident_id(rng: Random, days: Days, sex: str) -> str:
    region = rng.choice(
        ("110105", "310104", "440106", "510107", "320311", "420111", "330108", "370202", "610113", "430121")
    )
    serial = rng.randint(1, 498) * 2 + (sex == "m")
    body = f"{region}{days.birth:%Y%m%d}{serial:03d}"
    return body + ric.calc_check_digit(body)


def _emirates_id(rng: Random, days: Days, sex: str) -> str:
    body = f"784{days.birth.year}{_digits(rng, 7)}"
    number = body + luhn.calc_check_digit(body)
    return _grouped(rng, number, (3, 4, 7, 1), "--")


def _egyptian_id(rng: Random, days: Days, sex: str) -> str:
    return f"{2 if days.birth.year < 2000 else 3}{days.birth:%y%m%d}{rng.randint(1, 35):02d}{_digits(rng, 5)}"


def _iban(country: str, length: int) -> Make:
    def make(rng: Random, days: Days, sex: str) -> str:
        body = _digits(rng, length - 4)
        number = f"{country}{iban.calc_check_digits(f'{country}00{body}')}{body}"
        return _grouped(rng, number, (4,) * 5 + (length - 20,), " ")

    return make


IDENTIFIERS: dict[str, tuple[Make, Category]] = {
    "nhs": (_nhs, Category.NATIONAL_ID),
    "ssn": (_ssn, Category.NATIONAL_ID),
    "mbi": (_mbi, Category.HEALTH_PLAN),
    "medicare_au": (_medicare_au, Category.HEALTH_PLAN),
    "kvnr": (_kvnr, Category.HEALTH_PLAN),
    "svnr_at": (_svnr_at, Category.NATIONAL_ID),
    "ahv": (_ahv, Category.NATIONAL_ID),
    "nir": (_nir, Category.NATIONAL_ID),
    "niss": (_niss, Category.NATIONAL_ID),
    "rpps": (_luhn("10", 11), Category.LICENCE),
    "codice_fiscale": (_codice_fiscale, Category.NATIONAL_ID),
    "bsn": (_bsn, Category.NATIONAL_ID),
    "dni": (_dni, Category.NATIONAL_ID),
    "nie": (_nie, Category.NATIONAL_ID),
    "nass": (_nass, Category.HEALTH_PLAN),
    "nif": (_nif, Category.NATIONAL_ID),
    "cpf": (_cpf, Category.NATIONAL_ID),
    "saudi_id": (_luhn("1", 10), Category.NATIONAL_ID),
    "iqama": (_luhn("2", 10), Category.NATIONAL_ID),
    "emirates_id": (_emirates_id, Category.NATIONAL_ID),
    "egyptian_id": (_egyptian_id, Category.NATIONAL_ID),
    "resident_id": (_resident_id, Category.NATIONAL_ID),
    "iban_de": (_iban("DE", 22), Category.ACCOUNT),
    "iban_es": (_iban("ES", 24), Category.ACCOUNT),
    "iban_pt": (_iban("PT", 25), Category.ACCOUNT),
    "iban_sa": (_iban("SA", 24), Category.ACCOUNT),
}
"""Slot to what makes its value, and its category."""
