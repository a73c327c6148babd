"""What was found once in a case is found everywhere in it: a name under a signature, in a header, spelled family first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.core.subject import PASSING, Known, Subject
from deidstream.detection.text.fold import fold_word
from deidstream.detection.text.identity.ordinary import ordinary
from deidstream.detection.text.implausible import is_disease
from deidstream.ports import SubjectLayer

__all__ = ["repeated"]

_DETECTOR = "text.repeated/1"
_SURE = 0.9
"""A name that is less likely to be one is not looked for elsewhere: it would spoil more than one place."""
_SHORTEST = 4
_LONGEST = 1 << 20
"""Code points of a case: what is longer is no document, and is read once, not twice."""
_MOST = 200
"""Names that are looked for: a list of a ward has more, and each of them is found where it stands."""


def repeated(parts: Sequence[Part], found: Sequence[Sequence[Finding]], layer: SubjectLayer) -> list[list[Finding]]:
    """More findings of each part: where names stand again that ``found`` has somewhere, and nothing was found yet.

    ``layer`` finds known names in all their forms. ``found[i]`` are the findings of ``parts[i]``.
    """
    names = _names(parts, found) if sum(len(part.text) for part in parts) <= _LONGEST else []
    if not names:
        return [[] for _ in parts]
    known = tuple(
        Known(Category.NAME, one.role, "name", text, f"{PASSING}{number}") for number, (text, one) in enumerate(names)
    )
    again = layer.find(parts, (Subject("", known=known),))
    return [
        _new([one for one in more if not _a_word(part.text, one)], have)
        for part, more, have in zip(parts, again, found, strict=True)
    ]


def _names(parts: Sequence[Part], found: Sequence[Sequence[Finding]]) -> list[tuple[str, Finding]]:
    texts: dict[str, Finding] = {}
    for part, findings in zip(parts, found, strict=True):
        for one in findings:
            if one.category is Category.NAME and one.score >= _SURE:
                span = one.span or Span(0, len(part.text))
                text = " ".join(part.text[span.start : span.end].split())
                if len(text) >= _SHORTEST:
                    texts.setdefault(text, one)
    return list(texts.items())[:_MOST]


def _a_word(text: str, one: Finding) -> bool:
    """Whether it is a word of the language in a text that has capitals, or a disease: ``a young man``, ``Wilson's disease`` in a
    letter of Dr. Young and Dr. Wilson."""
    span = one.span or Span(0, len(text))
    found = text[span.start : span.end]
    if found.islower():
        return not text.islower() and fold_word(found).lower() in ordinary()
    return is_disease(text, span)


def _new(more: Sequence[Finding], have: Sequence[Finding]) -> list[Finding]:
    """Those of ``more`` that overlap none of ``have``: in a text there may be 100,000 of each."""
    taken = sorted(one.span for one in have if one.span is not None)
    starts = [span.start for span in taken]
    ends = list(accumulate((span.end for span in taken), max))
    return [
        one._replace(detector=_DETECTOR, canonical="")
        for one in more
        if one.span is not None
        and not ((before := bisect_left(starts, one.span.end)) and ends[before - 1] > one.span.start)
    ]
