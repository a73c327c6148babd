"""Postal codes, and towns, regions and countries that stand beside them, behind a label or behind ``lives in``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import terms
from deidstream.detection.text.rules.rule import Confirm, Hit, Rule, label, phrase

__all__ = ["RULES", "town"]

_TOWN = re.compile(
    rb"(?:[A-Z][a-z]+(?:['-][A-Za-z]+)*|[A-Z]{2,}(?:-[A-Z]{2,})*|(?:[LlDd]')[A-Z][a-z]+)(?:[ ]+(?:(?:de|del|"
    rb"la|las|los|el|les|le|sur|sous|en|di|do|da|dos|am|an der|ob der|bei|im|in|aan|aan den|den|of|the|y|i|"
    rb"d'|l'|upon)[ ]+){0,3}"
    rb"(?:[LlDd]')?(?:[A-Z][a-z]+(?:['-][A-Za-z]+)*|[A-Z]{2,}(?:-[A-Z]{2,})*)){0,3}(?:[ ]+(?:Cedex|CEDEX|"
    rb"cedex)(?:[ ]\d{1,2})?)?"
)
_COUNTRIES = frozenset(
    b"espana spain france frankreich germany deutschland allemagne alemania italia italy italie portugal "
    b"nederland netherlands belgique belgium osterreich austria schweiz suisse switzerland "
    b"mexico argentina chile colombia peru ecuador venezuela bolivia uruguay paraguay cuba marruecos "
    b"morocco maroc usa uk brasil brazil canada ireland england scotland wales andorra rumania "
    b"polonia china india japon pakistan senegal".split()
)


def town(buffer: bytes, position: int) -> tuple[int, int] | None:
    """The place name at ``position``: capitalised words, cut before anything that is a heading."""
    matched = _TOWN.match(buffer, position)
    if matched is None:
        return None
    end = position
    for word in re.finditer(rb"[^ ]+", matched.group()):
        if (
            word.group().lower() in terms()
            and word.group().lower() not in _COUNTRIES
            and word.group().lower()
            not in (
                b"san",
                b"santa",
                b"la",
                b"el",
                b"las",
                b"los",
                b"le",
                b"new",
                b"de",
                b"del",
                b"saint",
                b"sainte",
                b"les",
                b"sur",
            )
        ):
            break
        end = position + word.end()
    name = buffer[position:end].rstrip(b" ")
    return (position, position + len(name)) if len(name) > 1 else None


_NEXT_PLACE = re.compile(rb"[ ]*(?:\.?[ ]*[,(/-][ ]*|[ ]\()[ ]*(?=[A-Z])")


def _towns(buffer: bytes, position: int, score: float) -> Iterable[Hit]:
    """A town, and after it the province or country that commas or brackets add."""
    for ordinal in range(3):
        span = town(buffer, position)
        if span is None or (ordinal and buffer[span[1] : span[1] + 1] in (b":", b"@")):
            return
        name = buffer[span[0] : span[1]].lower()
        if ordinal and len(name.split()) > 3:
            return
        category, form = (Category.COUNTRY, "country") if name in _COUNTRIES else (Category.CITY, "city")
        if ordinal and category is Category.CITY:
            category, form = Category.REGION, "region"
        yield Hit(span[0], span[1], category, score, Role.UNKNOWN, form)
        following = _NEXT_PLACE.match(buffer, span[1]) or _NEXT_REGION.match(buffer, span[1])
        if following is None or (b"-" in following.group() and b" " not in following.group()):
            return
        position = following.end()


_REGIONS = (
    "Navarra|Vizcaya|Bizkaia|Guipuzcoa|Gipuzkoa|Alava|Asturias|Cantabria|La Rioja|Aragon|Cataluna|Catalunya|"
    "Barcelona|Tarragona|Lerida|Lleida|Gerona|Girona|Huesca|Zaragoza|"
    "Teruel|Madrid|Toledo|Cuenca|Guadalajara|Albacete|Ciudad Real|Valencia|Alicante|Castellon|Murcia|"
    "Almeria|Granada|Jaen|Cordoba|Sevilla|Huelva|Cadiz|Malaga|Badajoz|Caceres|"
    "Salamanca|Zamora|Leon|Palencia|Valladolid|Burgos|Soria|Segovia|Avila|Galicia|La Coruna|A Coruna|Lugo|"
    "Orense|Ourense|Pontevedra|Baleares|Mallorca|Tenerife|Las Palmas|Canarias|"
    "Andalucia|Extremadura|Castilla|Euskadi|Bayern|Hessen|Sachsen|Bretagne|Normandie|Lombardia|Toscana|"
    "Sicilia|California|Texas|Florida|Massachusetts|Illinois|Ohio|Michigan"
)
_NEXT_REGION = re.compile(rb"\.[ ]?(?=(?:" + _REGIONS.encode() + rb")(?![A-Za-z]))")
_POSTAL_GAP = re.compile(rb"[ ]*[-,.(]?[ ]*")


def _postal_then_town(score: float) -> Confirm:
    """``28036 Madrid``, ``1012 AB Amsterdam``, ``1000-205 Lisboa``: the trigger ends in the town's first letters."""

    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        if buffer[start - 1] in b".,/-+" and buffer[start - 2 : start - 1].isdigit():
            return
        matched = _POSTAL.match(buffer, start)
        if matched is None:
            return
        gap = _POSTAL_GAP.match(buffer, matched.end())
        position = gap.end() if gap else matched.end()
        places = list(_towns(buffer, position, score))
        if places:
            yield Hit(start, matched.end(), Category.POSTAL_CODE, score, Role.UNKNOWN, "postal_code")
            yield from places

    return confirm


