"""Codes and measurements that a text repeats from the structured fields of the same message are no identifiers.

A narrative that shows a SNOMED CT code, or the samples of a waveform, shows what the message holds as a code or a number anyway
and is released with; taken for a phone number, it would be spoiled in one place and stand in the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from deidstream.core.category import Category
from deidstream.core.document import Document
from deidstream.core.fact import Reading
from deidstream.core.finding import Finding

__all__ = ["without_codes"]

_NUMERIC = frozenset(
    {
        Category.PHONE,
        Category.FAX,
        Category.NATIONAL_ID,
        Category.ACCOUNT,
        Category.OTHER_ID,
        Category.RECORD_ID,
        Category.POSTAL_CODE,
        Category.VEHICLE,
        Category.DEVICE,
        Category.LICENCE,
    }
)
_SUBJECTS_OWN = "text.identity/"


def without_codes(document: Document, findings: Sequence[Finding]) -> list[Finding]:
    """``findings`` less those of numbers by shape that stand, as a whole word, in a structured clinical value.

    What the identity layer found is the subject's own and stays whatever else it resembles.
    """
    texts = {part.locator: part.text for part in document.parts}
    if not any(
        _by_shape(finding) and _elsewhere(_text(texts[finding.locator], finding), document) for finding in findings
    ):
        return list(findings)
    clinical = "\n".join(_clinical(document))
    return [
        finding
        for finding in findings
        if not (_by_shape(finding) and _stands(_text(texts[finding.locator], finding), clinical))
    ]


def _by_shape(finding: Finding) -> bool:
    return finding.category in _NUMERIC and not finding.detector.startswith(_SUBJECTS_OWN)


def _elsewhere(value: str, document: Document) -> bool:
    """Whether the source holds ``value`` more often than its parts and facts do: a look that spares most documents the next."""
    left = document.source.count(value.encode()) - sum(part.text.count(value) for part in document.parts)
    if left > 0 and isinstance(document.reading, Reading):
        left -= sum(fact.value.count(value) for fact in document.reading.facts)
    return left > 0


def _clinical(document: Document) -> Iterable[str]:
    """The leaves that are released as they are: no fact speaks of them, and no part shows them."""
    reading = document.reading
    facts = {fact.locator for fact in reading.facts} if isinstance(reading, Reading) else set()
    shown = {piece.path for part in document.parts for piece in part.pieces}
    for leaf in document.leaves:
        if leaf.path not in facts and leaf.path not in shown and leaf.nested is None:
            yield leaf.text


def _stands(value: str, clinical: str) -> bool:
    return value in clinical and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", clinical) is not None


def _text(text: str, finding: Finding) -> str:
    return text if finding.span is None else text[finding.span.start : finding.span.end]
