"""Addresses that exist in form only: streets of everyday names, real large cities of the same country, house numbers as written."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from deidstream.core.month_names import fold, restyled
from deidstream.core.surrogate.prf import Prf

__all__ = ["address", "city", "is_point_of_care", "is_ward_word", "postal_code", "street"]

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


def street(value: str, prf: Prf, subject: str, language: str) -> str:
    """Another street and house number: the number where it stood, a unit (``Apt 4``) with another number."""
    unit = _UNIT.search(value)
    if unit and not value[: unit.start()].strip(" ,"):
        return _renumbered(value, prf, subject)
    key = fold(" ".join(value.split()))
    language = next((tag for tag, words in _STREETS if words.search(value)), language)
    names = _places().get(language, _places()["en"])["streets"]
    name = _other(names, value, prf, "street", subject, key)
    number = _NUMBER.search(value)
    made = restyled_words(name, value)
    if number:
        house = str(1 + prf.below(198, "house", subject, key))
        made = f"{house} {made}" if not value[: number.start()].strip() else f"{made} {house}"
    return f"{made}, {_renumbered(unit[0], prf, subject)}" if unit else made


def city(value: str, prf: Prf, subject: str, language: str) -> str:
    """Another city of the country that ``value`` is known to lie in, else of the country of ``language``."""
    key = fold(value.strip())
    country = _countries().get(key, language)
    return restyled_words(
        _other(_places().get(country, _places()["en"])["cities"], value, prf, "city", subject, key), value
    )


def is_point_of_care(value: str) -> bool:
    """Whether a place is a ward, room or bed (HL7 PL, a code or a numbered thing) rather than a place on the map."""
    if fold(value.strip()) in _countries() or not value.isascii():
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


def address(value: str, prf: Prf, subject: str, language: str) -> str:
    """A whole address, part by part between its commas and line ends."""
    parts = re.split(r"(\s*[,;\n]\s*)", value)
    return "".join(part if place % 2 else _part(part, prf, subject, language) for place, part in enumerate(parts))


def _part(part: str, prf: Prf, subject: str, language: str) -> str:
    coded = re.fullmatch(
        r"(.*?\s)?(\d{4,5}(?:-\d{3,4})?|\d{4}\s?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2})(\s.*)?", part.strip()
    )
    if not part.strip():
        return part
    if coded and not any(words.search(part) for _, words in _STREETS):
        before, code, after = coded[1] or "", coded[2], coded[3] or ""
        before = before if len(before.strip()) <= 2 else city(before.strip(), prf, subject, language) + " "
        after = " " + city(after.strip(), prf, subject, language) if after.strip() else ""
        return before + postal_code(code, prf, subject) + after
    if any(character.isdigit() for character in part) or any(words.search(part) for _, words in _STREETS):
        return street(part, prf, subject, language)
    return city(part, prf, subject, language)


def restyled_words(name: str, like: str) -> str:
    """Upper or lower case as a whole where ``like`` is so."""
    return restyled(name, like) if like.isupper() or like.islower() else name


def _renumbered(value: str, prf: Prf, subject: str) -> str:
    if not _NUMBER.search(value):
        return re.sub(r"\S+$", lambda match: "ABCDEFGH"[prf.below(8, "unit", subject, match[0])], value)
    return _NUMBER.sub(lambda match: str(1 + prf.below(10 ** min(len(match[0]), 4), "unit", subject, match[0])), value)


def _other(names: list[str], value: str, prf: Prf, *labels: str) -> str:
    start = prf.below(len(names), *labels)
    taken = fold(value)
    return next(name for step in range(len(names)) if fold(name := names[(start + step) % len(names)]) not in taken)


@lru_cache(maxsize=1)
def _places() -> dict[str, dict[str, list[str]]]:
    places: dict[str, dict[str, list[str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return places


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    return {fold(name): language for language, table in reversed(_places().items()) for name in table["cities"]}
