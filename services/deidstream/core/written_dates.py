"""Dates as people write them in texts: found inside a short value, moved, and written back in the same form.

Reads numeric dates with any separator and order, names of months in seven languages with or without day or year, ranges,
weekdays, times of day. A value in which any digit or word is left that belongs to none of these gives None: it is not
understood, so it may not stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from deidstream.core.calendar import eldest, moved
from deidstream.core.date_patterns import NUMERIC, WORDED, Context, Mention
from deidstream.core.date_words import QUARTERS, SPACED, SPELLED
from deidstream.core.month_names import CONNECTORS, DAY_FIRST_EXCEPT, Word, fold, month, weekday, written

__all__ = ["Move", "shift", "years"]

_TIME = re.compile(
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[ap]\.?\s?m\b\.?)?(?:\s*(?:uhr|uur|hrs|h)\b)?(?:z\b|[+-]\d{2}:?\d{2})?"
    r"|\d{1,2}(?:[.h]\d{2})?\s*(?:[ap]\.?m\b\.?|uhr\b|uur\b|hrs\b|h\b|heures?\b|horas?\b|ore\b)|\d{1,2}h\d{2}\b|\d{4}\s?hrs?\b)(?!\d)",
    re.IGNORECASE,
)
_TEXT = re.compile(r"[^\W\d_]+(?:-feira)?")
_DATE_AHEAD = re.compile(r"[.,]*\s*\d{1,2}(?:\s?[-/.|]\s?\d|\s\d{1,2}\s|\D{0,7}[^\W\d_]{3})")
_FROM_DIGIT = (*SPACED, *QUARTERS, *NUMERIC)
_FROM_LETTER = (*QUARTERS[:1], *SPELLED, *WORDED)


class Move(NamedTuple):
    """By how many days; results before ``floor`` become ``calendar.eldest``; the year of days written without one."""

    days: int
    floor: date | None = None
    reference_year: int = 2023


class _Weekday(NamedTuple):
    word: Word
    text: str


def shift(value: str, language: str, move: Move, day_first: bool | None = None) -> str | None:
    """``value`` with every date moved; None where anything in it is not understood."""
    out: list[str] = []
    for piece in _pieces(value, _context(language, day_first)):
        if piece is None:
            return None
        if isinstance(piece, str):
            out.append(piece)
        elif isinstance(piece, _Weekday):
            out.append(written(piece.word, (piece.word.number - 1 + move.days) % 7 + 1, piece.text))
        else:
            new = tuple(
                after for day in piece.days if (after := moved(day, move.days, move.floor, move.reference_year))
            )
            if len(new) < len(piece.days):
                return None
            out.append(piece.write(new))
    return "".join(out)


def years(value: str, language: str, floor: date | None = None, day_first: bool | None = None) -> str | None:
    """The years that ``value`` names, ``2019-2021`` for several; None where it names none or is not understood."""
    found: set[int] = set()
    for piece in _pieces(value, _context(language, day_first)):
        if piece is None:
            return None
        if isinstance(piece, Mention):
            found.update(day.year for day in piece.days if day.year is not None)
    if floor:
        found = {max(year, eldest(floor).year) for year in found}
    if not found:
        return None
    return str(min(found)) if len(found) == 1 else f"{min(found)}-{max(found)}"


def _context(language: str, day_first: bool | None) -> Context:
    tag = language.lower()
    return Context(tag, tag not in DAY_FIRST_EXCEPT if day_first is None else day_first)


def _pieces(value: str, context: Context) -> Iterator[str | _Weekday | Mention | None]:
    """The value in order: text to keep, weekdays, dates; None where something is not understood."""
    at, understood = 0, False
    while at < len(value):
        character = value[at]
        if not character.isalnum() and character not in "'’":
            yield character
            at += 1
            continue
        end, piece, dated = _next(value, at, context)
        understood |= dated
        yield piece
        at = end
    if not understood:
        yield None


def _next(value: str, at: int, context: Context) -> tuple[int, str | _Weekday | Mention | None, bool]:
    """End, piece, and whether the piece says anything about time."""
    if value[at].isalpha():
        day = _weekday(value, at, context)
        if day:
            return at + len(day.text), day, True
    else:
        time = _TIME.match(value, at)
        if time:
            return time.end(), time[0], True
    for pattern, read in _FROM_LETTER if value[at].isalpha() else _FROM_DIGIT:
        match = pattern.match(value, at)
        mention = read(match, context) if match else None
        if match and mention and all(moved(day, 0) for day in mention.days):
            return match.end(), mention, True
    word = _TEXT.match(value, at)
    if word and fold(word[0]) in CONNECTORS:
        return word.end(), word[0], False
    return at + 1, value[at] if value[at] in "'’" else None, False


def _weekday(value: str, at: int, context: Context) -> _Weekday | None:
    """A weekday's name; a short one, or one that is a month too (French ``mar``), only before a date."""
    word = _TEXT.match(value, at)
    entry = weekday(word[0], context.language) if word else None
    if not word or entry is None:
        return None
    named = month(word[0], context.language)
    if named and named.language == context.language[:2] != entry.language:
        return None
    doubtful = entry.short or named is not None
    return None if doubtful and not _DATE_AHEAD.match(value, word.end()) else _Weekday(entry, word[0])
