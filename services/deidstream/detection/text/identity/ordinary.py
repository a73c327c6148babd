"""Words that are no evidence of a name by themselves."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import lru_cache
from importlib.resources import files

from deidstream.detection.text import allow

__all__ = ["CLINICAL_NOUNS", "eponyms", "ordinary", "unmistakable"]

CLINICAL_NOUNS = frozenset(
    b"disease diseases syndrome sign signs test tests score scale reflex catheter fracture contracture maneuver procedure "
    b"operation palsy chorea tumor tumour sarcoma lymphoma ulcer index criteria classification stage grade degree "
    b"position tube drain "
    b"morbus krankheit syndrom zeichen skala katheter fraktur klassifikation stadium test "
    b"enfermedad sindrome signo escala sonda fractura test clasificacion maniobra criterios tumor indice "
    b"maladie syndrome signe echelle sonde fracture score indice manoeuvre malattia morbo sindrome segno scala catetere indice "
    b"ziekte syndroom teken schaal katheter fractuur doenca sindrome sinal escala sonda".split()
)
"""Beside one of these, an eponym is no person."""


@lru_cache(maxsize=1)
def ordinary() -> frozenset[bytes]:
    """Words of ordinary and clinical language (SOURCES.md); folded, in lower case."""
    words = (files(__package__) / "ordinary.txt").read_bytes().split()
    return frozenset((*words, *_single(allow.terms())))


@lru_cache(maxsize=1)
def eponyms() -> frozenset[bytes]:
    """Names that stand for a disease, a sign, a device."""
    return _single(allow.eponyms())


def unmistakable(words: AbstractSet[bytes]) -> AbstractSet[bytes]:
    """Those of ``words`` that are written as they are meant: never a misspelt name."""
    return (words & ordinary()) | (words & eponyms())


def _single(terms: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(term for term in terms if term.isalpha())
