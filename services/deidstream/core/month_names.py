"""Names of months and weekdays in texts, and the words that stand between the pieces of a date. Sources: CLDR 46 (Unicode-3.0)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

__all__ = ["CONNECTORS", "DAY_FIRST_EXCEPT", "Word", "fold", "month", "months", "restyled", "weekday", "written"]

_MONTHS = {
    "en": (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "sept=9",
    ),
    "de": (
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
        "jänner=1 jän=1 feber=2 maerz=3 mrz=3 mär=3 juno=6 julei=7 sept=9",
    ),
    "es": (
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "setiembre=9 sept=9 set=9",
    ),
    "fr": (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "janv févr mars avr mai juin juil août sept oct nov déc",
        "jan=1 fév=2 mar=3 jui=7 jul=7 sep=9",
    ),
    "it": (
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "sett=9",
    ),
    "nl": (
        "januari februari maart april mei juni juli augustus september oktober november december",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "maa=3 sept=9",
    ),
    "pt": (
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "jan fev mar abr mai jun jul ago set out nov dez",
        "",
    ),
}
_WEEKDAYS = {
    "en": (
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Mon Tue Wed Thu Fri Sat Sun",
        "tues=2 thur=4 thurs=4",
    ),
    "de": ("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag", "Mo Di Mi Do Fr Sa So", "sonnabend=6"),
    "es": ("lunes martes miércoles jueves viernes sábado domingo", "lun mar mié jue vie sáb dom", ""),
    "fr": ("lundi mardi mercredi jeudi vendredi samedi dimanche", "lun mar mer jeu ven sam dim", ""),
    "it": ("lunedì martedì mercoledì giovedì venerdì sabato domenica", "lun mar mer gio ven sab dom", ""),
    "nl": ("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag", "ma di wo do vr za zo", ""),
    "pt": (
        "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
        "seg ter qua qui sex sáb dom",
        "segunda=1 terça=2 quarta=3 quinta=4 sexta=5",
    ),
}
CONNECTORS = frozenset(
    "of the on at in to from and by until through since t z utc gmt cet cest est edt cst cdt pst pdt "  # noqa: SIM905
    "de del el la al los a las y desde hasta entre dia fecha den der dem am um vom von bis zum ab im und seit uhr "
    "le du au et les depuis jusqu un en dans d l il dal alle ore dello dell e nel fino di het op om van tot vanaf uur "
    "o do da dos das ao as em ate no na kl h hrs st nd rd th er 日".split()
)
DAY_FIRST_EXCEPT = frozenset({"en", "en-us", "en-ph", "fil", ""})
"""Languages whose numeric dates begin with the month (CLDR short patterns)."""


class Word(NamedTuple):
    """A name of a month (1-12) or weekday (1-7), in the language it was found in."""

    kind: str
    number: int
    language: str
    short: bool


def fold(text: str) -> str:
    """Lower case without marks."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def month(word: str, language: str) -> Word | None:
    """The month that ``word`` names, first in ``language``, then in the others."""
    return _lookup("month", word, language)


@lru_cache(maxsize=1)
def months() -> Mapping[str, int]:
    """Every spelling of a month in any of the languages, folded, and its number."""
    return {
        spelling: entry.number for spelling, entries in _words().items() for entry in entries if entry.kind == "month"
    }


def weekday(word: str, language: str) -> Word | None:
    """The weekday that ``word`` names."""
    return _lookup("weekday", word, language)


def _lookup(kind: str, word: str, language: str) -> Word | None:
    found = [entry for entry in _words().get(fold(word), ()) if entry.kind == kind]
    return next((entry for entry in found if entry.language == language[:2]), found[0] if found else None)


def written(word: Word, number: int, like: str) -> str:
    """The name of ``number`` of the same kind, language, length, case and spelling as ``like``, which reads ``word``."""
    table = (_MONTHS if word.kind == "month" else _WEEKDAYS)[word.language]
    names = table[1 if word.short else 0].split()
    name = names[number - 1]
    was = names[word.number - 1]
    if like.isascii() and not was.isascii():
        name = _transliterated(name)
    return restyled(name, like)


def restyled(name: str, like: str) -> str:
    """``name`` in the case of ``like``: upper, lower, or with a capital."""
    if len(like) > 1 and like.isupper():
        return name.upper()
    if like.islower():
        return name.lower()
    return name[:1].upper() + name[1:].lower()


def _transliterated(name: str) -> str:
    for mark, plain in (("ä", "ae"), ("ü", "ue"), ("ö", "oe")):
        name = name.replace(mark, plain)
    return fold(name) if not name.isascii() else name


@lru_cache(maxsize=1)
def _words() -> dict[str, tuple[Word, ...]]:
    found: dict[str, dict[Word, None]] = {}
    for kind, tables in (("month", _MONTHS), ("weekday", _WEEKDAYS)):
        for language, (full, short, more) in tables.items():
            for is_short, names in ((False, full), (True, short)):
                for number, name in enumerate(names.split(), 1):
                    found.setdefault(fold(name), {})[Word(kind, number, language, is_short)] = None
            for name, number_text in (entry.split("=") for entry in more.split()):
                is_short = len(name) < 5
                found.setdefault(fold(name), {})[Word(kind, int(number_text), language, is_short)] = None
    return {word: tuple(entries) for word, entries in found.items()}
