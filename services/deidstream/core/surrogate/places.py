"""Addresses that exist in form only: streets of everyday names, real large cities of the same country, house numbers as written.

The country is that of the value, where it tells one, else that of the person, else that of the project's language. The names are
all ASCII: every character set carries them, so an address reads the same in every message and format.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from deidstream.core.month_names import fold, restyled
from deidstream.core.surrogate.prf import Prf

__all__ = [
    "Home",
    "address",
    "city",
    "country_of_city",
    "is_point_of_care",
    "is_ward_word",
    "postal_code",
    "street",
    "street_language",
]


_TABLE = Path(__file__).parent / "tables" / "places.json"
_UNIT = re.compile(
    r"\b(?:apt|apartment|unit|suite|ste|room|rm|fl|floor|flat|bldg|building|lot|p\.?o\.? box|box|postfach|wohnung|whg|piso|"
    r"puerta|apto|apartado|bureau|bât|interno|int|scala|bus|andar)\b\.?\s*#?\s*[\w-]*",
    re.IGNORECASE,
)
_WARD_WORDS = frozenset(
    (
        "bed",
        "room",
        "ward",
        "bay",
        "unit",
        "floor",
        "wing",
        "bett",
        "zimmer",
        "station",
        "cama",
        "habitación",
        "planta",
        "lit",
        "chambre",
        "letto",
        "stanza",
        "reparto",
        "kamer",
        "afdeling",
        "leito",
        "quarto",
    )
)
_NUMBER = re.compile(r"\d+")
_STREETS = (
    ("de", re.compile(r"(?:str\.?|stra(?:ß|ss)e|weg|platz|allee|gasse|ring|damm)\b", re.IGNORECASE)),
    ("nl", re.compile(r"(?:straat|laan|plein|gracht|kade|dijk|weg)\b", re.IGNORECASE)),
    ("fr", re.compile(r"\b(?:rue|avenue|boulevard|bd|chemin|all[ée]e|impasse|quai)\b\s", re.IGNORECASE)),
    ("es", re.compile(r"\b(?:calle|c/|avda\.?|avenida|plaza|paseo|ronda|carretera)", re.IGNORECASE)),
    ("it", re.compile(r"\b(?:via|viale|piazza|corso|largo|vicolo)\b\s", re.IGNORECASE)),
    ("pt", re.compile(r"\b(?:rua|av\.|travessa|pra[çc]a|estrada|alameda)\b", re.IGNORECASE)),
    ("en", re.compile(r"\b(?:st|street|ave|avenue|rd|road|dr|drive|ln|lane|blvd|ct|court|way|pl)\b", re.IGNORECASE)),
)


class Home(NamedTuple):
    """Where somebody lives, as far as it is known: the language and the country (alpha-2, '' for not known)."""

    language: str
    country: str = ""


def street(value: str, prf: Prf, subject: str, home: Home) -> str:
    """Another street and house number: the number where it stood, a unit (``Apt 4``) with another number."""
    unit = _UNIT.search(value)
    if unit and not value[: unit.start()].strip(" ,"):
        return _renumbered(value, prf, subject)
    key = fold(" ".join(value.split()))
    language = street_language(value, home.language)
    names = _names("streets", _table_of(home, language), language or home.language)
    name = _other(names, value, prf, "street", subject, key)
    number = _NUMBER.search(value)
    made = restyled_words(name, value)
    if number:
        house = str(1 + prf.below(198, "house", subject, key))
        made = f"{house} {made}" if not value[: number.start()].strip() else f"{made} {house}"
    return f"{made}, {_renumbered(unit[0], prf, subject)}" if unit else made


def city(value: str, prf: Prf, subject: str, home: Home) -> str:
    """Another city of the country that ``value`` is known to lie in, the person's own first; else of the person's country."""
    key = fold(value.strip())
    tables, own = _cities().get(key, ()), _table_of(home, "")
    names = _names("cities", own if own in tables or not tables else tables[0], home.language)
    return restyled_words(_other(names, value, prf, "city", subject, key), value)


def street_language(value: str, preferred: str = "") -> str:
    """The language of the street words in ``value``, ``preferred`` where it has some; '' for none."""
    found = [tag for tag, words in _STREETS if words.search(value)]
    return preferred if preferred in found else next(iter(found), "")


def country_of_city(value: str) -> str:
    """The country (alpha-2) of a large city; '' where several have one of that name, or none."""
    tables = _cities().get(fold(value.strip()), ())
    return _COUNTRY_OF.get(tables[0], tables[0].upper()) if len(tables) == 1 else ""


def is_point_of_care(value: str) -> bool:
    """Whether a place is a ward, room or bed (HL7 PL, a code or a numbered thing) rather than a place on the map."""
    if fold(value.strip()) in _cities() or not value.isascii():
        return False
    named = value.isalpha() and value[1:].islower() and len(value) > 3
    return not named and (" " not in value or any(map(is_ward_word, value.split())) or any(map(str.isdigit, value)))


def is_ward_word(word: str) -> bool:
    """A word for a kind of room."""
    return word.lower() in _WARD_WORDS


def postal_code(value: str, prf: Prf, subject: str) -> str:
    """Other digits and letters in the same shape."""
    key = "".join(filter(str.isalnum, value)).upper()
    number = prf.number("postal", subject, key)
    out = []
    for character in value:
        if character.isdecimal():
            number, digit = divmod(number, 10)
            out.append(str(digit))
        elif character.isalpha():
            number, letter = divmod(number, 20)
            out.append("ABCDEFGHJKLMNPRSTUWX"[letter])
        else:
            out.append(character)
    made = "".join(out)
    return made if made != value else made[:-1] + ("1" if made[-1:] != "1" else "2")


def address(value: str, prf: Prf, subject: str, home: Home) -> str:
    """A whole address, part by part between its commas and line ends."""
    parts = re.split(r"(\s*[,;\n]\s*)", value)
    return "".join(part if place % 2 else _part(part, prf, subject, home) for place, part in enumerate(parts))


def _part(part: str, prf: Prf, subject: str, home: Home) -> str:
    coded = re.fullmatch(
        r"(.*?\s)?(\d{4,5}(?:-\d{3,4})?|\d{4}\s?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2})(\s.*)?", part.strip()
    )
    if not part.strip():
        return part
    if coded and not any(words.search(part) for _, words in _STREETS):
        before, code, after = coded[1] or "", coded[2], coded[3] or ""
        before = before if len(before.strip()) <= 2 else city(before.strip(), prf, subject, home) + " "
        after = " " + city(after.strip(), prf, subject, home) if after.strip() else ""
        return before + postal_code(code, prf, subject) + after
    if any(character.isdigit() for character in part) or any(words.search(part) for _, words in _STREETS):
        return street(part, prf, subject, home)
    return city(part, prf, subject, home)


def restyled_words(name: str, like: str) -> str:
    """Upper or lower case as a whole where ``like`` is so."""
    return restyled(name, like) if like.isupper() or like.islower() else name


def _renumbered(value: str, prf: Prf, subject: str) -> str:
    if not _NUMBER.search(value):
        return re.sub(r"\S+$", lambda match: "ABCDEFGH"[prf.below(8, "unit", subject, match[0])], value)
    return _NUMBER.sub(lambda match: str(1 + prf.below(10 ** min(len(match[0]), 4), "unit", subject, match[0])), value)


def _other(names: tuple[str, ...], value: str, prf: Prf, *labels: str) -> str:
    start = prf.below(len(names), *labels)
    taken = fold(value)
    return next(name for step in range(len(names)) if fold(name := names[(start + step) % len(names)]) not in taken)


_TABLE_OF = {"US": "en"}
_COUNTRY_OF = {"en": "US"}
"""The table of a country is its code in lower case, and that of the United States ``en``."""


def _table_of(home: Home, language: str) -> str:
    """The table for a value in ``language`` ('' where it does not tell) of somebody at ``home``."""
    country = _TABLE_OF.get(home.country, home.country.lower())
    if country in _places() and language in {"", home.language, country, _SPOKEN.get(country, "")}:
        return country
    return next((name for name in (language, home.language) if name in _places()), "en")


_SPOKEN = {
    "gb": "en",
    "ie": "en",
    "au": "en",
    "ca": "en",
    "at": "de",
    "ch": "de",
    "be": "nl",
    "br": "pt",
    "mx": "es",
    "ar": "es",
}
"""What most speak in a country whose table is not named after its language."""


@lru_cache(maxsize=256)
def _names(kind: str, table: str, language: str) -> tuple[str, ...]:
    """The names of ``table``; where it has none of the kind, those of ``language``."""
    tables = _places()
    found = tables[table].get(kind) or tables.get(language, {}).get(kind) or tables[_SPOKEN.get(table, "en")][kind]
    return tuple(name for name in found if name.isascii())


@lru_cache(maxsize=1)
def _places() -> dict[str, dict[str, list[str]]]:
    places: dict[str, dict[str, list[str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return places


@lru_cache(maxsize=1)
def _cities() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for table, places in _places().items():
        for name in places.get("cities", ()):
            found[fold(name)] = (*found.get(fold(name), ()), table)
    return found
