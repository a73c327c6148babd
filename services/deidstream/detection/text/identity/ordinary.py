"""Words that are no evidence of a name by themselves."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from deidstream.detection.text import allow

__all__ = ["ordinary"]


@lru_cache(maxsize=1)
def ordinary() -> frozenset[bytes]:
    """Words of ordinary and clinical language (SOURCES.md), eponyms among them; folded, in lower case."""
    words = (files(__package__) / "ordinary.txt").read_bytes().split()
    return frozenset(words) | _single(allow.terms()) | _single(allow.eponyms())


def _single(terms: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(term for term in terms if term.isalpha())