_POSTAL = re.compile(
    rb"(?:(?:[DFEIP]-?|NL-)?(?:\d{4}[ ]?[A-Z]{2}(?![A-Za-z])|\d{4}-\d{3}|\d{5})|(?:CH-|A-|AT-|B-|L-)\d{4})(?!\d)"
)
_STATES = (
    b"AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|"
    b"OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)
_US = re.compile(rb"(" + _STATES + rb"),?[ ]+(\d{5}(?:-\d{4})?)(?![\d-])")
_US_TOWN = re.compile(rb"((?:(?:St|Ft|Mt)\.?[ ])?[A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,2}),?[ ]*\Z")


def _state_and_zip(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _US.match(buffer, start)
    if matched is None:
        return
    yield Hit(matched.start(1), matched.end(1), Category.REGION, 0.85, Role.UNKNOWN, "region")
    yield Hit(matched.start(2), matched.end(2), Category.POSTAL_CODE, 0.95, Role.UNKNOWN, "postal_code")
    before = _US_TOWN.search(buffer, max(0, start - 40), start)
    if before is not None:
        span = town(buffer, before.start(1))
        if span is not None:
            yield Hit(span[0], before.end(1), Category.CITY, 0.85, Role.UNKNOWN, "city")


_FOUR_DIGITS = re.compile(rb"\d[a-z]?, ?(\d{4}) ")


def _four_digits(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``13, 3049 Bern``: a house number, then a post code of four digits (Austria, Belgium, Denmark, Norway, Switzerland)."""
    matched = _FOUR_DIGITS.match(buffer, start)
    if matched is None or 1900 <= int(matched.group(1)) <= 2049:
        return
    places = list(_towns(buffer, matched.end(), 0.65))
    if places:
        yield Hit(matched.start(1), matched.end(1), Category.POSTAL_CODE, 0.65, Role.UNKNOWN, "postal_code")
        yield from places


_UK = re.compile(
    rb"(?:GIR ?0AA|[A-PR-UWYZ](?:[A-HK-Y]?\d[\dA-HJKPSTUW]?|[A-HK-Y]\d[ABEHMNPRVWXY]?)[ "
    rb"]?\d[ABD-HJLNP-UW-Z]{2})(?![\w-])"
)


def _uk(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _UK.match(buffer, start)
    if matched is not None and b" " in matched.group() and buffer[start - 1] not in b"-/.":
        yield Hit(start, matched.end(), Category.POSTAL_CODE, 0.8, Role.UNKNOWN, "postal_code")


_CODE = re.compile(
    rb"[ \t]*[:.#=]?[ \t]*((?:[DFEIALB]-)?(?:\d{4}[ ]?[A-Z]{2}(?![A-Za-z])|\d{4}-\d{3}|\d{5}-\d{3,4}|\d{4,"
    rb"6}|\d{3}[ ]?\d{2}|\d{2}[ ]\d{3}|[A-Z]\d{4}|[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}|[A-Z]\d[A-Z][ "
    rb"]?\d[A-Z]\d))(?![\w])[ ]*"
)


def _labelled_code(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _CODE.match(buffer, end)
    if matched is not None:
        yield Hit(matched.start(1), matched.end(1), Category.POSTAL_CODE, 0.95, Role.UNKNOWN, "postal_code")
        yield from _towns(buffer, matched.end(), 0.75)


_COLON = re.compile(rb"[ \t]*(?:[/,][ ]*[A-Za-z]{3,14}[ ]*)?(?:\([A-Za-z ]{1,14}\))?[ \t]*[:=][ \t]*")


def _labelled_town(category: Category, form: str) -> Confirm:
    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        colon = _COLON.match(buffer, end)
        if colon is None:
            return
        for ordinal, hit in enumerate(_towns(buffer, colon.end(), 0.9)):
            yield hit if ordinal or hit.category is Category.COUNTRY else hit._replace(category=category, form=form)

    return confirm


_RESIDENT = re.compile(
    rb"(?:la ville de|ville de|habitent a|habitait a|residant a|resident a|domicilies a|from|lives in|"
    rb"living in|lived in|resides in|residing in|resident of|residents of|born in|moved to|moved from|"
    rb"native of|hometown of|from|"
    rb"reside en|residente en|residentes en|vive en|viven en|vecino de|vecina de|natural de|naturales de|"
    rb"procedente de|originaria de|originario de|oriundo de|nacido en|nacida en|domicilio en|domiciliado en|"
    rb"domiciliada en|"
    rb"wohnhaft in|wohnt in|lebt in|aus|geboren in|habite a|habitant a|habite|demeurant a|domicilie a|"
    rb"domiciliee a|originaire de|reside a|vit a|vivant a|nee? a|residente a|residente in|abita a|vive a|"
    rb"nato a|nata a|"
    rb"woont in|wonend in|wonende te|woonachtig in|afkomstig uit|geboren te|geboren in|reside em|residente "
    rb"em|mora em|vive em|natural de|nascid[oa] em)[ ]+(?:la |el |the |los |las )?",
    re.IGNORECASE,
)


def _resident(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _RESIDENT.match(buffer, start)
    if matched is None or not 65 <= buffer[matched.end()] <= 90:
        return
    for hit in _towns(buffer, matched.end(), 0.7):
        name = buffer[hit.start : hit.end].lower()
        if name.split()[0] in terms() and name not in _COUNTRIES:
            return
        yield hit
        if hit.category is Category.COUNTRY:
            return


_COUNTRY = "|".join(sorted(country.decode() for country in _COUNTRIES))


def _country(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """A country's name behind a comma, stop or bracket, as addresses end."""
    if 65 <= buffer[start] <= 90 and buffer[max(0, start - 3) : start].strip()[-1:] in (b",", b".", b"(", b":", b"-"):
        yield Hit(start, end, Category.COUNTRY, 0.6, Role.UNKNOWN, "country")


def _bare_dutch(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``1234 AB`` alone, where nothing says that it counts (``2000 MG``) and no code surrounds it."""
    letters = buffer[end - 2 : end]
    if (
        buffer[start] == 48
        or letters
        in (
            b"SA",
            b"SD",
            b"SS",
            b"MG",
            b"ML",
            b"UI",
            b"IU",
            b"KG",
            b"CC",
            b"MM",
            b"CM",
            b"AM",
            b"PM",
            b"KM",
            b"PA",
            b"BP",
            b"HU",
            b"HZ",
            b"KB",
            b"MB",
            b"EN",
            b"UM",
        )
        or buffer[start - 1] in b"-/.,"
    ):
        return
    if b" " in buffer[start:end] and re.search(rb"[,\n\0][ ]*\Z|[a-z\d][ ]*\Z", buffer[max(0, start - 4) : start]):
        yield Hit(start, end, Category.POSTAL_CODE, 0.6, Role.UNKNOWN, "postal_code")


RULES: tuple[Rule, ...] = (
    Rule(
        rb"\b(?:[DFEIALB]-|CH-|NL-)?\d{5}[ ]{0,2}[-,.(]?[ ]{0,2}[A-Z][A-Za-z']", _postal_then_town(0.8), caseless=False
    ),
    Rule(rb"\b\d{4} ?[A-Z]{2}[ ]{0,2},?[ ]{0,2}[A-Z'][A-Za-z-]", _postal_then_town(0.9), caseless=False),
    Rule(rb"\b\d{4} ?[A-Z]{2}\b", _bare_dutch, caseless=False),
    Rule(rb"\b\d{4}-\d{3}[ ]{0,2},?[ ]?[A-Z][a-z]", _postal_then_town(0.9), caseless=False),
    Rule(rb"\d[a-z]?, ?\d{4} [A-Z][a-z]{2}", _four_digits, caseless=False),
    Rule(rb"\b(?:CH-|A-|AT-|B-|L-)\d{4}[ ][A-Z][a-z]", _postal_then_town(0.85), caseless=False),
    Rule(rb"\b(?:" + _STATES + rb"),?[ ]+\d{5}\b", _state_and_zip, caseless=False),
    Rule(rb"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b", _uk, caseless=False),
    phrase(_country, _COUNTRY),
    label(
        _labelled_code,
        "place.postal_code",
    ),
    label(
        _labelled_town(Category.CITY, "city"),
        "place.city",
    ),
    label(
        _labelled_town(Category.REGION, "region"),
        "place.region",
    ),
    label(
        _labelled_town(Category.COUNTRY, "country"),
        "place.country",
    ),
    Rule(rb", from [A-Z]", lambda buffer, start, end: _resident(buffer, start + 2, end), caseless=False),
    Rule(
        rb"\b(?:(?:habitent|habitait|residant|resident|domicilies) a|ville de|(?:lives|living|lived|resides|"
        rb"residing|born|woont|wonend|woonachtig|wohnhaft|wohnt|lebt|geboren|abita|nat[oa]|nascid[oa]|mora|vive|"
        rb"viven|reside|residentes?|habite|habitant|demeurant|domiciliee?|vit|vivant|nee?|nacid[oa]|domicilio|"
        rb"domiciliad[oa]) "
        rb"(?:in|en|em|a|te)|(?:native|residents?|hometown) of|moved (?:to|from)|(?:vecin[oa]|naturales|natural|"
        rb"procedente|originari[oa]|oriundo) de|originaire de|afkomstig uit|habite) ",
        _resident,
    ),
)
