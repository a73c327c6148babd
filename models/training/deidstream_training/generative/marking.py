"""Between spans and text with marks in it: ``seen by [[name: Ada Quill]] today``.

A model may write anything. Back to spans goes only what it marked of the text that it was given; what it made up has no place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from deidstream.core.category import Category

from deidstream_training.train.examples import Mark

__all__ = ["Aligned", "aligned", "chunks", "marked"]

_MARK = re.compile(r"\[\[(\w{1,40}): (.*?)\]\]", re.DOTALL)
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.5
"""Words that were copied wrongly share that much with those in whose place they are; others were made up."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """What was marked, in code points of the source, and the share of its signs (but for white space) that was written again."""

    marks: tuple[Mark, ...] = field(repr=False)
    preserved: float


def marked(text: str, marks: Sequence[Mark]) -> str:
    """``text`` with ``marks`` in it; of two that overlap the first."""
    out: list[str] = []
    at = 0
    for start, end, category in sorted(marks):
        if start >= at:
            out += (text[at:start], f"[[{category}: {text[start:end]}]]")
            at = end
    return "".join([*out, text[at:]])


def chunks(text: str, marks: Sequence[Mark], most: int) -> Iterator[tuple[int, str, list[Mark]]]:
    """``text`` in pieces of at most ``most`` code points where that can be: where each begins, it, and its marks from there on.

    It is cut after a line, else after a sentence, else between words, never inside a mark.
    """
    start = 0
    while start < len(text):
        end = _cut(text, marks, start, min(len(text), start + most))
        inside = [(first - start, last - start, name) for first, last, name in marks if start <= first and last <= end]
        yield start, text[start:end], inside
        start = end


def aligned(source: str, written: str) -> Aligned:
    """``written``: what a model made of ``source``."""
    plain, marks = _parsed(written)
    mine, theirs = _words(source), _words(plain)
    matcher = SequenceMatcher(None, [word for _, word in mine], [word for _, word in theirs], autojunk=False)
    steps = matcher.get_opcodes()
    kept = sum(
        len(word)
        for name, first, last, _, _ in steps
        if name == "equal"
        for _, word in mine[first:last]
        if word.strip()
    )
    whole = sum(len(word) for _, word in mine if word.strip())
    found = [one for mark in marks if (one := _placed(mark, mine, theirs, steps)) is not None]
    return Aligned(tuple(found), kept / whole if whole else 1.0)


_Words = list[tuple[int, str]]
"""Where each word, white space or sign begins, and it."""
_Step = tuple[str, int, int, int, int]


def _words(text: str) -> _Words:
    return [(found.start(), found.group()) for found in _WORDS.finditer(text)]


def _parsed(written: str) -> tuple[str, list[Mark]]:
    """What was written without its marks, and where they were. A category that is none of ours is unknown: marked is marked."""
    out: list[str] = []
    marks: list[Mark] = []
    at = length = 0
    for found in _MARK.finditer(written):
        before, inside = written[at : found.start()], found.group(2)
        length += len(before)
        marks.append((length, length + len(inside), _category(found.group(1))))
        length += len(inside)
        out += (before, inside)
        at = found.end()
    return "".join([*out, written[at:]]), marks


def _category(name: str) -> str:
    try:
        return Category(name).value
    except ValueError:
        return Category.UNKNOWN.value


def _placed(mark: Mark, mine: _Words, theirs: _Words, steps: Sequence[_Step]) -> Mark | None:
    """The words of the source that stand where the mark's words were written; None where there are none."""
    start, end, category = mark
    inside = [number for number, (at, word) in enumerate(theirs) if start <= at and at + len(word) <= end]
    if not inside:
        return None
    places: list[int] = []
    for name, first, last, low, high in steps:
        since, until = max(low, inside[0]), min(high, inside[-1] + 1)
        if since >= until:
            continue
        if name == "equal":
            places += range(first + since - low, first + until - low)
        elif name == "replace" and _alike(mine[first:last], theirs[since:until]):
            places += range(first, last)
    words = [number for number in places if mine[number][1].strip()]
    if not words:
        return None
    last_at, last_word = mine[max(words)]
    return mine[min(words)][0], last_at + len(last_word), category


def _alike(mine: _Words, theirs: _Words) -> bool:
    one, other = ("".join(word for _, word in words) for words in (mine, theirs))
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def _cut(text: str, marks: Sequence[Mark], start: int, end: int) -> int:
    if end == len(text):
        return end
    least = start + (end - start) // 2
    for sign in ("\n", ". ", " "):
        found = text.rfind(sign, least, end)
        if found >= 0:
            end = found + len(sign)
            break
    inside = next(((first, last) for first, last, _ in marks if first < end < last), None)
    if inside is None:
        return end
    return inside[0] if inside[0] > start else inside[1]
