"""The forms in which texts write dates: one pattern and one reader each, most specific first."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from deidstream.core.calendar import Day
from deidstream.core.month_names import Word, fold, month, written

__all__ = ["NUMERIC", "WORDED", "Context", "Mention", "Rule", "compact", "ordinal"]


class Context(NamedTuple):
    """How to read what is ambiguous: the language (lower-case tag), and whether ``03/04`` is the third of April."""

    language: str
    day_first: bool


class Mention(NamedTuple):
    """The days that one match names, and how to write others in their place."""

    days: tuple[Day, ...]
    write: Callable[[tuple[Day, ...]], str]


Reader = Callable[[re.Match[str], Context], Mention | None]
Rule = tuple[re.Pattern[str], Reader]

_S = r"\s{0,2}[-/.·‐–|]\s{0,2}"
_ORD = r"(?:\s?(?:st|nd|rd|th|ers?|os?|[ºª°]|ème|eme|e)(?![^\W\d_])|\.)?"
_OF = r"(?:\b(?:of the year|del año|de l['’]année|des jahres|dell['’]anno|do ano|of|the|de|del|di|do|van)\b|d['’])?"
_GLUE = rf"[\s\-/.,‐–]*{_OF}[\s\-/.,‐–]*"
_YEAR = r"(?P<y>\d{4}(?!\d)|['’]?\d{2}(?![\d:]|[.,]\d))"
_WORD = r"(?P<word>[^\W\d_]{3,})(?P<dot>\.?)"
_DASH = r"\s*(?:[-–—/+&]|\b(?:to|through|and|bis(?: zum)?|und|al?|y|e|et|au|tot(?: en met)?|en|até)\b)\s*"
_D = r"(?P<d>\d{1,2})"
_D1 = r"(?P<d1>\d{1,2})"
_PIVOT = 69
"""Two-digit years below it are of this century (POSIX strptime)."""


def compact(match: re.Match[str], context: Context) -> Mention | None:
    """Eight digits, the group ``c``: year first, else by the order of the context."""
    text = match["c"]
    if 1600 <= int(text[:4]) <= 2199 and 1 <= int(text[4:6]) <= 12:
        day, order = Day(int(text[:4]), int(text[4:6]), int(text[6:])), "{0:04d}{1:02d}{2:02d}"
    else:
        first, second, year = int(text[:2]), int(text[2:4]), int(text[4:])
        if not 1600 <= year <= 2199:
            return None
        day_first = _day_first(first, second, context)
        day = Day(year, second, first) if day_first else Day(year, first, second)
        order = "{2:02d}{1:02d}{0:04d}" if day_first else "{1:02d}{2:02d}{0:04d}"
    return Mention((day,), lambda new: _refilled(match, {"c": order.format(*new[0])}))


def _year_first(match: re.Match[str], _: Context) -> Mention | None:
    day = Day(int(match["y"]), int(match["m"]), int(match["d"]))
    return Mention((day,), lambda new: _refilled(match, _numbers(match, new[0])))


def _all_numeric(match: re.Match[str], context: Context) -> Mention | None:
    """Day, month (or month, day), and year if the pattern has one."""
    first, second = int(match["a"]), int(match["b"])
    year = _year(match["y"]) if "y" in match.re.groupindex else None
    day_first = _day_first(first, second, context)
    if year is None and re.search(r"\s", match["s1"]):
        return None
    day = Day(year, second, first) if day_first else Day(year, first, second)
    names = ("b", "a") if day_first else ("a", "b")
    return Mention((day,), lambda new: _refilled(match, _numbers(match, new[0], *names)))


def _numeric_range(match: re.Match[str], _: Context) -> Mention | None:
    """``12.-15.03.2021`` and ``28.02.-03.03.2021``."""
    month_1 = int(match["m1"] or match["m"])
    year = _year(match["y"])
    days = (Day(year, month_1, int(match["d1"])), Day(year, int(match["m"]), int(match["d"])))

    def write(new: tuple[Day, ...]) -> str:
        fills = _numbers(match, new[1])
        fills["d1"] = f"{new[0].day:02d}"
        if match["m1"]:
            fills["m1"] = f"{new[0].month:02d}"
        elif new[0].month != new[1].month:
            fills["o1"] = f"{match['s1']}{new[0].month:02d}{match['s1'] if match['o1'] else ''}"
        return _refilled(match, fills)

    return Mention(days, write)


def _worded(match: re.Match[str], context: Context) -> Mention | None:
    """A named month with any of day, second day and year."""
    word = month(match["word"], context.language)
    if word is None:
        return None
    groups = match.groupdict()
    year = _year(groups["y"]) if groups.get("y") else None
    numbers = [int(groups[name]) for name in ("d1", "d") if groups.get(name)]
    days = tuple(Day(year, word.number, number) for number in numbers) or (Day(year, word.number, None),)
    if _compound(match):
        word = word._replace(short=word.short or len(match["word"]) == 3)

    def write(new: tuple[Day, ...]) -> str:
        return _refilled(match, _worded_fills(match, word, new))

    return Mention(days, write)


def _worded_fills(match: re.Match[str], word: Word, new: tuple[Day, ...]) -> dict[str, str]:
    groups = match.groupdict()
    names = [written(word, day.month or 1, match["word"]) for day in new]
    first_is_word = match.start("word") == match.start()
    fills = {"word": names[0] if first_is_word else names[-1]}
    for name, day in zip([name for name in ("d1", "d") if groups.get(name)], new, strict=False):
        number = day.day or 1
        fills[name] = f"{number:02d}" if groups[name].startswith("0") else str(number)
        ending = "o1" if name == "d1" else "o"
        if groups.get(ending):
            fills[ending] = ordinal(groups[ending], number)
    if len(new) == 2 and new[0].month != new[1].month:
        if first_is_word:
            fills["d"] = f"{names[1]} {fills['d']}"
        else:
            fills["o1"] = f"{fills.get('o1', '')} {names[0]}"
    if groups.get("y"):
        fills["y"] = _year_like(groups["y"], new[-1].year or 0)
    return fills


def _month_and_year(match: re.Match[str], _: Context) -> Mention | None:
    day = Day(int(match["y"]), int(match["m"]), None)
    return Mention((day,), lambda new: _refilled(match, _numbers(match, new[0])))


def _only_year(match: re.Match[str], _: Context) -> Mention | None:
    return Mention((Day(int(match["y"]), None, None),), lambda new: str(new[0].year))


def _rule(pattern: str, read: Reader) -> Rule:
    return re.compile(pattern, re.IGNORECASE), read


NUMERIC: tuple[Rule, ...] = (
    _rule(r"(?P<c>\d{8})(?:\d{4}|\d{6})?(?!\d)", compact),
    _rule(rf"(?P<y>\d{{4}})(?:{_S}|\s?年\s?)(?P<m>\d{{1,2}})(?:{_S}|\s?月\s?){_D}(?!\d)", _year_first),
    _rule(
        rf"{_D1}(?:[./](?P<m1>\d{{1,2}}))?(?P<o1>\.?){_DASH}{_D}(?P<s1>[./])(?P<m>\d{{1,2}})[./](?P<y>\d{{4}}|\d{{2}})(?!\d)",
        _numeric_range,
    ),
    _rule(rf"(?P<a>\d{{1,2}})(?P<s1>{_S}|\s)(?P<b>\d{{1,2}})(?:{_S}|\s){_YEAR}", _all_numeric),
    _rule(rf"{_D1}(?P<o1>{_ORD}){_DASH}{_D}(?P<o>{_ORD}){_GLUE}{_WORD}(?:{_GLUE}{_YEAR})?", _worded),
    _rule(rf"{_D}(?P<o>{_ORD}){_GLUE}{_WORD}(?:{_GLUE}{_YEAR})?", _worded),
    _rule(rf"(?P<m>\d{{1,2}}){_S}(?P<y>\d{{4}})(?!\d)", _month_and_year),
    _rule(rf"(?P<y>\d{{4}}){_S}(?P<m>\d{{1,2}})(?!\d)", _month_and_year),
    _rule(rf"(?P<a>\d{{1,2}})(?P<s1>{_S})(?P<b>\d{{1,2}})(?!\d|{_S}\d)", _all_numeric),
    _rule(r"(?P<y>(?:1[6-9]|2[01])\d{2})(?!\d)", _only_year),
)
WORDED: tuple[Rule, ...] = (
    _rule(rf"{_WORD}{_GLUE}{_D1}(?P<o1>{_ORD}){_DASH}{_D}(?P<o>{_ORD})(?![\d:/])(?:{_GLUE}{_YEAR})?", _worded),
    _rule(rf"{_WORD}{_GLUE}(?P<y>\d{{4}}|['’]\d{{2}})(?!\d)", _worded),
    _rule(rf"{_WORD}{_GLUE}{_D}(?P<o>{_ORD})(?![\d:/])(?:{_GLUE}{_YEAR})?", _worded),
    _rule(_WORD, _worded),
)


def _day_first(first: int, second: int, context: Context) -> bool:
    """The language decides what is ambiguous."""
    if first > 12:
        return True
    return context.day_first if second <= 12 else False


def _year(text: str) -> int:
    digits = text.lstrip("'’")
    number = int(digits)
    if len(digits) == 4:
        return number
    return number + (2000 if number < _PIVOT else 1900)


def _year_like(text: str, year: int) -> str:
    digits = text.lstrip("'’")
    mark = text[: len(text) - len(digits)]
    return f"{year:04d}" if len(digits) == 4 else f"{mark}{year % 100:02d}"


def _numbers(match: re.Match[str], day: Day, month_name: str = "m", day_name: str = "d") -> dict[str, str]:
    """New digits for the groups, padded as the old ones were: one single digit says that none is."""
    groups = match.re.groupindex
    values = {month_name: day.month, day_name: day.day}
    present = {name: value for name, value in values.items() if name in groups and value is not None}
    padded = all(len(match[name]) == 2 for name in present)
    fills = {name: f"{value:02d}" if padded else str(value) for name, value in present.items()}
    if "y" in groups and match["y"] and day.year is not None:
        fills["y"] = _year_like(match["y"], day.year)
    return fills


def _refilled(match: re.Match[str], fills: dict[str, str]) -> str:
    """The matched text with the named groups replaced."""
    text, base = match[0], match.start()
    for name in sorted(fills, key=match.start, reverse=True):
        start, end = match.span(name)
        text = text[: start - base] + fills[name] + text[end - base :]
    return text


def ordinal(was: str, number: int) -> str:
    """The ending of an ordinal number, for another number."""
    letters = fold(was).strip()
    if letters in {"st", "nd", "rd", "th"}:
        suffix = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return was[: len(was) - 2] + (suffix.upper() if was.isupper() else suffix)
    if letters in {"er", "ers"}:
        return was if number == 1 else ""
    return was


def _compound(match: re.Match[str]) -> bool:
    """Whether the month is joined to its neighbours (``12-May-2020``, ``12MAY2020``): then three letters are an abbreviation."""
    before, after = match.start("word"), match.end("dot")
    text = match.string
    return (
        text[before - 1 : before] in {"-", "/"}
        or (before > 0 and text[before - 1].isdigit())
        or text[after : after + 1] in {"-", "/"}
    )
