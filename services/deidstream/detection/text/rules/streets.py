"""Streets with their numbers in the forms of each language, and post boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import terms
from deidstream.detection.text.rules.rule import Confirm, Hit, Rule, label

__all__ = ["RULES"]

_PARTICLE = (
    rb"(?:de|del|de la|de las|de los|de l'|d'|des|du|la|las|los|le|les|l'|y|e|i|et|di|della|delle|dei|degli|"
    rb"da|do|dos|das|der|den|van|van der|van den|am|an der|im|zur|zum|of|the|sur|en|aux?|sous|nell'|a|s/)"
)
_CAPITAL = rb"(?:[A-Z]\.|(?:[DLdl]')?[A-Z][A-Za-z]*(?:[-'][A-Za-z]+)*\.?|\d{1,2}(?:de|er|ero|st|nd|rd|th)?(?=[ ]de[ ]))"
_WORDS = rb"(?:(?:" + _PARTICLE + rb"[ ]+){0,3}" + _CAPITAL + rb"(?:[ ]+(?=[A-Za-z]))?){1,6}"
_NUMBER = (
    rb"\d{1,5}(?:[ ]?(?:[-/][ ]?\d{1,5}[A-Za-z]?(?![oa.]*[oa]\b|[oa][A-Z])|bis|ter|quater|[A-Za-z](?![A-Za-z0-9])))?"
)
_FLOOR = (
    rb"(?:[ ]*[,.;-]?[ ]*(?:(?:piso|planta|puerta|pta|portal|ptal|escalera|esc|bloque|blq|bajo|bjo|"
    rb"entresuelo|atico|local|apt|apto|apartamento|apartment|suite|ste|unit|flat|"
    rb"floor|fl|room|etage|stock|og|eg|wohnung|whg|appt|appartement|bat|batiment|int|interno|scala|piano|"
    rb"andar|esq|dto|sala|bus|hs|#)\b\.?[ ]*[A-Za-z]?\d{0,4}(?:[ ]?[A-Z](?![A-Za-z]))?|"
    rb"[A-Z]-?\d{1,2}(?!\w)|\d{1,2}\.?(?:o|a|er|ro|do|to|th|st|nd|rd)\.?(?:[A-Za-z](?![A-Za-z]))?[ ]*(?:[-,"
    rb"][ ]?)?(?:[A-Z](?![A-Za-z])|(?:izq|iz|izda|izquierda|dcha|der|derecha|drcha|dto|esq|ctro|centro|"
    rb"floor|piso|pta|puerta)\b\.?|\d{1,2}(?:o|a)?(?![\d/]))?|"
    rb"\d{1,2}[ ]?[A-Z](?![A-Za-z0-9])))"
)


def _re(pattern: bytes, caseless: bool = False) -> re.Pattern[bytes]:
    return re.compile(pattern, re.IGNORECASE if caseless else 0)


_SPANISH = _re(
    rb"\.?[ ]*(?:de[ ]+la[ ]+|de[ ]+|del[ ]+)?(?P<name>"
    + _WORDS
    + rb")(?:[ ]*,?[ ]*(?:n[o.]{1,2}|num\.?|n|s/n|numero|no\.?|km\.?|k\.?m\.?)?[ ]*(?:(?P<number>"
    + _NUMBER
    + rb"(?:[.,]\d{3}(?!\d))?)(?![\d]|[ ]?%|[.,]\d)|s/n)(?:"
    + _FLOOR
    + rb"){0,4})?"
)


def _street_first(needs_number: bool) -> Confirm:
    """A street's kind first (``Calle``, ``rue``, ``via``), then its name, and mostly a number."""

    def confirm(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
        matched = _SPANISH.match(buffer, end)
        if matched is None:
            return
        numbered = matched.group("number") is not None or b"s/n" in matched.group().lower()
        if not numbered and (needs_number or not matched.group("name")[:1].isupper()):
            return
        first = matched.group("name").split()[-1].lower().strip(b".,")
        if matched.group("number") is None and first in terms():
            return
        close = start + len(buffer[start : matched.end()].rstrip(b" ,.-"))
        yield Hit(start, close, Category.STREET, 0.9 if matched.group("number") else 0.7, Role.UNKNOWN, "line")

    return confirm


_FRENCH = re.compile(
    rb"(?:(?:\d{1,4}[ ]?[-/][ ]?)?\d{1,4}(?:[ ]?(?:bis|ter|quater|[A-Z](?![a-z])))?[ ]*,?[ ]+)(?:[Rr]ue|RUE|"
    rb"[Aa]venue|AVENUE|[Aa]ve?\.?|AV|[Bb]oulevard|BOULEVARD|[Bb][dl]{1,2}\.?|BD|[Bb]lvd\.?|[Pp]lace|PLACE|"
    rb"[Pp]l\.?|[Cc]hemin|CHEMIN|"
    rb"[Aa]llees?|ALLEE|[Ii]mpasse|IMPASSE|[Qq]uai|QUAI|[Cc]ours|COURS|[Rr]oute|ROUTE|[Ss]quare|SQUARE|"
    rb"[Pp]assage|PASSAGE|[Ff]aubourg|[Ss]entier|[Vv]illa|[Rr]esidence|[Rr]uelle|[Ee]splanade|[Vv]oie|"
    rb"[Hh]ameau)(?![A-Za-z])"
    rb"(?:[ ]+(?:de|du|des|la|le|les|l'|d'|sur|en|et|a|au|aux|sous|DE|DU|DES|LA|LE|LES|ET|SUR)\b|[ "
    rb"]*(?:[dDlL]')?[A-Z][A-Za-z'.-]*|[ ]*[dl]'[A-Za-z-]+|[ ]+\d{1,2}(?=[ ]+[A-Za-z]+[ ]+(?:19|20)\d\d)|[ "
    rb"]+(?:19|20)\d\d|[ ]+(?:grand|petit|petite|general|marechal|docteur|president|bois|saint|sainte|vieux|"
    rb"vieille|fontaine|moulin|eglise|ecole|gare|lilas|roses|chene|clos|pres?)\b){1,8}"
)


def _french(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    if buffer[start - 1] in b"-/" and buffer[start - 2 : start - 1].isdigit():
        start = start - 1 - len(re.search(rb"\d*\Z", buffer[max(0, start - 6) : start - 1]).group())  # type: ignore[union-attr]  # matches always
    matched = _FRENCH.match(buffer, start)
    if matched is not None and buffer[start - 1] not in b".,/-":
        yield Hit(start, start + len(matched.group().rstrip(b" .,-")), Category.STREET, 0.9, Role.UNKNOWN, "line")


_STREET_SUFFIX = (
    rb"[a-z-](?:[sS]trase|[sS]trasse|str\.|straat|laan|gracht|plein|kade|singel|dijk|weg|platz|allee|gasse|"
    rb"ring|damm|ufer|steig|stieg|markt|hof|plantsoen|steeg|park|dreef|hoeve|pad)"
    rb"[ ]+\d{1,4}"
)
_STREET_WORD = (
    rb"\b(?:[A-Z][A-Za-z.]+(?:-[A-Z][A-Za-z.]+){0,3}[- ])(?:Strase|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|"
    rb"Damm|Ufer|Straat|Laan|Plein|Singel)[ ]+\d{1,4}|"
    rb"\b(?:Am|An der|An den|Auf dem|Auf der|Im|In der|Unter den|Zum|Zur)[ ](?:[A-Z][a-z]+[ ]){0,"
    rb"1}[A-Z][a-z]+[ ]+\d{1,4}[a-z]?,"
)
_HOUSE = re.compile(
    rb"[ ]?(?:[-/+][ ]?\d{1,4})?[ ]?(?:[a-zA-Z](?![A-Za-z0-9]))?(?:-(?:[IVX]{1,4}|\d{1,3}|[a-z]{1,3})(?!\w))?"
)
_CLINICAL_COMPOUND = re.compile(
    (
        rb"(?:Atem|Harn|Luft|Gallen|Ruck|Heil|Speise|Arbeits|Rechts|Transport|Zugangs|Verdauungs|Infektions|"
        rb"Ubertragungs|Stuhl|Monat|Jahr|Blut)weg"
    ),
    re.IGNORECASE,
)
_COMPOUND_START = re.compile(rb"(?<![A-Za-z'-])[A-Z][A-Za-z-]*\Z|(?<![A-Za-z])(?:Am|An|Auf|Im|In|Unter|Zum|Zur)\Z")


def _number_last(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``Hauptstraße 12a``, ``Keizersgracht 12-II``, ``Berliner Allee 5``."""
    begin = _COMPOUND_START.search(buffer, max(0, start - 40), start + 1)
    if begin is None:
        return
    start = begin.start()
    rest = _HOUSE.match(buffer, end) if buffer[end - 1 : end].isdigit() else None
    close = rest.end() if rest and not buffer[end : end + 1].isdigit() else end
    if (
        buffer[close : close + 1].isdigit()
        or _CLINICAL_COMPOUND.match(buffer, start)
        or buffer[close : close + 1] == b"%"
    ):
        return
    yield Hit(start, start + len(buffer[start:close].rstrip(b" ,-/+")), Category.STREET, 0.85, Role.UNKNOWN, "line")


_ENGLISH = re.compile(
    rb"(?<![\d/.,-])\d{1,6}[A-Za-z]?(?:[ ]\d/\d)?[ ]+(?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?[ "
    rb"]+)?(?:[A-Z][A-Za-z'.-]*[ ]+|\d{1,3}(?:st|nd|rd|th)[ ]+|of[ ]|the[ ]){1,5}?"
    rb"(?:Street|Str|St|Avenue|Ave|Av|Boulevard|Blvd|Road|Rd|Drive|Dr|Lane|Ln|Court|Ct|Place|Pl|Circle|Cir|"
    rb"Way|Terrace|Ter|Trail|Trl|Parkway|Pkwy|Highway|Hwy|Square|Sq|Loop|Crescent|Close|Gardens|Grove|Mews|"
    rb"Row|"
    rb"Hill|View|Plaza|Path|Ridge|Crossing|Point|Run|Pike|Turnpike|Alley|Walk|Green|Heights|Parade|STREET|"
    rb"ST|AVENUE|AVE|BOULEVARD|BLVD|ROAD|RD|DRIVE|DR|LANE|LN|COURT|CT|PLACE|PL|WAY|CIRCLE|PARKWAY|HIGHWAY|"
    rb"HWY)\b\.?"
    rb"(?:[ ]+(?:N|S|E|W|NE|NW|SE|SW)\b\.?)?(?:[ ]*,?[ ]*(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|"
    rb"Rm|Bldg|APT|SUITE|STE|UNIT|#)\.?[ ]*#?[ ]?[A-Za-z]?-?\d{0,5}[A-Za-z]?(?![a-z]))?"
)
_ENGLISH_TRIGGER = (
    rb"[a-z0-9.] (?:street|st|avenue|ave|boulevard|blvd|road|rd|drive|dr|lane|ln|court|ct|place|pl|circle|"
    rb"cir|way|terrace|trail|parkway|pkwy|highway|hwy|"
    rb"square|loop|crescent|close|gardens|grove|mews|row|hill|view|plaza|path|ridge|crossing|point|run|pike|"
    rb"alley|walk|green|heights)[^a-z0-9]"
)
_HOUSE_BEFORE = re.compile(
    rb"(?<![\d/.,-])\d{1,6}[A-Za-z]?(?:[ ]\d/\d)?[ ]+(?:[A-Z0-9][A-Za-z0-9'.-]*[ ]+|of[ ]|the[ ]){0,"
    rb"5}[A-Z0-9][A-Za-z0-9'.-]*\Z"
)


def _english(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    house = _HOUSE_BEFORE.search(buffer, max(0, start - 50), start + 1)
    matched = _ENGLISH.match(buffer, house.start()) if house else None
    if house is not None and matched is not None:
        start = house.start()
        yield Hit(start, start + len(matched.group().rstrip(b" ,.")), Category.STREET, 0.85, Role.UNKNOWN, "line")


_BOX = re.compile(
    (
        rb"(?:p\.? ?o\.? ?box|apartado(?: de correos)?|apdo\.?|postfach|postbus|boite postale|b\.?p\.?|casella "
        rb"postale|caixa postal|c\.p\.)[ ]*:?[ ]*(?:n[o.]{1,2}[ ]*)?\d{1,6}(?:[ ]\d{2})?"
    ),
    re.IGNORECASE,
)


def _box(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _BOX.match(buffer, start)
    if matched is not None:
        yield Hit(start, matched.end(), Category.STREET, 0.85, Role.UNKNOWN, "line")


_LABELLED_LINE = re.compile(
    rb"[ \t]*[:=][ \t]*([A-Za-z0-9](?:[^\n\0\r;:]{3,70}(?=[\n\0\r])|[^\n\0\r;]{3,80}?(?=[ \t]*(?:[\n\0\r;]|"
    rb"(?<!No)\.[ \n\0\r]|[A-Z][A-Za-z/ ]{1,18}:))))"
)


def _labelled_address(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """What stands behind ``Address:``, up to a post code: better forms inside it win where they are surer."""
    matched = _LABELLED_LINE.match(buffer, end)
    if matched is None or not re.search(rb"[A-Z].*\d|\d.*[A-Z]", matched.group(1)):
        return
    line = matched.group(1)
    cut = re.search(
        (
            rb"[ ,.-]*(?:\b(?:CP|C\.P\.|PLZ)\b|(?:\b[A-Z]-)?\b\d{5}\b|\b\d{4} ?[A-Z]{2}\b|\b\d{4}-\d{3}\b|,[ "
            rb"]*[A-Z][a-z]+(?:[ ][A-Z][a-z]+)?[ ]*,[ ]*[A-Z]{2}\b)"
        ),
        line,
    )
    street = line[: cut.start()] if cut and cut.start() > 2 else line
    yield Hit(
        matched.start(1), matched.start(1) + len(street.rstrip(b" ,.-")), Category.STREET, 0.92, Role.UNKNOWN, "line"
    )


_LOWER = re.compile(
    rb"[A-Za-z/.]+ (?:[a-z]+ ){0,4}[a-z]{3,}[, ]{1,3}(?:n[o.]{1,2} ?)?\d{1,4}(?![\d.,]\d)(?:" + _FLOOR + rb"){0,3}",
    re.IGNORECASE,
)


def _lower_case_street(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``calle mayor 5``: the kinds of street that nothing clinical is called."""
    matched = _LOWER.match(buffer, start)
    if matched is not None and buffer[matched.end() : matched.end() + 1] != b"%":
        yield Hit(start, start + len(matched.group().rstrip(b" ,.-")), Category.STREET, 0.75, Role.UNKNOWN, "line")


_street = _street_first(needs_number=True)
_KINDS = (
    rb"c/|c\.|cl\.|cl/|cll?\.?|calle|avda\.?|avd\.?|av\.|avenida|avinguda|plaza|pza\.?|plza\.?|pl\.|pz\.|"
    rb"praza|paseo|po\.?|pso\.?|pg\.?|passeig|ronda|"
    rb"rda\.?|carretera|ctra\.?|carrer|camino|cno\.?|cmno\.?|travesia|trav\.|tva\.|urbanizacion|urb\.|"
    rb"poligono|pol\.|glorieta|gta\.|alameda|bulevar|"
    rb"callejon|pasaje|pje\.?|rambla|rbla\.?|rua|via|viale|v\.le|piazza|p\.zza|piazzale|corso|c\.so|largo|"
    rb"vicolo|strada|lungotevere|lungarno|lungomare|"
    rb"contrada|localita|praca|travessa|estrada|rodovia|beco|calcada|urbanizacao|bairro|quinta|barrio|"
    rb"bda\.?|barriada|cuesta|costanilla|residencial|"
    rb"partida|parque"
)


RULES: tuple[Rule, ...] = (
    Rule(b"[^a-z0-9](?:" + _KINDS + rb")\.?[ ]", lambda buffer, start, end: _street(buffer, start, end + 1), margin=1),
    Rule(rb"[^a-z0-9]c/[a-z]", _street, margin=1),
    Rule(rb"\b(?:calle|avda\.?|avenida|av\.|c/|plaza|paseo|rua|strada|piazza) [a-z]{2}", _lower_case_street),
    Rule(
        (
            rb"\b\d{1,4}(?:[ ]?(?:bis|ter|quater|[a-z]))?[ ]*,?[ ]+(?:rue|avenue|ave?\.?|boulevard|bd\.?|bld\.?|"
            rb"blvd\.?|place|pl\.?|chemin|allees?|impasse|quai|cours|route|square|passage|faubourg|sentier|villa|"
            rb"residence|ruelle|esplanade|voie|hameau)[ ]"
        ),
        _french,
    ),
    Rule(_STREET_SUFFIX, _number_last, caseless=False),
    Rule(_STREET_WORD, _number_last, caseless=False),
    Rule(_ENGLISH_TRIGGER, _english),
    Rule(
        (
            rb"\b(?:p\.? ?o\.? ?box|apartado(?: de correos)?|apdo\.?|postfach|postbus|boite postale|casella postale|"
            rb"caixa postal)[ ]*:?[ ]*(?:n[o.]{1,2}[ ]*)?\d"
        ),
        _box,
    ),
    label(
        _labelled_address,
        "place.address",
    ),
)
