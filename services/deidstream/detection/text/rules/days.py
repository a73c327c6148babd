"""Days without a month or a year: ``since Christmas``, ``Mo 6.3.``, ``le lundi 3``, ``il 18 u.s.``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category
from deidstream.detection.text.rules.dates import NOT_DAY_MONTH, WEEKDAY
from deidstream.detection.text.rules.rule import EVIDENT, Hit, Rule, label

__all__ = ["RULES"]

_YEAR = re.compile(rb"[ \t]*(?:,|de|del|di)?[ \t]*(?:(?:19|20)\d\d(?!\d)|'\d\d\b)")
_OF_A_PERSON_OR_THING = re.compile(rb"[ \t]+(?:tree|disease|factor|seals?|cracker|island)\b", re.IGNORECASE)


def _feast(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    if _OF_A_PERSON_OR_THING.match(buffer, end):
        return
    year = _YEAR.match(buffer, end)
    yield Hit(start, year.end() if year else end, Category.DATE, EVIDENT)


def _feast_with_a_capital(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    if buffer[start : start + 1].isupper():
        yield from _feast(buffer, start, end)


_DAY_MONTH = re.compile(rb"[A-Za-z-]+[.,]*[ \t]+(\d{1,2})([/.])(\d{1,2})(?![\d/]|\.\d)(\.?)")


def _weekday_and_date(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``Mo 6.3.``, ``Fri 3/14``: the weekday with a capital, the day as it is written in its language."""
    matched = _DAY_MONTH.match(buffer, start)
    if matched is None or not buffer[start : start + 1].isupper() or NOT_DAY_MONTH.match(buffer, matched.end()):
        return
    first, second = int(matched.group(1)), int(matched.group(3))
    plausible = 1 <= first <= 31 and 1 <= second <= 31 and min(first, second) <= 12
    if plausible and (matched.group(2) == b"/" or matched.group(4)):
        yield Hit(matched.start(1), matched.end(), Category.DATE, EVIDENT)


_DAY = re.compile(rb"(\d{1,2})(?:\.(?!\d)|st\b|nd\b|rd\b|th\b|er\b|o\b)?(?![\d:.,/]?\d)")


def _weekday_and_day(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``le lundi 3``, ``am Montag, dem 17.``: no year, no month; not ``le lundi 3 comprimes``."""
    matched = _DAY.match(buffer, end - 1)
    if matched is None or not 1 <= int(matched.group(1)) <= 31 or NOT_DAY_MONTH.match(buffer, matched.end()):
        return
    if not _CLOCK.match(buffer, matched.end()):
        yield Hit(end - 1, matched.end(), Category.DATE, EVIDENT)


_CLOCK = re.compile(
    rb"[ \t]*(?:h\b|uhr|hrs?\b|[ap]\.?m|o'clock|horas?\b|heures?\b|ore\b|u\b|fois|veces|volte|vezes|x\b)", re.IGNORECASE
)


def _of_this_month(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    """``il 18 u.s.``, ``el 3 del cte.``, ``am 4. d. M.``: of the last month, of this one."""
    yield Hit(start, end, Category.DATE, EVIDENT)


RULES: tuple[Rule, ...] = (
    label(_feast, "day"),
    label(_feast_with_a_capital, "day.capital"),
    Rule(rf"\b{WEEKDAY}[.,]{{0,2}}[ \t]+\d{{1,2}}[/.]\d".encode("ascii"), _weekday_and_date),
    Rule(
        rf"\b(?:(?:le|el|il|den|am|the)[ \t]+{WEEKDAY}|{WEEKDAY}[.,]?[ \t]+(?:de[mnr]|the|il|le|el|dia|d\.))[.,]?[ \t]+\d".encode(
            "ascii"
        ),
        _weekday_and_day,
    ),
    Rule(
        rb"\b(?:0?[1-9]|[12]\d|3[01])\.?[ \t]*(?:u\.[ ]?s\.|c\.[ ]?m\.|p\.[ ]?v\.|del cte\.|d\.[ ]?[jm]\.|dezer\b|jl\.|j\.l\.)",
        _of_this_month,
    ),
)
