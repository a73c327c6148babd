"""Addresses in the net: made from a person's name where it is written in Latin letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from random import Random

from deidstream.core.category import Category

from deidstream_training.synthesise.division import Split, drawn
from deidstream_training.synthesise.locales import LOCALES
from deidstream_training.synthesise.people import Person, invented

__all__ = ["CONTACTS"]

_HOSTS = (
    "gmail",
    "outlook",
    "mail",
    "webpost",
    "inbox",
    "proton",
    "yahoo",
    "hotmail",
    "online",
    "posteo",
    "163",
    "qq",
    "icloud",
    "web",
)
_SITES = (
    "klinik",
    "hospital",
    "chu",
    "portal",
    "praxis",
    "health",
    "salud",
    "saude",
    "zorg",
    "med",
    "lab",
    "asl",
    "care",
    "patient",
)
_PATHS = ("", "/contact", "/p/", "/portal/login", "/termine", "/rdv", "/results?id=", "/record/", "/citas")


def _email(rng: Random, language: str, person: Person, split: Split) -> str:
    domains = LOCALES[language].domains

    def draw() -> str:
        first, last = _ascii(person.given[0]) or _latin(rng, split), _ascii(person.family) or _latin(rng, split)
        local = rng.choice(
            (
                f"{first}.{last}",
                f"{first[0]}{last}",
                f"{last}.{first}",
                f"{first}_{last}",
                f"{first}{last}",
                last,
                first,
            )
        )
        number = str(rng.randint(1, 9999)) if rng.random() < 0.5 else ""
        host = (
            rng.choice(_HOSTS)
            if rng.random() < 0.6
            else _latin(rng, split) + rng.choice(("", "-")) + rng.choice(_SITES)
        )
        return f"{local}{number}@{host}.{rng.choice(domains)}"

    return drawn(draw, split)


def _username(rng: Random, language: str, person: Person, split: Split) -> str:
    def draw() -> str:
        first, last = _ascii(person.given[0]) or _latin(rng, split), _ascii(person.family) or _latin(rng, split)
        return rng.choice(
            (
                f"{first[0]}{last[:6]}{rng.randint(1, 99)}",
                f"{last[:4]}{rng.randint(100, 9999)}",
                f"{first}.{last}{rng.randint(1, 9)}",
            )
        )

    return drawn(draw, split)


def _url(rng: Random, language: str, person: Person, split: Split) -> str:
    domains = LOCALES[language].domains

    def draw() -> str:
        head, path = rng.choice(("https://", "http://", "www.", "https://www.")), rng.choice(_PATHS)
        tail = str(rng.randint(1000, 999999)) if path.endswith(("/", "=")) else ""
        return f"{head}{_latin(rng, split)}-{rng.choice(_SITES)}.{rng.choice(domains)}{path}{tail}"

    return drawn(draw, split)


def _ip(rng: Random, language: str, person: Person, split: Split) -> str:
    return drawn(lambda: ".".join(str(rng.randint(1, 254)) for _ in range(4)), split)


def _ascii(name: str) -> str:
    name = name.casefold().replace("ß", "ss").replace("ø", "o").replace("ı", "i")
    return "".join(letter for letter in unicodedata.normalize("NFKD", name) if letter.isascii() and letter.isalpha())


def _latin(rng: Random, split: Split) -> str:
    return _ascii(invented(rng, "latin", split))


CONTACTS: dict[str, tuple[Callable[[Random, str, Person, Split], str], Category]] = {
    "email": (_email, Category.EMAIL),
    "username": (_username, Category.USERNAME),
    "url": (_url, Category.URL),
    "ip": (_ip, Category.IP_ADDRESS),
}
"""Slot to what makes its value, and its category; ``email.d1`` is that of the first doctor."""
