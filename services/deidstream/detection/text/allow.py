"""Clinical terms that look like names, so that no layer takes Parkinson for a patient.

``eponyms.txt`` lists what may be a person elsewhere (Parkinson, Foley, Glasgow), ``terms.txt`` what hardly ever is: drugs,
organisms, specialties, headings and function words of seven languages.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from deidstream.detection.text.fold import fold_word
from deidstream.detection.text.languages import stop_words

__all__ = ["clinical_terms", "eponyms", "is_clinical", "terms"]

_NO_CONTENT = ("English function words", "Months and weekdays")
"""Sections of ``terms.txt`` whose words say nothing clinical."""


def is_clinical(term: str) -> bool:
    """Whether ``term`` (one word or several, any case and accents) is a clinical term rather than a name.

    A phrase is clinical when it is listed, or when each of its words is. An honorific before a term outweighs this list;
    that is for the caller to see.
    """
    folded = fold_word(term).lower().strip(b" .,;:'")
    if _listed(folded.removesuffix(b"'s")):
        return True
    pieces = folded.replace(b"-", b" ").split()
    return bool(pieces) and all(_listed(piece.removesuffix(b"'s")) for piece in pieces)


@lru_cache(maxsize=1)
def eponyms() -> frozenset[bytes]:
    """Terms that were somebody's name once, folded and in lower case; phrases count as wholes."""
    return _read("eponyms.txt")


@lru_cache(maxsize=1)
def terms() -> frozenset[bytes]:
    """The other terms, folded and in lower case."""
    return _read("terms.txt")


@lru_cache(maxsize=1)
def clinical_terms() -> frozenset[bytes]:
    """``terms`` without months, days of the week and function words: what a reader would miss."""
    return _read("terms.txt", _NO_CONTENT) - stop_words()


def _listed(word: bytes) -> bool:
    return word in eponyms() or word in terms()


def _read(name: str, without: tuple[str, ...] = ()) -> frozenset[bytes]:
    """The terms of a file, but for the sections whose title begins with one of ``without``."""
    listed: list[str] = []
    taken = True
    for line in (files(__package__) / name).read_text("utf-8").splitlines():
        if line.startswith("#"):
            taken = not line.removeprefix("# ").startswith(without)
        elif taken:
            listed += [term.strip() for term in line.split(",")]
    return frozenset(fold_word("|".join(listed)).lower().split(b"|")) - {b""}
