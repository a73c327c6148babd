"""Ages of people, told apart from durations (``hace 3 años``, ``for 3 years``)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.rules.rule import Hit, Rule, label

__all__ = ["RULES"]

_NUMBER = r"\d{1,3}(?:[.,]5)?(?:[ ]?(?:-|/|a|to|y|o|e|und|bis|et|ou)[ ]?\d{1,3})?"
_SPELLED = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|six|"
    r"seven|eight|nine))?|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen)"
)


def _re(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"), re.IGNORECASE)


_SURE = _re(
    rf"(?:{_NUMBER}|{_SPELLED})(?:"
    r"[ -]?(?:years?|yrs?|months?|mos?|weeks?|wks?|days?)[ -](?:of[ -])?(?:old\b|age\b)|[ -]?(?:years?|"
    r"yrs?)\.?[ -]?old\b|"
    r"[ -]?(?:y/?o|y\.o\.?|yo|yof|yom|m/o|m\.o\.|w/o|d/o)(?![a-z])|-year-olds?|[ ]?(?:years?|yrs?) ?o\b|"
    r"[ ]?(?:anos?|meses|mes|semanas|dias)(?= de (?:edad|vida|idade)\b)|"
    r"[ ]?-?(?:jahrig|jaehrig|monatig|jarig|wochig)[a-z]{0,2}\b|[ ]?(?:jahre?|monate?|wochen|j\.) alt\b|[ "
    r"]?(?:jaar|maanden|weken) oud\b|"
    r"[ ]?ans(?= d'age\b)|[ ]?(?:anni|mesi)(?= di eta\b))"
)
_UNIT = (
    r"(?:anos?|a\.|meses|mes|semanas|ans|mois|semaines|anni|mesi|settimane|jahren?|jaar|jr\.?|maanden|"
    r"years?|yrs?|months?|weeks?)"
)
_PLAIN = _re(rf"{_NUMBER}[ ]{{0,2}}{_UNIT}(?![a-z])")
_MONTHS = _re(r"(?:mes|mois|sem|sett|maand|month|week)")
_INFANT_BEFORE = _re(
    r"\b(?:lactante|nino|nina|bebe|nacid[oa]|varon|mujer|paciente|hij[oa]|feto|infant|baby|boy|girl|male|"
    r"female|newborn|child|nourrisson|bebe|enfant|garcon|fille|"
    r"lattante|neonat[oa]|bambin[oa]|saugling|zuigeling|baby|crianca|menin[oa]|edad|age|agee?)(?:[ "
    r"\t]+(?:de|di|of|van|von))?[ \t]*\Z"
)
_AFTER_EVENT = _re(r"[ \t]+(?:de la|del|de los|de su|after|apres|dopo)\b")
_NOT_AGE_AFTER = _re(
    r"[ \t]*(?:de |d'|di |of |von |van )?(?:evolu[a-z]+|duraci[a-z]+|duree|durata|duration|seguimiento|"
    r"suivi|follow|tratamiento|traitement|treatment|terapia|therapie|"
    r"despues|mas tarde|antes|later|ago|before|earlier|after|post|apres|plus tard|avant|dopo|prima|fa\b|"
    r"spater|zuvor|vorher|lang|later|geleden|"
    r"atras|depois|antes|supervivencia|survie|intervalo|previ|pack|paquete|paquet|tabac|history|experience|libre|"
    r"en tratamiento|con tratamiento|consecutiv|seguidos|de la (?:cirug|interv|oper)|evolucion|de consumo|"
    r"de fumador|de remision)"
)
_AGE_BEFORE = _re(
    r"(?:\b(?:de|con|tiene|tenia|presentaba|edad|edad:|cumplidos|a los|alos|desde los|age|aged|agee?|age de|"
    r"agee de|ages?:|was|is|at|turned|"
    r"varon|mujer|hombre|nino|nina|paciente|male|female|man|woman|boy|girl|patient|patiente|homme|femme|"
    r"garcon|fille|enfant|di|uomo|donna|paziente|"
    r"mann|frau|patientin|man|vrouw|van|utente|homem|mulher|com|aos|doente|von|im alter von|leeftijd|eta|"
    r"idade|a l'age de|all'eta di|jongen|meisje|"
    r"madre|padre|hermano|hermana|hijo|hija|mother|father|son|daughter|brother|sister)|[,;(:])[ \t]*\Z"
)
_DURATION_BEFORE = _re(
    r"\b(?:hace|hacia|desde hace|durante|por|cada|tras|en|for|since|past|last|next|over|within|every|in|"
    r"depuis|pendant|il y a|durant|sur|dans|"
    r"seit|vor|uber|nach|fur|alle|da|per|durante|ogni|negli ultimi|sinds|gedurende|al|ha|por|ultimos|"
    r"proximos|alrededor de|unos|ou|depuis plus de|"
    r"ult\.|mas de|menos de|plus de|moins de|more than|less than|mehr als|follow[a-z]*|seguimiento de|"
    r"evolucion de|periodo de|perioden? von|"
    r"history of|(?:revision|control) (?:a los|de)|a lo largo de|supervivencia de|media de|after|duracion "
    r"de|intervalo de|total de)[ \t]+(?:los |las |les |the |de )?\Z"
)


def _sure(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _SURE.match(buffer, start)
    if matched is not None and not _inside_number(buffer, start):
        yield Hit(start, matched.end(), Category.AGE, 0.95, Role.UNKNOWN, "age")


def _plain(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """A number of years that a person's word, ``de``, ``aged`` or a comma introduces and nothing makes a duration."""
    matched = _PLAIN.match(buffer, start)
    if matched is None or _inside_number(buffer, start) or _NOT_AGE_AFTER.match(buffer, matched.end()):
        return
    left = max(0, start - 24)
    if _MONTHS.search(matched.group()) and not _INFANT_BEFORE.search(buffer, left, start):
        return
    if buffer[start - 4 : start] in (b"los ", b"aos ") and _AFTER_EVENT.match(buffer, matched.end()):
        return
    if _DURATION_BEFORE.search(buffer, left, start) or not _AGE_BEFORE.search(buffer, left, start):
        return
    if int(re.match(rb"\d+", buffer[start:end]).group()) <= 125:  # type: ignore[union-attr]  # the trigger begins with digits
        yield Hit(start, matched.end(), Category.AGE, 0.75, Role.UNKNOWN, "age")


