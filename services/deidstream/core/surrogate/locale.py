"""Which country and language a subject is at home in, as far as the subject's own data tell: what surrogates are to look like.

In this order: the language that the source states (PID-15, ``Patient.communication``), the country of an address, its street
words, cities and names that only one language knows. Each is remembered from the first message that said it, so a locale that is
once known stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.core.month_names import fold
from deidstream.core.subject import Known, Subject
from deidstream.core.surrogate.name_tables import languages_of, normalise, script_language
from deidstream.core.surrogate.places import country_of_city, street_language

__all__ = ["Locale", "country_code", "locale_of", "of_country"]


class Locale(NamedTuple):
    """``language`` in two lower-case letters (ISO 639-1), ``country`` in two capitals (ISO 3166-1); '' for not known."""

    language: str = ""
    country: str = ""


_COUNTRIES = {
    # alpha-2: alpha-3, language of most, names as addresses write them (folded)
    "US": (
        "USA",
        "en",
        "united states|united states of america|u.s.a.|u.s.|vereinigte staaten|estados unidos|etats-unis",
    ),
    "GB": ("GBR", "en", "uk|united kingdom|great britain|england|scotland|wales|northern ireland|grossbritannien"),
    "CA": ("CAN", "en", "canada|kanada"),
    "AU": ("AUS", "en", "australia|australien"),
    "NZ": ("NZL", "en", "new zealand"),
    "IE": ("IRL", "en", "ireland|irland"),
    "ZA": ("ZAF", "en", "south africa"),
    "IN": ("IND", "en", "india"),
    "DE": ("DEU", "de", "d|ger|germany|deutschland|alemania|allemagne|germania|duitsland|alemanha"),
    "AT": ("AUT", "de", "a|austria|osterreich|oesterreich|autriche|oostenrijk"),
    "CH": ("CHE", "de", "switzerland|schweiz|suisse|svizzera|suiza"),
    "FR": ("FRA", "fr", "f|france|frankreich|francia|frankrijk|franca"),
    "BE": ("BEL", "nl", "belgium|belgie|belgique|belgien"),
    "LU": ("LUX", "fr", "luxembourg|luxemburg"),
    "NL": ("NLD", "nl", "netherlands|the netherlands|nederland|niederlande|pays-bas|holland"),
    "ES": ("ESP", "es", "e|spain|espana|spanien|espagne|spagna|spanje"),
    "MX": ("MEX", "es", "mexico|mexiko"),
    "AR": ("ARG", "es", "argentina|argentinien"),
    "CL": ("CHL", "es", "chile"),
    "CO": ("COL", "es", "colombia|kolumbien"),
    "PE": ("PER", "es", "peru"),
    "IT": ("ITA", "it", "i|italy|italia|italien|italie"),
    "PT": ("PRT", "pt", "portugal"),
    "BR": ("BRA", "pt", "brazil|brasil|brasilien|bresil"),
    "SE": ("SWE", "sv", "sweden|sverige|schweden"),
    "DK": ("DNK", "da", "denmark|danmark|danemark"),
    "NO": ("NOR", "no", "norway|norge|norwegen"),
    "FI": ("FIN", "fi", "finland|suomi|finnland"),
    "PL": ("POL", "pl", "poland|polska|polen"),
    "CZ": ("CZE", "cs", "czech republic|czechia|ceska republika|tschechien"),
    "HU": ("HUN", "hu", "hungary|magyarorszag|ungarn"),
    "RO": ("ROU", "ro", "romania|rumanien"),
    "TR": ("TUR", "tr", "turkey|turkiye|turkei"),
    "GR": ("GRC", "el", "greece|hellas|griechenland"),
    "RU": ("RUS", "ru", "russia|russian federation|russland"),
    "UA": ("UKR", "uk", "ukraine"),
    "IL": ("ISR", "he", "israel"),
    "CN": ("CHN", "zh", "china"),
    "JP": ("JPN", "ja", "japan"),
    "KR": ("KOR", "ko", "korea|south korea|republic of korea"),
}
_BY_LANGUAGE = {"pt": "PT", "es": "ES", "nl": "NL", "de": "DE", "fr": "FR"}
"""Where most who speak a language of several countries live, among those that have it as their first."""


def country_code(text: str) -> str:
    """The alpha-2 code of a country as an address writes it (``FRA``, ``fr``, ``Frankreich``); '' where it is none we know."""
    return _spellings().get(fold(text.strip()), "")


def of_country(code: str) -> Locale:
    """The country of that code, and the language that most speak there."""
    return Locale(_COUNTRIES[code][1], code) if code in _COUNTRIES else Locale()


def locale_of(subject: Subject) -> Locale:
    """What is known of ``subject``; see the module."""
    stated, _, region = subject.language.partition("-")
    stated = stated.lower()
    known = [item for item in subject.known if not item.is_passing]
    country = _country(known) or (region.upper() if region.upper() in _COUNTRIES else "")
    if not country:
        country = _home(stated) if stated else _evidence(known)
    language = stated or (_COUNTRIES[country][1] if country in _COUNTRIES else "") or _named(known)
    return Locale(language, country or _home(language))


def _country(known: Iterable[Known]) -> str:
    """The first country of an address: the subject's own, else of anybody around."""
    found = [
        (item.role is not Role.PATIENT, code)
        for item in known
        if item.category is Category.COUNTRY and (code := country_code(item.value))
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else ""


def _evidence(known: Iterable[Known]) -> str:
    """Where the streets and cities lie. English street words tell no country."""
    for item in known:
        if item.category is Category.CITY and (code := country_of_city(item.value)):
            return code
        if item.category is Category.STREET and (code := _home(street_language(item.value))):
            return code
    return ""


def _named(known: Iterable[Known]) -> str:
    """The language of most words of the subject's own names; '' where two have as many."""
    votes: Counter[str] = Counter()
    for item in known:
        if item.category is Category.NAME and item.role is Role.PATIENT and item.form in {"family", "given", "middle"}:
            votes.update({script_language(item.value)} - {""} or languages_of(item.form, normalise(item.value)))
    best = votes.most_common(2)
    return best[0][0] if best and (len(best) < 2 or best[0][1] > best[1][1]) else ""


@lru_cache(maxsize=64)
def _home(language: str) -> str:
    """The country of a language; '' for English, which has no one country."""
    if language in _BY_LANGUAGE or not language or language == "en":
        return _BY_LANGUAGE.get(language, "")
    return next((code for code, (_, spoken, _) in _COUNTRIES.items() if spoken == language), "")


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    found: dict[str, str] = {}
    for code, (long, _, names) in _COUNTRIES.items():
        found.update(dict.fromkeys((code.lower(), long.lower(), *names.split("|")), code))
    return found
