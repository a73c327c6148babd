"""Streets with numbers, post boxes, postal codes, and the towns that stand beside them or behind a label."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import terms
from deidstream.detection.text.rules.rule import Confirm, Hit, Rule, label, phrase

__all__ = ["RULES", "town"]

_PARTICLE = rb"(?:de|del|de la|de las|de los|de l'|d'|des|du|la|las|los|le|les|l'|y|e|i|et|di|della|delle|dei|degli|da|do|dos|das|der|den|van|van der|van den|am|an der|im|zur|zum|of|the|sur|en|aux?|sous|nell'|a|s/)"
_CAPITAL = rb"(?:[A-Z]\.|(?:[DLdl]')?[A-Z][A-Za-z]*(?:[-'][A-Za-z]+)*\.?|\d{1,2}(?:de|er|ero|st|nd|rd|th)?(?=[ ]de[ ]))"
_WORDS = rb"(?:(?:" + _PARTICLE + rb"[ ]+){0,3}" + _CAPITAL + rb"(?:[ ]+(?=[A-Za-z]))?){1,6}"
_NUMBER = rb"\d{1,5}(?:[ ]?(?:[-/][ ]?\d{1,5}[A-Za-z]?(?![oa.]*[oa]\b|[oa][A-Z])|bis|ter|quater|[A-Za-z](?![A-Za-z0-9])))?"
_FLOOR = (
    rb"(?:[ ]*[,.;-]?[ ]*(?:(?:piso|planta|puerta|pta|portal|ptal|escalera|esc|bloque|blq|bajo|bjo|entresuelo|atico|local|apt|apto|apartamento|apartment|suite|ste|unit|flat|"
    rb"floor|fl|room|etage|stock|og|eg|wohnung|whg|appt|appartement|bat|batiment|int|interno|scala|piano|andar|esq|dto|sala|bus|hs|#)\b\.?[ ]*[A-Za-z]?\d{0,4}(?:[ ]?[A-Z](?![A-Za-z]))?|"
    rb"[A-Z]-?\d{1,2}(?!\w)|\d{1,2}\.?(?:o|a|er|ro|do|to|th|st|nd|rd)\.?(?:[A-Za-z](?![A-Za-z]))?[ ]*(?:[-,][ ]?)?(?:[A-Z](?![A-Za-z])|(?:izq|iz|izda|izquierda|dcha|der|derecha|drcha|dto|esq|ctro|centro|floor|piso|pta|puerta)\b\.?|\d{1,2}(?:o|a)?(?![\d/]))?|"
    rb"\d{1,2}[ ]?[A-Z](?![A-Za-z0-9])))"
)


def _re(pattern: bytes, caseless: bool = False) -> re.Pattern[bytes]:
    return re.compile(pattern, re.IGNORECASE if caseless else 0)


_SPANISH = _re(
    rb"\.?[ ]*(?:de[ ]+la[ ]+|de[ ]+|del[ ]+)?(?P<name>" + _WORDS + rb")(?:[ ]*,?[ ]*(?:n[o.]{1,2}|num\.?|n|s/n|numero|no\.?|km\.?|k\.?m\.?)?[ ]*(?:(?P<number>" + _NUMBER
    + rb"(?:[.,]\d{3}(?!\d))?)(?![\d]|[ ]?%|[.,]\d)|s/n)(?:" + _FLOOR + rb"){0,4})?"
)


def _street_first(needs_number: bool) -> Confirm:
    """A street's kind first (``Calle``, ``rue``, ``via``), then its name, and mostly a number."""

    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        matched = _SPANISH.match(buffer, end)
        if matched is None:
            return
        if matched.group("number") is None and (needs_number or not matched.group("name")[:1].isupper()):
            if b"s/n" not in matched.group().lower():
                return
        first = matched.group("name").split()[-1].lower().strip(b".,")
        if matched.group("number") is None and first in terms():
            return
        close = start + len(buffer[start : matched.end()].rstrip(b" ,.-"))
        yield Hit(start, close, Category.STREET, 0.9 if matched.group("number") else 0.7, Role.UNKNOWN, "line")

    return confirm


