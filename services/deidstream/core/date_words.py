"""Dates in rarer dress: digits set apart (``0 3 0 5 1 9 7 8``), quarters (``Q3 2020``), and French dates spelled out."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from deidstream.core.calendar import Day
from deidstream.core.date_patterns import Context, Mention, Rule, compact, ordinal
from deidstream.core.month_names import fold, month, restyled, written

__all__ = ["QUARTERS", "SPACED", "SPELLED"]


def _spaced(match: re.Match[str], context: Context) -> Mention | None:
    """Eight digits with blanks between them, as forms print boxes."""
    text = match[0]
    whole = re.fullmatch(r"(?P<c>\d{8})", re.sub(r"\D", "", text))
    mention = compact(whole, context) if whole else None
    if mention is None:
        return None
    write = mention.write

    def spread(new: tuple[Day, ...]) -> str:
        digits = iter(write(new))
        return "".join(next(digits) if character.isdigit() else character for character in text)

    return Mention(mention.days, spread)


def _quarter(match: re.Match[str], _: Context) -> Mention | None:
    """A quarter is where the 15th of its middle month is; it lands in the quarter that this day lands in."""
    first = match.start()

    def write(new: tuple[Day, ...]) -> str:
        number = ((new[0].month or 1) + 2) // 3
        fills = {"q": str(number), "y": f"{new[0].year:04d}"}
        if match.groupdict().get("o"):
            fills["o"] = ordinal(match["o"], number) or "e"
        text = match[0]
        for name in sorted(fills, key=match.start, reverse=True):
            text = text[: match.start(name) - first] + fills[name] + text[match.end(name) - first :]
        return text

    return Mention((Day(int(match["y"]), int(match["q"]) * 3 - 1, None),), write)


def _spelled(match: re.Match[str], _: Context) -> Mention | None:
    word = month(match["word"], "fr")
    day = _value(match["day"])
    spelled = match["year"]
    year = _value(spelled) if spelled else int(match["y"]) if match["y"] else None
    if word is None or word.language != "fr" or day is None or not 1 <= day <= 31 or (spelled and not year):
        return None
    named = word

    def write(new: tuple[Day, ...]) -> str:
        moved = new[0]
        text = match[0]
        tail = text[match.end("word") - match.start() :]
        if spelled:
            tail = tail.replace(spelled, _like(_words(moved.year or 0), spelled))
        elif match["y"]:
            tail = tail.replace(match["y"], f"{moved.year:04d}")
        name = written(named, moved.month or 1, match["word"])
        number = "premier" if moved.day == 1 else _words(moved.day or 1)
        between = text[match.end("day") - match.start() : match.start("word") - match.start()]
        return _like(number, match["day"]) + between + name + tail

    return Mention((Day(year, word.number, day),), write)


_UNITS = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "  # noqa: SIM905
    "dix-sept dix-huit dix-neuf".split()
)
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 80: "quatre-vingt"}


def _words(number: int) -> str:
    """``number`` below 10,000 in French, with hyphens below a hundred."""
    if number >= 1000:
        thousands, rest = divmod(number, 1000)
        head = "mille" if thousands == 1 else f"{_UNITS[thousands]} mille"
    elif number >= 100:
        hundreds, rest = divmod(number, 100)
        head = "cent" if hundreds == 1 else f"{_UNITS[hundreds]} cent"
    else:
        return _below_hundred(number)
    return f"{head} {_words(rest)}" if rest else head


def _below_hundred(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    tens = max(ten for ten in _TENS if ten <= number)
    rest = number - tens
    if not rest:
        return _TENS[tens] + ("s" if tens == 80 else "")
    joined = " et " if rest in (1, 11) and tens < 80 else "-"
    return f"{_TENS[tens]}{joined}{_UNITS[rest]}"


def _like(words: str, was: str) -> str:
    """In the case of ``was``, and without hyphens where it does without."""
    if "-" not in was and len(was.split()) > 1:
        words = words.replace("-", " ")
    return restyled(words, was) if was.isupper() or was[:1].isupper() else words


@lru_cache(maxsize=1)
def _numbers() -> dict[str, int]:
    known = {_bare(_words(number)): number for number in (*range(1, 32), *range(1800, 2100))}
    hundreds = {_bare(f"{_UNITS[c]} cent {_words(r) if r else ''}"): c * 100 + r for c in (18, 19) for r in range(100)}
    return {**known, **hundreds, "premier": 1, "une": 1}


def _value(words: str) -> int | None:
    return _numbers().get(_bare(words))


def _bare(words: str) -> str:
    """What all spellings of a number share: no marks, hyphens, plural s of ``cents`` and ``vingts``, nor ``et``."""
    parts = [
        part.removesuffix("s") if part in {"cents", "vingts"} else part for part in re.split(r"[\s-]+", fold(words))
    ]
    return " ".join("mille" if part == "mil" else part for part in parts if part not in {"et", ""})


_NUMBER = (
    r"(?:premier|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|vingts?|trente"
    r"|quarante|cinquante|soixante|cents?|mille?|et)"
)


def _rule(pattern: str, read: Callable[[re.Match[str], Context], Mention | None]) -> Rule:
    return re.compile(pattern, re.IGNORECASE), read


SPACED: tuple[Rule, ...] = (_rule(r"\d(?:[ \u00a0]{1,2}\d){7}(?![ \u00a0]?\d)", _spaced),)
QUARTERS: tuple[Rule, ...] = (
    _rule(r"[QT](?P<q>[1-4])[\s\-/.,']{0,2}(?P<y>\d{4})(?!\d)", _quarter),
    _rule(r"(?P<y>\d{4})[\s\-/.]{0,2}[QT](?P<q>[1-4])(?!\w)", _quarter),
    _rule(
        r"(?P<q>[1-4])(?P<o>st|nd|rd|th|\.|er|e|ème|º|°|o)?\s*(?:quarter|quartal|trimestre|kwartaal)(?:\s+(?:of|de|del|du))?\s+(?P<y>\d{4})(?!\d)",
        _quarter,
    ),
)
SPELLED: tuple[Rule, ...] = (
    _rule(
        rf"(?P<day>{_NUMBER}(?:[\s-]+{_NUMBER}){{0,3}})(?:[\s-]+)(?P<word>[^\W\d_]{{3,9}}\b)"
        rf"(?:[\s-]+(?:(?P<year>{_NUMBER}(?:[\s-]+{_NUMBER}){{0,8}}\b)|(?P<y>\d{{4}})(?!\d)))?",
        _spelled,
    ),
)
