"""The words of a text, and which of them are clinical terms that must survive."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from deidstream.core.span import Span
from deidstream.detection.text.allow import clinical_terms, eponyms
from deidstream.detection.text.fold import fold_word

__all__ = ["Words", "words"]

_TOKEN = re.compile(r"\w+(?:['’]\w+)*")
_SHORT = 3
_TITLE = re.compile(
    r"(?:\b(?:mrs?|ms|miss|drs?|doctor|prof|sra?|dra|don|doña|señora?|mme|mlle|monsieur|madame|herrn?|frau|dott|sig|dhr|mevr)\b\.?\s*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Words:
    """Where the tokens of a text lie, in reading order: all, and those that are clinical terms."""

    tokens: tuple[Span, ...] = field(default=(), repr=False)
    clinical: tuple[Span, ...] = field(default=(), repr=False)


def words(text: str) -> Words:
    """The words of ``text``. A token is a run of letters, digits and underscores, apostrophes inside included.

    A clinical term is a listed drug, organism, specialty or the like; or an eponym with a capital letter and no form of
    address before it, as that makes a person of it. Words of up to three letters count where all are capitals: ``Do`` and
    ``or`` are listed as abbreviations.
    """
    tokens = tuple(Span(*found.span()) for found in _TOKEN.finditer(text))
    return Words(tokens, tuple(span for span in tokens if _is_clinical(text, span)))


def _is_clinical(text: str, span: Span) -> bool:
    word = text[span.start : span.end]
    if len(word) <= _SHORT and not word.isupper():
        return False
    is_term, is_eponym = _listed(word)
    return is_term or (is_eponym and not _TITLE.search(text, max(0, span.start - 12), span.start))


@lru_cache(maxsize=65_536)
def _listed(word: str) -> tuple[bool, bool]:
    folded = fold_word(word).lower().removesuffix(b"'s")
    return folded in clinical_terms(), word[:1].isupper() and folded in eponyms()
