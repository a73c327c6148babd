"""Identifier schemes whose check digits a surrogate keeps: what a valid number looks like, and how its check is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_uppercase, digits

__all__ = ["Scheme", "scheme_of"]

Alphabet = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A number is a payload, one token of each alphabet, followed by its check; ``check`` is None for a payload without one."""

    name: str
    alphabets: tuple[Alphabet, ...]
    check: Callable[[str], str | None]
    check_width: int = 1

    @property
    def size(self) -> int:
        """How many payloads there are, valid or not."""
        size = 1
        for alphabet in self.alphabets:
            size *= len(alphabet)
        return size

    def rank(self, value: str) -> int | None:
        """The place of the payload of ``value``; None where ``value`` is not a valid number of this scheme."""
        payload = value[: -self.check_width]
        if payload[: len(self.alphabets[0][0])] not in self.alphabets[0]:
            return None
        if self.check(payload) != value[-self.check_width :]:
            return None
        at, rank = 0, 0
        for alphabet in self.alphabets:
            width = len(alphabet[0])
            token = value[at : at + width]
            if token not in alphabet:
                return None
            rank = rank * len(alphabet) + alphabet.index(token)
            at += width
        return rank

    def unrank(self, rank: int) -> str | None:
        """The number with that payload; None where it has no check."""
        tokens: list[str] = []
        for alphabet in reversed(self.alphabets):
            rank, place = divmod(rank, len(alphabet))
            tokens.append(alphabet[place])
        payload = "".join(reversed(tokens))
        check = self.check(payload)
        return None if check is None else payload + check


def scheme_of(value: str, pattern: str) -> tuple[Scheme, int] | None:
    """The first scheme in which ``value`` (upper case, no separators) is valid, and its rank there.

    ``pattern`` is ``value`` with every digit as ``0`` and every letter as ``A``.
    """
    for scheme in _by_pattern().get(pattern, ()):
        rank = scheme.rank(value)
        if rank is not None:
            return scheme, rank
    return None


def _luhn(payload: str) -> str:
    total = 0
    for place, character in enumerate(reversed(payload)):
        number = int(character) * (2 - place % 2)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def _npi(payload: str) -> str:
    """US National Provider Identifier: Luhn over the number with the issuer 80840 before it."""
    return _luhn("80840" + payload)


def _weighted(payload: str, weights: tuple[int, ...]) -> int:
    return sum(int(character) * weight for character, weight in zip(payload, weights, strict=True))


def _nhs(payload: str) -> str | None:
    """NHS number (NHS Data Dictionary): 11 less the weighted sum modulo 11; 10 is never issued."""
    check = -_weighted(payload, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return None if check == 10 else str(check)


def _bsn(payload: str) -> str | None:
    """NL burgerservicenummer, the eleven test: the last digit has weight -1."""
    check = _weighted(payload, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return None if check == 10 or payload == "00000000" else str(check)


def _nif_pt(payload: str) -> str:
    check = -_weighted(payload, (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return str(check % 10)


def _dni(payload: str) -> str:
    """ES DNI and NIE: the letter is the number modulo 23; X, Y, Z stand for 0, 1, 2."""
    number = str("XYZ".index(payload[0])) + payload[1:] if payload[0] in "XYZ" else payload
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def _kvnr(payload: str) -> str:
    """DE Krankenversichertennummer: letter as two digits, weights 1, 2, cross sums, modulo 10."""
    number = f"{ord(payload[0]) - 64:02d}{payload[1:]}"
    products = (int(character) * (1 + place % 2) for place, character in enumerate(number))
    return str(sum(product // 10 + product % 10 for product in products) % 10)


_CF_ODD = dict(
    zip(
        digits + ascii_uppercase,
        (
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        ),
        strict=True,
    )
)


def _codice_fiscale(payload: str) -> str:
    """IT codice fiscale (D.M. 23 December 1976): odd places by table, even places by value, modulo 26."""
    total = 0
    for place, character in enumerate(payload):
        even = int(character) if character.isdigit() else ord(character) - 65
        total += even if place % 2 else _CF_ODD[character]
    return ascii_uppercase[total % 26]


def _nir(payload: str) -> str:
    """FR NIR: 97 less the number modulo 97, two digits."""
    return f"{97 - int(payload) % 97:02d}"


def _cpf(payload: str) -> str:
    """BR CPF: two digits modulo 11, the second over the first."""
    first = -_weighted(payload, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11 % 10
    second = -_weighted(f"{payload}{first}", (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11 % 10
    return f"{first}{second}"


def _pesel(payload: str) -> str:
    return str(-_weighted(payload, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10)


def _rrn_be(payload: str) -> str:
    """BE national number of people born before 2000; later births fall to the generic permutation."""
    return f"{97 - int(payload) % 97:02d}"


_D = tuple(digits)
_L = tuple(ascii_uppercase)
_MONTH = tuple(f"{month:02d}" for month in range(1, 13))
_DAY = tuple(f"{day:02d}" for day in range(1, 29))

_SCHEMES = (
    Scheme("us-npi", (("1", "2"), *[_D] * 8), _npi),
    Scheme("gb-nhs", (_D,) * 9, _nhs),
    Scheme("nl-bsn", (_D,) * 8, _bsn),
    Scheme("pt-nif", (tuple("12356789"), *[_D] * 7), _nif_pt),
    Scheme("ca-sin", (_D,) * 8, _luhn),
    Scheme("es-dni", (_D,) * 8, _dni),
    Scheme("es-nie", (tuple("XYZ"), *[_D] * 7), _dni),
    Scheme("de-kvnr", (_L, *[_D] * 8), _kvnr),
    Scheme(
        "it-cf",
        (*[_L] * 6, _D, _D, tuple("ABCDEHLMPRST"), (*_DAY, *(str(int(day) + 40) for day in _DAY)), _L, *[_D] * 3),
        _codice_fiscale,
    ),
    Scheme("fr-nir", (("1", "2"), _D, _D, _MONTH, tuple(f"{d:02d}" for d in range(1, 96)), *[_D] * 6), _nir, 2),
    Scheme("br-cpf", (_D,) * 9, _cpf, 2),
    Scheme("pl-pesel", (_D, _D, (*_MONTH, *(str(int(month) + 20) for month in _MONTH)), _DAY, *[_D] * 4), _pesel),
    Scheme("be-rrn", (_D, _D, _MONTH, _DAY, *[_D] * 3), _rrn_be, 2),
    Scheme("luhn-15", (_D,) * 14, _luhn),
    Scheme("luhn-16", (_D,) * 15, _luhn),
)


@lru_cache(maxsize=1)
def _by_pattern() -> dict[str, tuple[Scheme, ...]]:
    found: dict[str, tuple[Scheme, ...]] = {}
    for scheme in _SCHEMES:
        sample = next(value for rank in range(20) if (value := scheme.unrank(rank)) is not None)
        pattern = "".join("0" if character.isdigit() else "A" for character in sample)
        found[pattern] = (*found.get(pattern, ()), scheme)
    return found