_LABELLED = _re(
    rf"[ \t]*(?:\([a-z ]{{1,12}}\))?[ \t]*[:=][ \t]*({_NUMBER}(?:[ ]{{0,2}}(?:{_UNIT}|dias?|days?|jours?|"
    rf"giorni|dagen|anos y \d+ meses|y\.?o?\.?|j\.?|a)(?![a-z]))?)(?![\d/.-]\d)(?![ ]*(?:mm|mg|%))"
)


def _labelled(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _LABELLED.match(buffer, end)
    if matched is not None:
        yield Hit(matched.start(1), matched.end(1), Category.AGE, 0.95, Role.PATIENT, "age")


def _aged(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``aged 93``, ``age 93``, ``at the age of 52``."""
    matched = _AGED.match(buffer, start)
    if matched is not None:
        yield Hit(matched.start(1), matched.end(1), Category.AGE, 0.8, Role.UNKNOWN, "age")


_AGED = _re(
    r"(?:aged?|age of|im alter von|in the age of)[ \t]+(?:is[ \t]+|of[ \t]+)?(\d{1,3})(?![\d.,/%-]*\d)(?![ "
    r"\t]*(?:%|mg|months? of|ml))\b"
)


def _inside_number(buffer: bytes, start: int) -> bool:
    return buffer[start - 1] in b".,/-" and buffer[start - 2 : start - 1].isdigit()


RULES: tuple[Rule, ...] = (
    Rule(
        (
            rb"\b(?:\d{1,3}|[a-z]{3,9})[ -]{0,2}(?:years?|yrs?|months?|mos?|weeks?|wks?|days?|y/?o|y\.o|m/o|w/o|d/o|"
            rb"yof|yom)(?:[ -]{1,2}(?:of[ -])?(?:old|age|o))?\b"
        ),
        _sure,
    ),
    Rule(
        (
            rb"\b\d{1,3}[ -]{0,2}(?:jahrig|jaehrig|monatig|jarig|wochig|(?:jahre?|monate?|wochen|j\.) alt|(?:jaar|"
            rb"maanden|weken) oud)"
        ),
        _sure,
    ),
    Rule(
        rb"\b\d{1,3} ?(?:anos?|meses|mes|semanas|dias|ans|anni|mesi) (?:de (?:edad|vida|idade)|d'age|di eta)\b", _sure
    ),
    Rule(rb"\b\d{1,3}(?:[.,]5)?(?:[ ]?(?:-|/|a|y|o|et|ou)[ ]?\d{1,3})? {0,2}" + _UNIT.encode("ascii"), _plain),
    label(_labelled, "age"),
    Rule(rb"\b(?:aged?|age of|im alter von) +(?:is |of )?\d{1,3}\b", _aged),
)