_FRENCH = re.compile(
    rb"(?:(?:\d{1,4}[ ]?[-/][ ]?)?\d{1,4}(?:[ ]?(?:bis|ter|quater|[A-Z](?![a-z])))?[ ]*,?[ ]+)(?:[Rr]ue|RUE|[Aa]venue|AVENUE|[Aa]ve?\.?|AV|[Bb]oulevard|BOULEVARD|[Bb][dl]{1,2}\.?|BD|[Bb]lvd\.?|[Pp]lace|PLACE|[Pp]l\.?|[Cc]hemin|CHEMIN|"
    rb"[Aa]llees?|ALLEE|[Ii]mpasse|IMPASSE|[Qq]uai|QUAI|[Cc]ours|COURS|[Rr]oute|ROUTE|[Ss]quare|SQUARE|[Pp]assage|PASSAGE|[Ff]aubourg|[Ss]entier|[Vv]illa|[Rr]esidence|[Rr]uelle|[Ee]splanade|[Vv]oie|[Hh]ameau)(?![A-Za-z])"
    rb"(?:[ ]+(?:de|du|des|la|le|les|l'|d'|sur|en|et|a|au|aux|sous|DE|DU|DES|LA|LE|LES|ET|SUR)\b|[ ]*(?:[dDlL]')?[A-Z][A-Za-z'.-]*|[ ]*[dl]'[A-Za-z-]+|[ ]+\d{1,2}(?=[ ]+[A-Za-z]+[ ]+(?:19|20)\d\d)|[ ]+(?:19|20)\d\d|[ ]+(?:grand|petit|petite|general|marechal|docteur|president|bois|saint|sainte|vieux|vieille|fontaine|moulin|eglise|ecole|gare|lilas|roses|chene|clos|pres?)\b){1,8}"
)


