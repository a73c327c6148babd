"""All surrogates of one project: from its key, the subject, the category and the value, and from nothing else."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Callable
from typing import Protocol

from deidstream.core.category import NUMBERS, Category
from deidstream.core.surrogate import contacts, organisations, phones, places
from deidstream.core.surrogate.ff1 import BlockCipher
from deidstream.core.surrogate.identifiers import Identifiers
from deidstream.core.surrogate.names import Names
from deidstream.core.surrogate.person import Person
from deidstream.core.surrogate.prf import Prf

__all__ = ["NoPseudonyms", "Pseudonyms", "Surrogates"]

# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_NAME, _PLACE, _ORGANISATION = Category.NAME, Category.PLACE, Category.ORGANISATION


class Pseudonyms(Protocol):
    """Pseudonyms and offsets that a project brought from elsewhere: asked first."""

    def pseudonym(self, identifier: str) -> str | None:
        """The pseudonym of an identifier, None where it has none."""

    def original(self, pseudonym: str) -> str | None:
        """The identifier that has this pseudonym."""

    def offset(self, keys: tuple[str, ...]) -> int | None:
        """The days by which the subject with one of these identifiers moves."""


class NoPseudonyms:
    """Nothing was brought."""

    def pseudonym(self, identifier: str) -> str | None:
        """None."""

    def original(self, pseudonym: str) -> str | None:
        """None."""

    def offset(self, keys: tuple[str, ...]) -> int | None:
        """None."""


class Surrogates:
    """The surrogates under one 32-byte ``key``. ``aes`` makes the block cipher of a key; ``language`` is the project's own."""

    def __init__(
        self,
        key: bytes,
        aes: Callable[[bytes], BlockCipher],
        language: str = "en",
        imported: Pseudonyms | None = None,
    ) -> None:
        prf = Prf(_derived(key, "prf"))
        self._prf = prf
        self._language = language
        self._imported = imported or NoPseudonyms()
        self._identifiers = Identifiers(aes(_derived(key, "ff1")), Prf(_derived(key, "tables")))
        self._names = Names(prf, language)

    def offset(self, subject: str, low: int, high: int, keys: tuple[str, ...] = ()) -> int:
        """The days by which all dates of ``subject`` move: in [low, high], never 0, unless imported otherwise."""
        imported = self._imported.offset((subject, *keys))
        if imported is not None:
            return imported
        span = high - low + (0 if low <= 0 <= high else 1)
        days = low + self._prf.below(max(span, 1), "offset", subject)
        return days + 1 if low <= 0 <= days else days

    def subject_key(self, subject: str) -> str:
        """The pseudonym of the subject itself: 20 letters and digits."""
        return b32encode(self._prf.digest("subject", subject)).decode()[:20]

    def identifier(self, value: str) -> str:
        """The pseudonym of an identifier: imported, or by the permutation, around which imported ones are led in a circle."""
        made = self._imported.pseudonym(value)
        if made is not None:
            return made
        made = self._identifiers.surrogate(value)
        while (taken := self._imported.original(made)) is not None:
            made = self._identifiers.surrogate(taken)
        return made

    def number(self, *labels: str) -> int:
        """A pseudo-random number below 2 ** 128 for other methods (noise)."""
        return self._prf.number(*labels)

    def pseudonym(self, category: Category, form: str, value: str, person: Person, canonical: str = "") -> str | None:
        """What stands in for ``value``; None where no surrogate of its kind can be made, or it would not differ."""
        made = self._made(category, form, value, person, canonical)
        formal = category is _NAME and form in {"prefix", "suffix"}
        return made if made != value or formal else None

    def _made(self, category: Category, form: str, value: str, person: Person, canonical: str) -> str | None:
        if category in NUMBERS:
            return self.identifier(value)
        if category is _NAME:
            return self._names.surrogate(value, form if form else "name", person, canonical)
        if category is _PLACE and (form == "code" or places.is_point_of_care(value)):
            return self._point_of_care(value)
        maker = _MAKERS.get(category)
        if maker:
            return maker(value, self._prf, person.id)
        if category in _PHONES:
            return phones.phone(value, self._prf, person.id, person.locale.country, self._language)
        placed = _PLACED.get(category)
        if placed:
            return (places.address if form == "address" else placed)(value, self._prf, person.id, self._home(person))
        if category is _ORGANISATION:
            return (
                self.identifier(value) if organisations.is_code(value) else organisations.organisation(value, self._prf)
            )
        return None

    def _point_of_care(self, value: str) -> str:
        """Wards, rooms and beds are codes: each stays apart from the others, the words for what they are stay."""
        words = value.split(" ")
        return " ".join(word if places.is_ward_word(word) else self.identifier(word) for word in words)

    def _home(self, person: Person) -> places.Home:
        language, country = person.locale
        return places.Home(language or self._language, country)


_MAKERS: dict[Category, Callable[[str, Prf, str], str | None]] = {
    Category.EMAIL: contacts.email,
    Category.URL: contacts.url,
    Category.IP_ADDRESS: contacts.ip_address,
    Category.USERNAME: contacts.username,
    Category.POSTAL_CODE: places.postal_code,
}
_PHONES = frozenset({Category.PHONE, Category.FAX})
_PLACED: dict[Category, Callable[[str, Prf, str, places.Home], str]] = {
    Category.STREET: places.street,
    Category.CITY: places.city,
    Category.PLACE: places.city,
}


def _derived(key: bytes, label: str) -> bytes:
    return hmac.digest(key, b"deidstream surrogate 1 " + label.encode(), hashlib.sha256)
