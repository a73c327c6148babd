"""Calendar dates in all the forms that people write, without the doses, ratios, scores and versions that look like them.

A finding's span is the date itself, without a clock time (except where ``T`` joins them) and without its preposition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.rules.rule import Hit, Rule, words

__all__ = ["MONTHS", "NOT_DAY_MONTH", "RULES", "WEEKDAY"]

MONTHS = words(
    "january, february, march, april, may, june, july, august, september, october, november, december, jan, "
    "feb, mar, apr, jun, jul, aug, sep, "
    "sept, oct, nov, dec, januar, jänner, februar, feber, märz, mai, juni, juli, oktober, dezember, mrz, "
    "okt, dez, maerz, "
    "enero, febrero, marzo, abril, mayo, junio, julio, agosto, septiembre, setiembre, octubre, noviembre, "
    "diciembre, ene, abr, ago, dic, "
    "janvier, février, mars, avril, juin, juillet, août, septembre, octobre, novembre, décembre, janv, févr,"
    " fév, avr, juil, déc, "
    "gennaio, febbraio, aprile, maggio, giugno, luglio, settembre, ottobre, dicembre, gen, mag, giu, lug, sett, ott, "
    "januari, februari, maart, mei, augustus, mrt, janeiro, fevereiro, março, maio, junho, julho, setembro, "
    "outubro, novembro, dezembro, "
    "fev, mai, set, out, styczen, ocak, şubat, mart, nisan, mayıs, haziran, temmuz, ağustos, eylül, ekim, kasım, aralık"
)
_MONTH = "(?:" + "|".join(MONTHS) + ")"
_DOUBTFUL = frozenset(
    b"may mar mars mai set ago out mei gen mag ott sett dec march mart august ene dic sep oct jun jul jan apr".split()
)
"""Also words or abbreviations of something else: they need a year, or a day and a capital."""

WEEKDAY = (
    "(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|montag|"
    "dienstag|mittwoch|donnerstag|freitag|samstag|"
    "sonnabend|sonntag|mo|di|mi|do|fr|sa|so|lunes|martes|miercoles|jueves|viernes|sabado|domingo|lundi|"
    "mardi|mercredi|jeudi|vendredi|samedi|dimanche|"
    "lunedi|martedi|mercoledi|giovedi|venerdi|domenica|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|"
    "segunda|terca|quarta|quinta|sexta|(?:segunda|terca|quarta|quinta|sexta)-feira)"
)
_NUMBER_WORD = (
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|twenty|thirty|nineteen|"
    "hundred|thousand|"
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|"
    "un|premier|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|"
    "vingts?|trente|quarante|cinquante|"
    "soixante|cents?|mille?|mil|et|uno|primero|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|"
    "trece|catorce|quince|"
    "dieci\\w*|veinte|veinti\\w+|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|novecientos|y|"
    "ein|zwei|drei|vier|fun[f]|sieben|acht|neun|zehn|elf|zwolf|\\w*zehnte[nr]?|\\w*zigste[nr]?|erste[nr]?|"
    "zweite[nr]?|dritte[nr]?|"
    "due|tre|quattro|cinque|sei|sette|otto|nove|primo|venti\\w*|trenta\\w*|duemila\\w*|millenovecento\\w*)"
)
_UNIT = (
    "(?:mg|mcg|ug|g|kg|ml|cl|dl|l|ui|iu|mm|cm|m|mmhg|mmol|meq|%|h|hrs?|hours?|min|units?|cc|lpm|bpm|kcal|"
    "cells?|tablets?|pills?|weeks?|"
    "strength|tabletas?|comprimidos?|comprimes?|tabletten?)"
)
_DAY = "(?:0?[1-9]|[12][0-9]|3[01])"
_YEAR = "(?:1[89][0-9]{2}|20[0-9]{2})"


def _re(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("ascii"), re.IGNORECASE)


_NUMERIC = re.compile(
    rb"(\d{1,4})( ?)([-/.|]) ?(\d{1,2}) ?\3 ?(\d{4}|\d{1,2})(?!\d)(T\d\d:?\d\d(?::?\d\d(?:\.\d+)?)?(?:Z|"
    rb"[+-]\d\d:?\d\d)?)?"
)
_FOLLOWED = _re(rf"(?:[-/.,]?\d|[-/][A-Z0-9]|[A-Z%_]|[ \t]*{_UNIT}\b)")
_DATE_CONTEXT = _re(
    r"\b(?:am|vom|bis|ab|seit|den|dem|zum|on|since|until|from|to|dated?|datum|fecha|el|del|le|du|au|depuis|"
    r"il|dal|al|op|van|tot|em|de|desde|"
    r"data|born|dob|geb\.?|geboren|nee?|nat[oa]|nacid[oa]|visit|untersuchung|aufnahme|entlassung|op)[ \t]*[:.]?[ \t]*\Z"
)
_BIRTH = _re(
    r"(?:birth|birthdate|birthday|born|\bdob|d\.o\.b\.?|nacimiento|\bnac\.?|nacid[oa]|\bf\.? ?n\.?|f\.? "
    r"?nac\.?|naissance|\bddn|\bnee?|\bnee?\(e\)|"
    r"\bgeb\.?|geboren|geburtsdatum|geburtstag|geb\.?-?datum|\*|\bnat[oa]|nascita|nascimento|nascid[oa]|"
    r"geboortedatum|\bd\.?n\.?)"
    r"(?:[ \t]*[:=(.-]|[ \t]+(?:date|is|was|el|le|en|am|on|il|op|em|dia|the|den))*[ \t]*\Z"
)
_DEATH = _re(
    r"(?:death|died|deceased|\bdod|fallecimiento|fallecid[oa]|fallecio|exitus|obito|deces|decede|decedee|"
    r"gestorben|verstorben|todesdatum|\+|decesso|decedut[oa]|"
    r"mort[oa]|overleden|overlijden|falecid[oa]|falecimento|faleceu)(?:[ \t]*[:=(.-]|[ \t]+(?:date|is|was|"
    r"el|le|en|am|on|il|op|em|dia|the))*[ \t]*\Z"
)


def _hit(buffer: bytes, start: int, end: int, score: float) -> Hit:
    before = max(0, start - 28)
    before = max(before, buffer.rfind(b"\0", before, start) + 1)
    window = buffer[before:start]
    if _BIRTH.search(window):
        return Hit(start, end, Category.BIRTH_DATE, min(1.0, score + 0.1), Role.PATIENT)
    if _DEATH.search(window):
        return Hit(start, end, Category.DEATH_DATE, min(1.0, score + 0.1), Role.PATIENT)
    return Hit(start, end, Category.DATE, score)


def _numeric(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _NUMERIC.match(buffer, start)
    if matched is None or not _stands_free(buffer, start, matched.end()):
        return
    first, gap, separator, second, third, _ = matched.groups()
    if not _valid(first, second, third):
        return
    if gap and separator == b"." and len(third) != 4:
        return
    if separator == b"|" and len(third) != 4:
        return
    score = 0.95 if len(first) == 4 or len(third) == 4 else 0.85
    if len(third) < 4 and len(first) < 4:
        if len(third) == 1:
            return
        two_digits = len(first) == len(second) == 2
        context = _DATE_CONTEXT.search(buffer, max(0, start - 16), start) or _BIRTH.search(
            buffer, max(0, start - 24), start
        )
        if not context and ((separator != b"/" and not two_digits) or (separator == b"-" and _signed(buffer, start))):
            return
    yield _hit(buffer, start, matched.end(), score)


def _stands_free(buffer: bytes, start: int, end: int) -> bool:
    """Neither part of a longer number or code nor a quantity."""
    before = buffer[start - 1]
    if before in b".,/-_#" and (buffer[start - 2 : start - 1].isalnum() or before in b"_#"):
        return False
    if _NOT_DATE_BEFORE.search(buffer, max(0, start - 14), start):
        return False
    return _FOLLOWED.match(buffer, end) is None


_NOT_DATE_BEFORE = _re(
    r"\b(?:version|v|release|section|apgar|gcs|glasgow|scores?|ratio|dilution|titre|titer)[.:]?[ \t]*\Z"
)


def _signed(buffer: bytes, start: int) -> bool:
    return buffer[start - 1] in b"+-("


def _valid(first: bytes, second: bytes, third: bytes) -> bool:
    if len(first) == 3 or len(third) == 3:
        return False
    a, b, c = int(first), int(second), int(third)
    if len(first) == 4:
        return len(third) <= 2 and 1850 <= a <= 2150 and 1 <= b <= 12 and 1 <= c <= 31
    if len(third) == 4 and not 1850 <= c <= 2150:
        return False
    return 1 <= a <= 31 and 1 <= b <= 31 and (a <= 12 or b <= 12)


_BEFORE_MONTH = _re(
    rf"(?:\b{WEEKDAY}[.,]*[ \t]+(?:(?:the|den|der|le|el|dia|de)[ \t]+)?)?"
    rf"(?:(?<![0-9.,/-]){_DAY}(?:st|nd|rd|th|\.|er|o)?[ \t]*(?:-|to|al?|and|und|bis|au|et|y|e|en|tot|ate)[ \t]*)?"
    rf"(?<![0-9.,/])(?<![0-9]-){_DAY}(?:[ \t]?(?:st|nd|rd|th|er|ere|re|ste|o|a|e|\.|\.o))?"
    r"(?:[ \t]+(?:day[ \t]+)?(?:de|of|del|di|van|do)(?:[ \t]+(?:mes|month)[ \t]+(?:de|of))?[ \t]+|[ "
    r"\t]*[-/.,][ \t]*|[ \t]*)\Z"
)
_YEAR_AFTER_MONTH = _re(
    rf"(?:\.?,?[ \t]*(?:(?:de|del|of|di|van|von|do|in|ano|d'|del ano)[ \t]+)*|[ \t]*[-/.][ "
    rf"\t]*)(?:{_YEAR}(?!\d)(?![.,]\d)|[-/.]\d\d(?![\d/.-])|'\d\d\b)"
)
_SHORT_YEAR = _re(rf"[. ]+\d\d(?![\d:/.,%-])(?![ \t]*{_UNIT}\b)(?![ \t]*[ap]\.?m)")
_DAY_AFTER_MONTH = _re(
    rf"\.?[ \t]*(?:the[ \t]+)?{_DAY}(?:st|nd|rd|th)?(?![\d:%/])(?!\.\d)"
    rf"(?:[ \t]*(?:-|to|through|and|&)[ \t]*{_DAY}(?:st|nd|rd|th)?(?!\d))?(?:[ \t]*,?[ \t]*(?:of[ "
    rf"\t]+)?(?:{_YEAR}|'\d\d)(?!\d))?"
)
_WEEKDAY_BEFORE = _re(rf"\b{WEEKDAY}[.,]*[ \t]+\Z")
_MONTH_CONTEXT = _re(
    r"\b(?:in|since|until|during|last|next|this|by|of|early|late|mid|from|through|en|desde|hasta|pasado|im|"
    r"seit|ende|anfang|mitte|bis|letzten|"
    r"depuis|fin|debut|courant|jusqu'en|mois de|mes de|mese di|a|nel|da|sinds|eind|begin|em|de|desde|before|"
    r"after|around)[ \t]+\Z"
)
_WORDS_BEFORE = _re(rf"\b(?:{_NUMBER_WORD}[ -]+){{1,3}}(?:(?:de|of|di)[ ]+)?\Z")
_WORDS_AFTER = _re(rf"(?:[ ]+(?:de|del|of)(?=[ ]))?(?:[ -]+{_NUMBER_WORD}\b){{2,10}}")


def _month(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """A month's name with a day, a year or both beside it; alone only where a preposition says that it is a time."""
    if 48 <= buffer[start - 1] <= 57 or 48 <= buffer[end] <= 57:
        yield from _glued(buffer, start, end)
        return
    word = buffer[start:end].lower()
    left = max(0, start - 44)
    left = max(left, buffer.rfind(b"\0", left, start) + 1, buffer.rfind(b"\n", left, start) + 1)
    day = _BEFORE_MONTH.search(buffer, left, start)
    year = _YEAR_AFTER_MONTH.match(buffer, end)
    if day is not None and year is None:
        year = _SHORT_YEAR.match(buffer, end) if buffer[day.end() - 1] in b"0123456789- ./" else None
    if day is not None and (year is not None or _unmistaken(buffer, start, word)):
        yield _hit(buffer, day.start(), year.end() if year else end, 0.95 if year else 0.8)
        return
    following = _DAY_AFTER_MONTH.match(buffer, end) if year is None else None
    if following is not None and _unmistaken(buffer, start, word) and not _quantity(buffer, following.end()):
        weekday = _WEEKDAY_BEFORE.search(buffer, left, start)
        yield _hit(buffer, weekday.start() if weekday else start, following.end(), 0.9)
        return
    rest = _WORDS_AFTER.match(buffer, end) or year
    spelled = _WORDS_BEFORE.search(buffer, left, start) if rest is not None and word != b"sept" else None
    if spelled is not None and rest is not None:
        yield _hit(buffer, spelled.start(), rest.end(), 0.85)
        return
    if year is not None:
        yield _hit(buffer, start, year.end(), 0.85)
    elif (
        (word not in _DOUBTFUL or (len(word) > 3 and buffer[start : start + 1].isupper()))
        and _MONTH_CONTEXT.search(buffer, left, start)
        and len(word) > 3
        and not (word == b"march" and buffer[start] != 77)
    ):
        yield _hit(buffer, start, end, 0.6)


