"""Names in a page: words of known names, put together, and weighed by the company they keep."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from deidstream.core.names import TITLES
from deidstream.detection.text.identity.lexicon import NameTerm, Said, Terms, is_loose
from deidstream.detection.text.identity.ordinary import CLINICAL_NOUNS, eponyms
from deidstream.detection.text.identity.page import Mark, Page
from deidstream.detection.text.identity.shapes import TYPO, VARIANT, Name, is_particle

__all__ = ["People", "find"]

_GAP = re.compile(
    rb"(?:[ \t]?,[ \t]?(?:\r?\n)?|[ \t]{1,3}|[ \t]?\r?\n[ \t]?|-|'|[ \t]-[ \t]|(?<=\b[a-z])\.[ \t]?)?"
    rb"(?:(?:de|del|de l[ao]s?|la|das?|dos?|di|della|van|van de[rn]?|von|zu|y|e|bin|al|el|[a-z]\.?)[ '\-]{1,2}){0,2}"
)
_LONGEST_GAP = 24
_TITLE = re.compile(rb"([a-z]{1,12})\.?(?:\([a-z]\))?[ \t\-:]{0,2}$")
_INITIAL_BEFORE = re.compile(rb"(?<![a-z\x80'])([a-z])(?:\.[ \t]?|[ \t])-?$")
_INITIAL_AFTER = re.compile(rb",?[ \t]?([a-z])(?![a-z\x80'])")
_PROPER = re.compile(rb"(?:[a-z,;(][ ]|:[ \t]{0,3})$")
_TITLES = frozenset(title.encode("ascii", "ignore") for title in TITLES) | {
    b"patient",
    b"paciente",
    b"patientin",
    b"paziente",
    b"patiente",
}


class _Hit(NamedTuple):
    start: int
    end: int
    terms: Sequence[NameTerm]
    score: float
    loose: bool


class _Piece(NamedTuple):
    start: int
    end: int
    said: Said
    name: Name
    score: float
    loose: bool
    place: int = 0
    """Which word of the value it ends with."""


class People(NamedTuple):
    """A name found: all pieces of it at ``mark``."""

    mark: Mark
    said: Said
    form: str
    canonical: str
    score: float


def find(page: Page, known: Terms, matched: Iterable[bytes], near: Mapping[bytes, Sequence[bytes]]) -> list[People]:
    """Names at the words ``matched``, and at ``near`` ones (word to the known words it may be)."""
    hits = sorted(_hits(page, known, matched, near), key=lambda hit: (hit.start, -hit.end))
    return [people for run in _runs(page, hits) for people in _people(page, known, run)]


def _hits(page: Page, known: Terms, matched: Iterable[bytes], near: Mapping[bytes, Sequence[bytes]]) -> Iterator[_Hit]:
    for word in matched:
        terms = known.names.get(word)
        if terms:
            loose = is_loose(word)
            familiar = all(term.familiar for term in terms)
            for start, end in page.occurrences(word):
                if not (loose or familiar) or page.capitalised(start):
                    yield _Hit(start, end, terms, terms[0].score, loose)
    for token, words in near.items():
        terms = [term for word in words for term in known.names.get(word, ())]
        if terms:
            loose = len(token) < 5 or max(map(len, words)) < 6
            for start, end in page.occurrences(token):
                yield _Hit(start, end, terms, TYPO, loose and not page.capitalised(start))


def _runs(page: Page, hits: Sequence[_Hit]) -> Iterator[list[_Hit]]:
    run: list[_Hit] = []
    for hit in hits:
        if run and hit.start < run[-1].end:
            continue
        if run and not _linked(page, run[-1].end, hit.start):
            yield run
            run = []
        run.append(hit)
    if run:
        yield run


def _linked(page: Page, end: int, start: int) -> bool:
    return start - end <= _LONGEST_GAP and _GAP.fullmatch(page.lower, end, start) is not None


def _people(page: Page, known: Terms, run: Sequence[_Hit]) -> Iterator[People]:
    pieces = _pieces(page, run)
    pieces = _with_initials(page, known, pieces)
    if len(pieces) == 1 and _doubtful(page, pieces[0]):
        return
    group: list[_Piece] = []
    for piece in pieces:
        if group and (piece.said.person != group[0].said.person or _again(group, piece)):
            yield _together(page, group)
            group = []
        group.append(piece)
    yield _together(page, group)


def _again(group: Sequence[_Piece], piece: _Piece) -> bool:
    """Whether the name begins anew: the same value a second time, and not its next initial."""
    return any(piece.name is earlier.name for earlier in group) and piece.end - piece.start > 1


def _pieces(page: Page, run: Sequence[_Hit]) -> list[_Piece]:
    """One piece a hit, of the person who explains most of the run; neighbours of one value become one piece."""
    votes = Counter(person for hit in run for person in {term.said.person for term in hit.terms})
    pieces: list[_Piece] = []
    for hit in run:
        term = max(hit.terms, key=lambda term: (votes[term.said.person], -term.said.rank, term.score))
        piece = _extended(page, hit, term)
        last = pieces[-1] if pieces else None
        if last is not None and piece.start < last.end:
            continue
        if last is not None and last.name is piece.name and last.place < term.place and piece.start - last.end < 3:
            pieces[-1] = piece._replace(start=last.start, score=min(last.score, piece.score), loose=False)
        else:
            pieces.append(piece)
    return pieces


def _extended(page: Page, hit: _Hit, term: NameTerm) -> _Piece:
    """With the other words of the value where they stand beside it (``de la`` of ``de la Cruz``)."""
    words, start, end, joined, place = term.name.words, hit.start, hit.end, 0, term.place
    if term.place >= 0 and len(words) > 1:
        for word in reversed(words[: term.place]):
            before = page.word_before(start)
            if before is None or before[0] != word:
                break
            start, joined = before[1][0], joined + (len(word) > 2)
        for word in words[term.place + 1 :]:
            after = page.word_after(end)
            if after is None or after[0] != word:
                break
            end, joined, place = after[1][1], joined + (len(word) > 2), place + 1
    score = term.score if hit.score != TYPO else TYPO
    return _Piece(start, end, term.said, term.name, score, hit.loose and not joined, place)


def _with_initials(page: Page, known: Terms, pieces: list[_Piece]) -> list[_Piece]:
    before = _initial_before(page, known, pieces[0])
    while before is not None and len(pieces) < 8:
        pieces.insert(0, before)
        before = _initial_before(page, known, before)
    after = _initial_after(page, known, pieces[-1])
    while after is not None and len(pieces) < 8:
        pieces.append(after)
        after = _initial_after(page, known, after)
    return pieces


def _initial_before(page: Page, known: Terms, piece: _Piece) -> _Piece | None:
    at = max(0, piece.start - 4)
    found = _INITIAL_BEFORE.search(page.lower, at, piece.start)
    return _initial(page, known, piece, found.start(1)) if found else None


def _initial_after(page: Page, known: Terms, piece: _Piece) -> _Piece | None:
    dot = page.lower[piece.end : piece.end + 1] == b"." and piece.end - piece.start == 1
    found = _INITIAL_AFTER.match(page.lower, piece.end + dot)
    return _initial(page, known, piece, found.start(1)) if found and found.start(1) > piece.end else None


def _initial(page: Page, known: Terms, beside: _Piece, at: int) -> _Piece | None:
    if not page.capitalised(at):
        return None
    meant = known.initials.get(beside.said.person, {}).get(page.lower[at : at + 1])
    if meant is None or (
        meant[1] is beside.name and (beside.end - beside.start > 1 or page.lower[beside.start] == page.lower[at])
    ):
        return None
    return _Piece(at, at + 1, meant[0], meant[1], VARIANT, False)


def _doubtful(page: Page, piece: _Piece) -> bool:
    if page.lower[piece.start : piece.end] in eponyms():
        around = (page.word_before(piece.start), page.word_after(piece.end))
        if any(word is not None and word[0] in CLINICAL_NOUNS for word in (*around, _past_particle(page, around[0]))):
            return True
    return piece.loose and not _supported(page, piece)


def _past_particle(page: Page, word: tuple[bytes, Mark] | None) -> tuple[bytes, Mark] | None:
    """The word before a particle: ``enfermedad`` of ``enfermedad de Parkinson``."""
    return page.word_before(word[1][0]) if word is not None and is_particle(word[0]) else None


def _supported(page: Page, piece: _Piece) -> bool:
    """Whether a doubtful word by itself is used as a name: after a title, or with a capital where the sentence asks for none."""
    before = page.lower[max(0, piece.start - 24) : piece.start]
    title = _TITLE.search(before)
    if title is not None and title[1] in _TITLES:
        return True
    if piece.end - piece.start < 4 or not page.capitalised(piece.start) or _shouted(page, piece):
        return False
    original = page.buffer[max(0, piece.start - 24) : piece.start]
    return _PROPER.search(original) is not None and not page.in_german(piece.start)


def _shouted(page: Page, piece: _Piece) -> bool:
    return page.buffer[piece.start : piece.end].isupper()


def _together(page: Page, group: Sequence[_Piece]) -> People:
    first, last = group[0], group[-1]
    said = min((piece.said for piece in group), key=lambda said: said.rank)
    score = max(piece.score for piece in group)
    if len(group) == 1:
        return People((first.start, first.end), said, _form(first), first.name.canonical, score)
    reversed_ = _form(first) == "family" and any(_form(piece) != "family" for piece in group[1:])
    comma = b"," in page.lower[first.end : group[1].start]
    names = list(dict.fromkeys(piece.name.canonical for piece in group))
    canonical = f"{names[0]}, {' '.join(names[1:])}" if comma else " ".join(names)
    return People((first.start, last.end), said, "name.family_first" if reversed_ else "name", canonical, score)


def _form(piece: _Piece) -> str:
    return piece.name.form
