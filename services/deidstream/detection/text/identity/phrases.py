"""Street lines, towns and companies in a page: found by their most telling word, proven by the words around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from deidstream.core.category import Category
from deidstream.detection.text.identity.lexicon import PhraseTerm, Said, Terms, is_loose
from deidstream.detection.text.identity.ordinary import ordinary
from deidstream.detection.text.identity.page import Mark, Page
from deidstream.detection.text.identity.shapes import EXACT, TYPO, VARIANT, is_particle, street_word

__all__ = ["Place", "find"]


class Place(NamedTuple):
    """A phrase found. ``whole``: all its words stand there."""

    mark: Mark
    said: Said
    score: float


def find(page: Page, known: Terms, matched: Iterable[bytes], near: Mapping[bytes, Sequence[bytes]]) -> list[Place]:
    """Phrases at the words ``matched``, and at ``near`` ones."""
    return list(_places(page, known, matched, near))


def _places(
    page: Page, known: Terms, matched: Iterable[bytes], near: Mapping[bytes, Sequence[bytes]]
) -> Iterator[Place]:
    for word in matched:
        for term in known.phrases.get(word, ()):
            for mark in page.occurrences(word):
                yield from _proven(page, term, mark, EXACT if word in term.phrase.words else VARIANT)
    for token, words in near.items():
        for term in (term for word in words for term in known.phrases.get(word, ())):
            for mark in page.occurrences(token):
                yield from _proven(page, term, mark, TYPO)


def _proven(page: Page, term: PhraseTerm, mark: Mark, score: float) -> Iterator[Place]:
    words, anchor = term.phrase.words, term.phrase.anchor
    start, missing_before = _leftwards(page, mark[0], words[:anchor])
    end, missing_after = _rightwards(page, mark[1], words[anchor + 1 :])
    missing = [word for word in (*missing_before, *missing_after) if not is_particle(word)]
    telling = sum(not is_particle(word) for word in words)
    if missing and not (page.capitalised(mark[0]) and _enough(term, telling - len(missing), missing)):
        return
    if telling == 1 and not _named(page, mark):
        return
    yield Place((start, end), term.said, min(score, VARIANT) if missing else score)


def _named(page: Page, mark: Mark) -> bool:
    """Whether one word alone is used as the name of a place: with a capital, and not a word that any sentence begins with."""
    if not page.capitalised(mark[0]):
        return False
    if not is_loose(page.lower[mark[0] : mark[1]]):
        return True
    before = page.word_before(mark[0])
    return before is not None and not page.capitalised(before[1][0]) and page.buffer[mark[0] - 1 : mark[0]] == b" "


def _enough(term: PhraseTerm, there: int, missing: Sequence[bytes]) -> bool:
    """A street line may lack its house number or floor, a company what many are called (``Hospital``)."""
    category = term.said.known.category
    return there >= 2 and (
        category is Category.STREET or (category is Category.ORGANISATION and ordinary().issuperset(missing))
    )


def _leftwards(page: Page, start: int, words: Sequence[bytes]) -> tuple[int, Sequence[bytes]]:
    """How far to the left ``words`` stand before ``start``, and which are missing."""
    left = list(words)
    while left:
        before = page.word_before(start)
        if before is None or street_word(before[0]) != street_word(left[-1]):
            break
        start = before[1][0]
        left.pop()
    return start, left


def _rightwards(page: Page, end: int, words: Sequence[bytes]) -> tuple[int, Sequence[bytes]]:
    done = 0
    for word in words:
        after = page.word_after(end)
        if after is None or street_word(after[0]) != street_word(word):
            break
        end = after[1][1]
        done += 1
    return end, words[done:]
