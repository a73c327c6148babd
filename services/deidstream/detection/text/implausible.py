"""What a tagger takes for an identifier and cannot be one: half of a blood pressure, a score, an eponym, an article."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.detection.text.fold import fold_word
from deidstream.detection.text.identity.ordinary import eponyms
from deidstream.detection.text.rules.rule import words
from deidstream.detection.text.rules.titles import TITLE

__all__ = ["is_disease", "without_implausible"]

_RATIO = re.compile(r"(?<![\d/.,-])(\d{1,3}) ?/ ?(\d{1,3})(?! ?[/-] ?\d|\d|[.,]\d)")
_AROUND = 8
"""Code points before half of a ratio in which the ratio begins."""
_SCORE = re.compile(
    r"\b(?:apgar|gcs|glasgow|mmse?t?|moca|(?-i:NRS|VAS|EVA|EVS)|pain|schmerz\w*|dolor|douleur|dolore|pijn|strength|kraft\w*|fuerza|"
    r"forza|força|kracht|murmur)(?:[\s:=,(-]|score|scale|skala|escala|échelle|scala|schaal|of|was|is|ist|test)*\Z",
    re.IGNORECASE,
)
_BEFORE = 40
"""Code points in which the name of a score must begin."""
_OUT_OF = frozenset({5, 6, 10, 15, 30})
_SYSTOLIC, _DIASTOLIC = range(60, 261), range(30, 161)
"""mmHg. No date has such a pair, in either order."""
_ARTICLES = frozenset(
    words(
        "the, a, an, of, and, in, at, on, to, for, with, der, die, das, des, dem, den, und, im, am, el, la, los, las, y, de, del, "
        "en, le, les, l, du, et, au, il, lo, gli, i, e, di, da, het, een, van, op, o, os, as, do, dos, um, uma"
    )
)
_WORD = re.compile(r"[^\W\d_]+\Z")
_DISEASE_BEFORE = re.compile(
    r"\b(?:morbus|morbo di|malattia di|maladie de|enfermedad de|enf\. de|doença de|ziekte van|síndrome de|sindrome di|syndrome de|"
    r"signo de|signe de|segno di|sinal de|teken van|sonde de|sonda de|algália de)\s+\Z",
    re.IGNORECASE,
)
_DISEASE_AFTER = re.compile(
    r"(?:['’]s?|s)?[ -](?:disease|syndrome?|sign|palsy|chorea|contracture|sarcoma|lymphoma|catheter|krankheit|zeichen|katheter)\b",
    re.IGNORECASE,
)
_TITLED = re.compile(rf"\b{TITLE.decode('ascii')}\.?\s+\Z")


def without_implausible(text: str, findings: Sequence[Finding], detector: str) -> Iterator[Finding]:
    """The findings about ``text``, those of ``detector`` without what cannot be. Others look at what stands beside theirs."""
    spans = [one.span for one in findings if one.span is not None]
    for one in findings:
        if one.span is None or one.detector != detector or not _cannot_be(text, one.span, one.category, spans):
            yield one


def _cannot_be(text: str, span: Span, category: Category, spans: Sequence[Span]) -> bool:
    value = text[span.start : span.end]
    if category is Category.NAME:
        return _WORD.match(value) is not None and is_disease(text, span)
    return value in _ARTICLES or (value[:1].isdigit() and _is_measured(text, span, category, spans))


def _is_measured(text: str, span: Span, category: Category, spans: Sequence[Span]) -> bool:
    """A date that is a score, or one of the numbers of a blood pressure, if nobody has found the other one too."""
    for ratio in _RATIO.finditer(text, max(0, span.start - _AROUND), span.end + _AROUND):
        first, second = int(ratio[1]), int(ratio[2])
        if ratio.span() == (span.start, span.end):
            said = _SCORE.search(text, max(0, span.start - _BEFORE), span.start) is not None
            return category is Category.DATE and said and first <= second and second in _OUT_OF
        halves = (Span(*ratio.span(1)), Span(*ratio.span(2)))
        if span in halves:
            other = halves[span == halves[0]]
            is_pressure = first in _SYSTOLIC and second in _DIASTOLIC and first > second
            return is_pressure and not any(one.overlaps(other) for one in spans)
    return False


def is_disease(text: str, span: Span) -> bool:
    """``Wilson's disease``, ``síndrome de Cushing``: a listed eponym beside what says so; not ``Mr. Wilson's disease``."""
    if fold_word(text[span.start : span.end]).lower() not in eponyms():
        return False
    if _DISEASE_BEFORE.search(text, max(0, span.start - 24), span.start):
        return True
    return bool(_DISEASE_AFTER.match(text, span.end)) and not _TITLED.search(text, max(0, span.start - 24), span.start)
