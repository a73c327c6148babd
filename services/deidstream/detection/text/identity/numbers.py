"""Numbers, e-mail addresses and dates of birth in a page, however they are punctuated or written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from deidstream.core import month_names
from deidstream.detection.text.identity.lexicon import Lexicon, Said
from deidstream.detection.text.identity.page import Mark, Page
from deidstream.detection.text.identity.shapes import EXACT, VARIANT

__all__ = ["Number", "find"]

_RUN = re.compile(rb"\(?\+?\d(?:[ \t]?[\-./()]{0,2}[ \t]?\d){3,}")
_SEPARATORS = b" \t-./()+"
_COUNTRY_CODE = 3
_GROUP = re.compile(rb"\d+")
_DAY_BEFORE = re.compile(
    rb"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|e|o|a|\.|\xba)?[ \t]{0,2}(?:de|di|of|den|d'|/|-|\.)?[ \t]{0,2}$"
)
_YEAR_AFTER = re.compile(rb"[.,]?[ \t]{0,2}(?:del?|di|/|-|,)?[ \t]{0,2}'?(\d{4}|\d{2})(?!\d)")
_DAY_YEAR_AFTER = re.compile(rb"\.?[ \t]{0,2}(\d{1,2})(?:st|nd|rd|th)?[ \t]?[,.]?[ \t]{1,2}'?(\d{4}|\d{2})(?!\d)")
_YEAR_BEFORE = re.compile(rb"(?<!\d)(\d{4})[ \t,./\-]{1,2}$")
_DAY_AFTER = re.compile(rb"[ \t,./\-]{1,2}(\d{1,2})(?!\d)")


class Number(NamedTuple):
    """A number or a date found. ``is_date``: it stands for a day, written ``form`` (``text.es``, ``text``)."""

    mark: Mark
    said: Said
    score: float
    form: str = ""


def find(page: Page, lexicon: Lexicon, tokens: set[bytes]) -> list[Number]:
    """All of them. ``tokens`` are the words of the page."""
    found = list(_literals(page, lexicon))
    if lexicon.digits or lexicon.days:
        found += _in_runs(page, lexicon)
    if lexicon.days:
        found += _written_days(page, lexicon, tokens)
    return found


def _literals(page: Page, lexicon: Lexicon) -> Iterator[Number]:
    lower = page.lower
    for literal, said in lexicon.literals:
        at = lower.find(literal)
        while at >= 0:
            end = at + len(literal)
            if not (_alphanumeric(lower[at - 1]) or _alphanumeric(lower[end])):
                yield Number((at, end), said, EXACT)
            at = lower.find(literal, end)


def _alphanumeric(byte: int) -> bool:
    return 0x30 <= byte <= 0x39 or 0x61 <= byte <= 0x7A or byte == 0x80


def _in_runs(page: Page, lexicon: Lexicon) -> Iterator[Number]:
    runs = [(run.start(), run[0]) for run in _RUN.finditer(page.lower)]
    if not runs:
        return
    all_bare = b"\n".join([text for _, text in runs]).translate(None, _SEPARATORS)
    wanted = [pair for pair in lexicon.digits if pair[0] in all_bare]
    if wanted:
        for (start, text), bare in zip(runs, all_bare.split(b"\n"), strict=True):
            yield from _numbers_in(page.lower, start, text, bare, wanted)
    years = {b"%02d" % (year % 100) for year, _, _ in lexicon.days}
    for start, text in runs:
        for year in years:
            if year in text:
                yield from _days_in(start, text, lexicon.day_digits)
                break


def _numbers_in(
    lower: bytes, start: int, text: bytes, bare: bytes, wanted: Sequence[tuple[bytes, Said]]
) -> Iterator[Number]:
    for digits, said in wanted:
        if digits in bare:
            mark = _bounded(lower, start, text, bare, digits)
            if mark is not None:
                yield Number(mark, said, EXACT)


def _bounded(lower: bytes, start: int, text: bytes, bare: bytes, digits: bytes) -> Mark | None:
    """Where ``digits`` stand in the run, if they begin and end where a group of digits does, leading zeros aside."""
    places = [place for place, byte in enumerate(text) if 0x30 <= byte <= 0x39]
    size = len(digits)
    at = bare.find(digits)
    while at >= 0:
        first, last = start + places[at], start + places[at + size - 1] + 1
        begin = _beginning(lower, first, phone=size >= 9)
        if begin >= 0 and not _digit(lower[last]) and not _decimal(lower, first, last, size):
            return begin, last
        at = bare.find(digits, at + 1)
    return None


def _beginning(lower: bytes, first: int, phone: bool) -> int:
    """Where the group of digits begins that ``first`` stands in, if only zeros or a country code come before it; else -1."""
    begin = first
    while _digit(lower[begin - 1]):
        begin -= 1
    before = lower[begin:first].lstrip(b"0")
    if before and not (phone and len(before) <= _COUNTRY_CODE):
        return -1
    return begin - (lower[begin - 1 : begin] == b"+")


def _decimal(lower: bytes, first: int, last: int, size: int) -> bool:
    """Short numbers beside a decimal point are measurements."""
    before = lower[first - 1 : first] in (b".", b",") and _digit(lower[first - 2])
    after = lower[last : last + 1] in (b".", b",") and _digit(lower[last + 1])
    return size < 7 and (before or after)


def _digit(byte: int) -> bool:
    return 0x30 <= byte <= 0x39


def _days_in(start: int, text: bytes, days: Mapping[tuple[int, ...] | bytes, Said]) -> Iterator[Number]:
    groups = [(match.start(), match.end(), match[0]) for match in _GROUP.finditer(text)]
    for place, (first, end, digits) in enumerate(groups):
        said = days.get(digits) if len(digits) == 8 else None
        if said is not None:
            yield Number((start + first, start + end), said, EXACT, "text")
        elif len(groups) >= place + 3:
            three = groups[place : place + 3]
            said = days.get(tuple(int(group) for _, _, group in three))
            if said is not None and sorted(len(group) for _, _, group in three)[:2] <= [2, 2]:
                yield Number((start + first, start + three[2][1]), said, EXACT, "text")


def _written_days(page: Page, lexicon: Lexicon, tokens: set[bytes]) -> Iterator[Number]:
    months = {month for _, month, _ in lexicon.days}
    table = _months()
    for word in tokens & table.keys():
        if table[word] in months:
            for start, end in page.occurrences(word):
                yield from _written_day(page, lexicon, table[word], start, end)


@lru_cache(maxsize=1)
def _months() -> dict[bytes, int]:
    return {spelling.encode(): number for spelling, number in month_names.months().items() if spelling.isascii()}


def _written_day(page: Page, lexicon: Lexicon, month: int, start: int, end: int) -> Iterator[Number]:
    lower = page.lower
    before = lower[max(0, start - 14) : start]
    offset = start - len(before)
    for head, tail, order in (
        (_DAY_BEFORE, _YEAR_AFTER, "dy"),
        (None, _DAY_YEAR_AFTER, "dy"),
        (_YEAR_BEFORE, _DAY_AFTER, "yd"),
    ):
        left = head.search(before) if head else None
        right = tail.match(lower, end)
        if right is None or (head is not None and left is None):
            continue
        numbers = [int(group) for match in (left, right) if match is not None for group in match.groups()]
        day, year = numbers if order == "dy" else reversed(numbers)
        said = _said(lexicon, year, month, day)
        if said is not None:
            yield Number((offset + left.start(1) if left else start, right.end()), said, VARIANT, "text")
            return


def _said(lexicon: Lexicon, year: int, month: int, day: int) -> Said | None:
    for (known_year, known_month, known_day), said in lexicon.days.items():
        if (month, day) == (known_month, known_day) and year in (known_year, known_year % 100):
            return said
    return None