def _unmistaken(buffer: bytes, start: int, word: bytes) -> bool:
    return word not in _DOUBTFUL or 65 <= buffer[start] <= 90 or word in (b"march", b"mars")


_QUANTITY = _re(rf"[ \t]*{_UNIT}\b|[ \t]*[ap]\.?m\b")


def _quantity(buffer: bytes, end: int) -> bool:
    return _QUANTITY.match(buffer, end) is not None


def _glued(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``12MAY2021``, ``dec1993`` and, behind a word that says when, ``05nov``."""
    before = _DAY_GLUED.search(buffer, max(0, start - 3), start)
    begin = before.start() if before else start
    after = _YEAR_GLUED.match(buffer, end)
    close = after.end() if after else end
    if buffer[begin - 1 : begin].isalnum() or buffer[close : close + 1].isalnum():
        return
    if after is not None or _DATE_CONTEXT.search(buffer, max(0, begin - 16), begin):
        yield _hit(buffer, begin, close, 0.9)


_DAY_GLUED = _re(rf"(?<!\d){_DAY}\Z")
_YEAR_GLUED = _re(rf"(?:{_YEAR}|\d\d)(?!\d)")


def _month_and_year(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``03/2021``, ``03-2021``, ``03.2021`` and ``2021-03``."""
    if buffer[start - 1] in b".,/-" or _FOLLOWED.match(buffer, end):
        return
    dotted = b"." in buffer[start:end]
    if dotted and not _DATE_CONTEXT.search(buffer, max(0, start - 16), start):
        return
    yield _hit(buffer, start, end, 0.75)


def _day_and_month(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``am 12.03.``, ``el 12/03``, ``on 3/14``: only behind a word that says when."""
    matched = _DAY_MONTH.match(buffer, start)
    if matched is None or NOT_DAY_MONTH.match(buffer, matched.end()):
        return
    first, second = int(matched.group(1)), int(matched.group(3))
    if not (1 <= first <= 31 and 1 <= second <= 31 and min(first, second) <= 12):
        return
    if matched.group(2) == b"." and matched.group(4) is None and len(matched.group(3)) != 2:
        return
    yield _hit(buffer, matched.start(1), matched.end(), 0.6)


_DAY_MONTH = _re(r"[a-z']+[ \t]+(\d{1,2})([/.])(\d{1,2})(?!\d)(\.)?")
NOT_DAY_MONTH = _re(
    rf"[ \t]*(?:{_UNIT}\b|[/%x:+-]|[.,]?\d|of\b|de los\b|in (?:the|all)\b|points?\b|out\b|throughout|bilat|"
    rf"strength|power|murmur|systolic|tab|times|scale|pain|lobe)"
)
_WHEN = (
    "(?:on|since|until|am|vom|bis|zum|ab|el|del|al|le|du|au|jusqu'au|il|dal|op|vanaf|tot|em|desde|dia|from|"
    "dated|fecha|datum)"
)


def _year_alone(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``in 2019``, ``desde 2010``, ``im Jahr 2003``."""
    matched = _YEAR_AT_END.search(buffer, start, end)
    if matched is None or _FOLLOWED.match(buffer, end) or buffer[end : end + 1].isalpha():
        return
    yield _hit(buffer, matched.start(), end, 0.7)
    following = _YEAR_RANGE.match(buffer, end)
    if following is not None and not _FOLLOWED.match(buffer, following.end()):
        yield _hit(buffer, following.start(1), following.end(1), 0.7)


_YEAR_AT_END = re.compile(rb"(?:\d{4}[ \t]*[-/][ \t]*)?\d{4}\Z")
_YEAR_RANGE = _re(
    r"[ \t]*(?:-|a|al|hasta|to|and|y|et|und|bis|until|au|o|e|tot|ate|or|through|,)[ \t]*((?:19|"
    r"20)\d\d)(?!\d|[.,]\d|[/-]\d)"
)
_OUTLINE_YEAR = re.compile(rb"(?:19[3-9]\d|20[0-4]\d)(?=[ \t]*(?:\)|:|-[ ]|[ ][A-Za-z]{3}))")


def _outline_year(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """A year that opens a line or stands in brackets: ``- 1981 hysterectomy``, ``(2004)``."""
    matched = _OUTLINE_YEAR.search(buffer, start, end + 5)
    if matched is not None and not _FOLLOWED.match(buffer, matched.end()):
        yield _hit(buffer, matched.start(), matched.end(), 0.55)


_YEAR_WORDS = (
    "(?:in|since|from|until|till|by|year|circa|around|early|late|mid|before|after|during|summer|winter|"
    "spring|fall|autumn|"
    "en|desde|hasta|ano|anos|del ano|en el ano|el ano|hacia|verano|invierno|primavera|otono|de|"
    "seit|im jahr|im jahre|jahr|jahre|anno|ca\\.|anfang|ende|mitte|sommer|fruhjahr|fruhling|herbst|"
    "depuis|annee|l'annee|ete|hiver|printemps|automne|vers|fin|debut|courant|nel|dal|dell'anno|nell'anno|"
    "estate|inverno|autunno|fino al|"
    "sinds|het jaar|jaar|eind|begin|zomer|lente|herfst|voorjaar|najaar|em|no ano de|outono|verao|vanaf)"
)
_QUARTER = _re(
    rf"(?:q[1-4][ \t]*[-/ ']?[ \t]*{_YEAR}|[1-4](?:st|nd|rd|th|\.|o|er|e)?[ \t]*(?:quarter|quartal|"
    rf"trimestre|kwartaal|trim\.?)(?:[ \t]+(?:of|de|del|von|van|do))?[ \t]+{_YEAR})(?!\d)"
)


def _quarter(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _QUARTER.match(buffer, start)
    if matched is not None:
        yield _hit(buffer, start, matched.end(), 0.85)


def _compact(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``20210503`` and ``20210503142500``."""
    month, day = int(buffer[start + 4 : start + 6]), int(buffer[start + 6 : start + 8])
    if 1 <= month <= 12 and 1 <= day <= 31 and end - start in (8, 12, 14) and _stands_free(buffer, start, end):
        yield _hit(buffer, start, end, 0.7)


def _blanks(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``20 12 2003``."""
    first, second, _ = buffer[start:end].split()
    if (
        1 <= int(first) <= 31
        and 1 <= int(second) <= 12
        and _stands_free(buffer, start, end)
        and not buffer[start - 2 : start].strip().isdigit()
    ):
        yield _hit(buffer, start, end, 0.7)


_EAST_ASIAN = re.compile(rb"\d{4} ?\x90 ?\d{1,2} ?\x91(?: ?\d{1,2} ?\x92)?|\d{1,2} ?\x91 ?\d{1,2} ?\x92")


def _east_asian(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _EAST_ASIAN.match(buffer, start)
    if matched is not None:
        yield _hit(buffer, start, matched.end(), 0.95)


def _trigger(pattern: str) -> bytes:
    return pattern.encode("ascii")


RULES: tuple[Rule, ...] = (
    Rule(rb"\b\d{1,4} ?[-/.|] ?\d{1,2} ?[-/.|] ?\d{2}", _numeric),
    Rule(_trigger(f"[^a-z]{_MONTH}[^a-z]"), _month, margin=1),
    Rule(rb"(?:[\n\x00(]|[\n\x00: ] ?- ?)[ \t]{0,2}(?:19|20)\d\d[ :)-]", _outline_year),
    Rule(
        (
            rb"\b(?:(?:0[1-9]|1[0-2]|[1-9])[-/](?:19|20)\d\d|(?:0[1-9]|1[0-2])\.(?:19|20)\d\d|(?:19|"
            rb"20)\d\d[-/](?:0[1-9]|1[0-2]))\b"
        ),
        _month_and_year,
    ),
    Rule(_trigger(rf"\b{_WHEN}[ \t]+\d{{1,2}}[/.]\d"), _day_and_month),
    Rule(_trigger(rf"\b{_YEAR_WORDS}[ \t]+(?:(?:19|20)\d\d ?[-/] ?)?(?:19|20)\d\d\b"), _year_alone),
    Rule(rb"\b(?:q[1-4][ \t'/-]{0,3}20\d\d|[1-4][a-z.]{0,3} ?(?:quarter|quartal|trim|kwartaal))", _quarter),
    Rule(rb"\b(?:19|20)\d\d[01]\d[0-3]\d(?:\d{4}|\d{6})?\b", _compact),
    Rule(rb"\b[0-3]\d [01]\d (?:19|20)\d\d\b", _blanks),
    Rule(rb"\d{1,4} ?(?:\x90|\x91)", _east_asian),
)