def _french(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    if buffer[start - 1] in b"-/" and buffer[start - 2 : start - 1].isdigit():
        start = start - 1 - len(re.search(rb"\d*\Z", buffer[max(0, start - 6) : start - 1]).group())  # type: ignore[union-attr]  # matches always
    matched = _FRENCH.match(buffer, start)
    if matched is not None and buffer[start - 1] not in b".,/-":
        yield Hit(start, start + len(matched.group().rstrip(b" .,-")), Category.STREET, 0.9, Role.UNKNOWN, "line")


_STREET_SUFFIX = (
    rb"[a-z-](?:[sS]trase|[sS]trasse|str\.|straat|laan|gracht|plein|kade|singel|dijk|weg|platz|allee|gasse|ring|damm|ufer|steig|stieg|markt|hof|plantsoen|steeg|park|dreef|hoeve|pad)"
    rb"[ ]+\d{1,4}"
)
_STREET_WORD = (
    rb"\b(?:[A-Z][A-Za-z.]+(?:-[A-Z][A-Za-z.]+){0,3}[- ])(?:Strase|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer|Straat|Laan|Plein|Singel)[ ]+\d{1,4}|"
    rb"\b(?:Am|An der|An den|Auf dem|Auf der|Im|In der|Unter den|Zum|Zur)[ ](?:[A-Z][a-z]+[ ]){0,1}[A-Z][a-z]+[ ]+\d{1,4}[a-z]?,"
)
_HOUSE = re.compile(rb"[ ]?(?:[-/+][ ]?\d{1,4})?[ ]?(?:[a-zA-Z](?![A-Za-z0-9]))?(?:-(?:[IVX]{1,4}|\d{1,3}|[a-z]{1,3})(?!\w))?")
_CLINICAL_COMPOUND = re.compile(rb"(?:Atem|Harn|Luft|Gallen|Ruck|Heil|Speise|Arbeits|Rechts|Transport|Zugangs|Verdauungs|Infektions|Ubertragungs|Stuhl|Monat|Jahr|Blut)weg", re.IGNORECASE)


_COMPOUND_START = re.compile(rb"(?<![A-Za-z'-])[A-Z][A-Za-z-]*\Z|(?<![A-Za-z])(?:Am|An|Auf|Im|In|Unter|Zum|Zur)\Z")


def _number_last(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``Hauptstraße 12a``, ``Keizersgracht 12-II``, ``Berliner Allee 5``."""
    begin = _COMPOUND_START.search(buffer, max(0, start - 40), start + 1)
    if begin is None:
        return
    start = begin.start()
    rest = _HOUSE.match(buffer, end) if buffer[end - 1 : end].isdigit() else None
    close = rest.end() if rest and not buffer[end : end + 1].isdigit() else end
    if buffer[close : close + 1].isdigit() or _CLINICAL_COMPOUND.match(buffer, start) or buffer[close : close + 1] == b"%":
        return
    yield Hit(start, start + len(buffer[start:close].rstrip(b" ,-/+")), Category.STREET, 0.85, Role.UNKNOWN, "line")


_ENGLISH = re.compile(
    rb"(?<![\d/.,-])\d{1,6}[A-Za-z]?(?:[ ]\d/\d)?[ ]+(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?[ ]+)?(?:[A-Z][A-Za-z'.-]*[ ]+|\d{1,3}(?:st|nd|rd|th)[ ]+|of[ ]|the[ ]){1,5}?"
    rb"(?:Street|Str|St|Avenue|Ave|Av|Boulevard|Blvd|Road|Rd|Drive|Dr|Lane|Ln|Court|Ct|Place|Pl|Circle|Cir|Way|Terrace|Ter|Trail|Trl|Parkway|Pkwy|Highway|Hwy|Square|Sq|Loop|Crescent|Close|Gardens|Grove|Mews|Row|"
    rb"Hill|View|Plaza|Path|Ridge|Crossing|Point|Run|Pike|Turnpike|Alley|Walk|Green|Heights|Parade|STREET|ST|AVENUE|AVE|BOULEVARD|BLVD|ROAD|RD|DRIVE|DR|LANE|LN|COURT|CT|PLACE|PL|WAY|CIRCLE|PARKWAY|HIGHWAY|HWY)\b\.?"
    rb"(?:[ ]+(?:N|S|E|W|NE|NW|SE|SW)\b\.?)?(?:[ ]*,?[ ]*(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|APT|SUITE|STE|UNIT|#)\.?[ ]*#?[ ]?[A-Za-z]?-?\d{0,5}[A-Za-z]?(?![a-z]))?"
)
_ENGLISH_TRIGGER = (
    rb"[a-z0-9.] (?:street|st|avenue|ave|boulevard|blvd|road|rd|drive|dr|lane|ln|court|ct|place|pl|circle|cir|way|terrace|trail|parkway|pkwy|highway|hwy|"
    rb"square|loop|crescent|close|gardens|grove|mews|row|hill|view|plaza|path|ridge|crossing|point|run|pike|alley|walk|green|heights)[^a-z0-9]"
)
_HOUSE_BEFORE = re.compile(rb"(?<![\d/.,-])\d{1,6}[A-Za-z]?(?:[ ]\d/\d)?[ ]+(?:[A-Z0-9][A-Za-z0-9'.-]*[ ]+|of[ ]|the[ ]){0,5}[A-Z0-9][A-Za-z0-9'.-]*\Z")


def _english(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    house = _HOUSE_BEFORE.search(buffer, max(0, start - 50), start + 1)
    matched = _ENGLISH.match(buffer, house.start()) if house else None
    if house is not None and matched is not None:
        start = house.start()
        yield Hit(start, start + len(matched.group().rstrip(b" ,.")), Category.STREET, 0.85, Role.UNKNOWN, "line")


_BOX = re.compile(rb"(?:p\.? ?o\.? ?box|apartado(?: de correos)?|apdo\.?|postfach|postbus|boite postale|b\.?p\.?|casella postale|caixa postal|c\.p\.)[ ]*:?[ ]*(?:n[o.]{1,2}[ ]*)?\d{1,6}(?:[ ]\d{2})?", re.IGNORECASE)


def _box(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _BOX.match(buffer, start)
    if matched is not None:
        yield Hit(start, matched.end(), Category.STREET, 0.85, Role.UNKNOWN, "line")


_TOWN = re.compile(
    rb"(?:[A-Z][a-z]+(?:['-][A-Za-z]+)*|[A-Z]{2,}(?:-[A-Z]{2,})*|(?:[LlDd]')[A-Z][a-z]+)(?:[ ]+(?:(?:de|del|la|las|los|el|les|le|sur|sous|en|di|do|da|dos|am|an der|ob der|bei|im|in|aan|aan den|den|of|the|y|i|d'|l'|upon)[ ]+){0,3}"
    rb"(?:[LlDd]')?(?:[A-Z][a-z]+(?:['-][A-Za-z]+)*|[A-Z]{2,}(?:-[A-Z]{2,})*)){0,3}(?:[ ]+(?:Cedex|CEDEX|cedex)(?:[ ]\d{1,2})?)?"
)
_COUNTRIES = frozenset(
    b"espana spain france frankreich germany deutschland allemagne alemania italia italy italie portugal nederland netherlands belgique belgium osterreich austria schweiz suisse switzerland "
    b"mexico argentina chile colombia peru ecuador venezuela bolivia uruguay paraguay cuba marruecos morocco maroc usa uk brasil brazil canada ireland england scotland wales andorra rumania "
    b"polonia china india japon pakistan senegal".split()
)


def town(buffer: bytes, position: int) -> tuple[int, int] | None:
    """The place name at ``position``: capitalised words, cut before anything that is a heading."""
    matched = _TOWN.match(buffer, position)
    if matched is None:
        return None
    end = position
    for word in re.finditer(rb"[^ ]+", matched.group()):
        if word.group().lower() in terms() and word.group().lower() not in _COUNTRIES and word.group().lower() not in (b"san", b"santa", b"la", b"el", b"las", b"los", b"le", b"new", b"de", b"del", b"saint", b"sainte", b"les", b"sur"):
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
    "Navarra|Vizcaya|Bizkaia|Guipuzcoa|Gipuzkoa|Alava|Asturias|Cantabria|La Rioja|Aragon|Cataluna|Catalunya|Barcelona|Tarragona|Lerida|Lleida|Gerona|Girona|Huesca|Zaragoza|"
    "Teruel|Madrid|Toledo|Cuenca|Guadalajara|Albacete|Ciudad Real|Valencia|Alicante|Castellon|Murcia|Almeria|Granada|Jaen|Cordoba|Sevilla|Huelva|Cadiz|Malaga|Badajoz|Caceres|"
    "Salamanca|Zamora|Leon|Palencia|Valladolid|Burgos|Soria|Segovia|Avila|Galicia|La Coruna|A Coruna|Lugo|Orense|Ourense|Pontevedra|Baleares|Mallorca|Tenerife|Las Palmas|Canarias|"
    "Andalucia|Extremadura|Castilla|Euskadi|Bayern|Hessen|Sachsen|Bretagne|Normandie|Lombardia|Toscana|Sicilia|California|Texas|Florida|Massachusetts|Illinois|Ohio|Michigan"
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


_POSTAL = re.compile(rb"(?:[DFEIALBP]-?|CH-|NL-|AT-)?(?:\d{4}[ ]?[A-Z]{2}(?![A-Za-z])|\d{4}-\d{3}|\d{5}|\d{4})(?!\d)")
_STATES = (
    b"AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
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


_UK = re.compile(rb"(?:GIR ?0AA|[A-PR-UWYZ](?:[A-HK-Y]?\d[\dA-HJKPSTUW]?|[A-HK-Y]\d[ABEHMNPRVWXY]?)[ ]?\d[ABD-HJLNP-UW-Z]{2})(?![\w-])")


def _uk(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _UK.match(buffer, start)
    if matched is not None and b" " in matched.group() and buffer[start - 1] not in b"-/.":
        yield Hit(start, matched.end(), Category.POSTAL_CODE, 0.8, Role.UNKNOWN, "postal_code")


_CODE = re.compile(rb"[ \t]*[:.#=]?[ \t]*((?:[DFEIALB]-)?(?:\d{4}[ ]?[A-Z]{2}(?![A-Za-z])|\d{4}-\d{3}|\d{5}-\d{3,4}|\d{4,6}|\d{3}[ ]?\d{2}|\d{2}[ ]\d{3}|[A-Z]\d{4}|[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d))(?![\w])[ ]*")


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


_LABELLED_LINE = re.compile(
    rb"[ \t]*[:=][ \t]*([A-Za-z0-9](?:[^\n\0\r;:]{3,70}(?=[\n\0\r])|[^\n\0\r;]{3,80}?(?=[ \t]*(?:[\n\0\r;]|(?<!No)\.[ \n\0\r]|[A-Z][A-Za-z/ ]{1,18}:))))"
)


def _labelled_address(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """What stands behind ``Address:``, up to a post code: better forms inside it win where they are surer."""
    matched = _LABELLED_LINE.match(buffer, end)
    if matched is None or not re.search(rb"[A-Z].*\d|\d.*[A-Z]", matched.group(1)):
        return
    line = matched.group(1)
    cut = re.search(rb"[ ,.-]*(?:\b(?:CP|C\.P\.|PLZ)\b|(?:\b[A-Z]-)?\b\d{5}\b|\b\d{4} ?[A-Z]{2}\b|\b\d{4}-\d{3}\b|,[ ]*[A-Z][a-z]+(?:[ ][A-Z][a-z]+)?[ ]*,[ ]*[A-Z]{2}\b)", line)
    street = line[: cut.start()] if cut and cut.start() > 2 else line
    yield Hit(matched.start(1), matched.start(1) + len(street.rstrip(b" ,.-")), Category.STREET, 0.92, Role.UNKNOWN, "line")


_RESIDENT = re.compile(
    rb"(?:la ville de|ville de|habitent a|habitait a|residant a|resident a|domicilies a|from|lives in|living in|lived in|resides in|residing in|resident of|residents of|born in|moved to|moved from|native of|hometown of|from|"
    rb"reside en|residente en|residentes en|vive en|viven en|vecino de|vecina de|natural de|naturales de|procedente de|originaria de|originario de|oriundo de|nacido en|nacida en|domicilio en|domiciliado en|domiciliada en|"
    rb"wohnhaft in|wohnt in|lebt in|aus|geboren in|habite a|habitant a|habite|demeurant a|domicilie a|domiciliee a|originaire de|reside a|vit a|vivant a|nee? a|residente a|residente in|abita a|vive a|nato a|nata a|"
    rb"woont in|wonend in|wonende te|woonachtig in|afkomstig uit|geboren te|geboren in|reside em|residente em|mora em|vive em|natural de|nascid[oa] em)[ ]+(?:la |el |the |los |las )?",
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


_LOWER = re.compile(rb"[A-Za-z/.]+ (?:[a-z]+ ){0,4}[a-z]{3,}[, ]{1,3}(?:n[o.]{1,2} ?)?\d{1,4}(?![\d.,]\d)(?:" + _FLOOR + rb"){0,3}", re.IGNORECASE)


def _lower_case_street(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``calle mayor 5``: the kinds of street that nothing clinical is called."""
    matched = _LOWER.match(buffer, start)
    if matched is not None and buffer[matched.end() : matched.end() + 1] != b"%":
        yield Hit(start, start + len(matched.group().rstrip(b" ,.-")), Category.STREET, 0.75, Role.UNKNOWN, "line")


_street = _street_first(needs_number=True)
_KINDS = (
    rb"c/|c\.|cl\.|cl/|cll?\.?|calle|avda\.?|avd\.?|av\.|avenida|avinguda|plaza|pza\.?|plza\.?|pl\.|pz\.|praza|paseo|po\.?|pso\.?|pg\.?|passeig|ronda|"
    rb"rda\.?|carretera|ctra\.?|carrer|camino|cno\.?|cmno\.?|travesia|trav\.|tva\.|urbanizacion|urb\.|poligono|pol\.|glorieta|gta\.|alameda|bulevar|"
    rb"callejon|pasaje|pje\.?|rambla|rbla\.?|rua|via|viale|v\.le|piazza|p\.zza|piazzale|corso|c\.so|largo|vicolo|strada|lungotevere|lungarno|lungomare|"
    rb"contrada|localita|praca|travessa|estrada|rodovia|beco|calcada|urbanizacao|bairro|quinta|barrio|bda\.?|barriada|cuesta|costanilla|residencial|"
    rb"partida|parque"
)

_COUNTRY = "|".join(sorted(country.decode() for country in _COUNTRIES))


def _country(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """A country's name behind a comma, stop or bracket, as addresses end."""
    if 65 <= buffer[start] <= 90 and buffer[max(0, start - 3) : start].strip()[-1:] in (b",", b".", b"(", b":", b"-"):
        yield Hit(start, end, Category.COUNTRY, 0.6, Role.UNKNOWN, "country")


RULES: tuple[Rule, ...] = (
    Rule(b"[^a-z0-9](?:" + _KINDS + rb")\.?[ ]", lambda buffer, start, end: _street(buffer, start, end + 1), margin=1),
    Rule(rb"[^a-z0-9]c/[a-z]", _street, margin=1),
    Rule(rb"\b(?:calle|avda\.?|avenida|av\.|c/|plaza|paseo|rua|strada|piazza) [a-z]{2}", _lower_case_street),
    Rule(rb"\b\d{1,4}(?:[ ]?(?:bis|ter|quater|[a-z]))?[ ]*,?[ ]+(?:rue|avenue|ave?\.?|boulevard|bd\.?|bld\.?|blvd\.?|place|pl\.?|chemin|allees?|impasse|quai|cours|route|square|passage|faubourg|sentier|villa|residence|ruelle|esplanade|voie|hameau)[ ]", _french),
    Rule(_STREET_SUFFIX, _number_last, caseless=False),
    Rule(_STREET_WORD, _number_last, caseless=False),
    Rule(_ENGLISH_TRIGGER, _english),
    Rule(rb"\b(?:p\.? ?o\.? ?box|apartado(?: de correos)?|apdo\.?|postfach|postbus|boite postale|casella postale|caixa postal)[ ]*:?[ ]*(?:n[o.]{1,2}[ ]*)?\d", _box),
    Rule(rb"\b(?:[DFEIALB]-|CH-|NL-)?\d{5}[ ]{0,2}[-,.(]?[ ]{0,2}[A-Z][A-Za-z']", _postal_then_town(0.8), caseless=False),
    Rule(rb"\b\d{4} ?[A-Z]{2}[ ]{0,2},?[ ]{0,2}[A-Z'][A-Za-z-]", _postal_then_town(0.9), caseless=False),
    Rule(rb"\b\d{4} ?[A-Z]{2}\b", lambda buffer, start, end: _bare_dutch(buffer, start, end), caseless=False),
    Rule(rb"\b\d{4}-\d{3}[ ]{0,2},?[ ]?[A-Z][a-z]", _postal_then_town(0.9), caseless=False),
    Rule(rb"\d[a-z]?, ?\d{4} [A-Z][a-z]{2}", _four_digits, caseless=False),
    Rule(rb"\b(?:CH-|A-|AT-|B-|L-)\d{4}[ ][A-Z][a-z]", _postal_then_town(0.85), caseless=False),
    Rule(rb"\b(?:" + _STATES + rb"),?[ ]+\d{5}\b", _state_and_zip, caseless=False),
    Rule(rb"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b", _uk, caseless=False),
    phrase(_country, _COUNTRY),
    label(_labelled_code, "cp, c.p., código postal, codigo postal, cod. postal, zip, zip code, zipcode, postal code, postcode, post code, plz, postleitzahl, code postal, cap, postcode, cep"),
    label(_labelled_town(Category.CITY, "city"), "localidad, población, municipio, ciudad, city, town, lugar, stadt, wohnort, ort, ville, commune, città, comune, luogo, woonplaats, plaats, stad, localidade, cidade, concelho, freguesia, naturalidade, "
                "lugar de nacimiento, lugar de residencia, place of birth, birthplace, geburtsort, lieu de naissance, luogo di nascita, geboorteplaats, residencia, residenza, localidad de residencia"),
    label(_labelled_town(Category.REGION, "region"), "provincia, comunidad autónoma, state, region, county, bundesland, département, région, regione, provincie, distrito, estado"),
    label(_labelled_town(Category.COUNTRY, "country"), "país, pais, country, land, pays, paese, nazione, país de origen, country of birth"),
    label(_labelled_address, "address, home address, street address, mailing address, residence, domicilio, dirección, adresse, anschrift, wohnanschrift, indirizzo, adres, morada, endereço, domicile, street"),
    Rule(rb", from [A-Z]", lambda buffer, start, end: _resident(buffer, start + 2, end), caseless=False),
    Rule(rb"\b(?:(?:habitent|habitait|residant|resident|domicilies) a|ville de|(?:lives|living|lived|resides|residing|born|woont|wonend|woonachtig|wohnhaft|wohnt|lebt|geboren|abita|nat[oa]|nascid[oa]|mora|vive|viven|reside|residentes?|habite|habitant|demeurant|domiciliee?|vit|vivant|nee?|nacid[oa]|domicilio|domiciliad[oa]) "
         rb"(?:in|en|em|a|te)|(?:native|residents?|hometown) of|moved (?:to|from)|(?:vecin[oa]|naturales|natural|procedente|originari[oa]|oriundo) de|originaire de|afkomstig uit|habite) ", _resident),
)


def _bare_dutch(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``1234 AB`` alone, where nothing says that it counts (``2000 MG``) and no code surrounds it."""
    letters = buffer[end - 2 : end]
    if buffer[start] == 48 or letters in (b"SA", b"SD", b"SS", b"MG", b"ML", b"UI", b"IU", b"KG", b"CC", b"MM", b"CM", b"AM", b"PM", b"KM", b"PA", b"BP", b"HU", b"HZ", b"KB", b"MB", b"EN", b"UM") or buffer[start - 1] in b"-/.,":
        return
    if b" " in buffer[start:end] and re.search(rb"[,\n\0][ ]*\Z|[a-z\d][ ]*\Z", buffer[max(0, start - 4) : start]):
        yield Hit(start, end, Category.POSTAL_CODE, 0.6, Role.UNKNOWN, "postal_code")
