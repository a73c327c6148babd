"""The subjects' own data in pages that were read, as a reader of pixels may have misread them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.core.subject import Subject
from deidstream.detection.image.known import Known
from deidstream.detection.image.vocabulary import is_harmless

__all__ = ["misread"]

_DETECTOR, _SCORE = "text.misread/1", 0.85
_WORD = re.compile(r"[^\W_]+")


def misread(parts: Sequence[Part], subjects: Sequence[Subject]) -> Iterator[Finding]:
    """The words of ``parts`` that are one or two characters away from what is known of somebody, clinical terms left out."""
    known = Known(subjects)
    for part in parts:
        for match in _WORD.finditer(part.text):
            said = known.said(match[0], is_harmless(match[0]))
            if said is not None:
                yield Finding(
                    part.locator,
                    Span(*match.span()),
                    said.category,
                    _SCORE,
                    _DETECTOR,
                    said.role,
                    said.form,
                    part.subject,
                )
