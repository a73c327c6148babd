"""Labels that a reader took for the end of what stands before them: ``28040 Madrid Tfno``, ``C/ Mayor, 4. C.P``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deidstream.core.category import Category
from deidstream.core.finding import Finding
from deidstream.core.span import Span

__all__ = ["without_labels"]

_LABEL = (
    r"c\.? ?p|tfno?|tlfn?o?|tel|t[eé]l[eé]fonos?|t[eé]l|telefon|telephone|phone|mobile|fax|e-?mail|mail|correos?|courriel|"
    r"nhc|mrn|dob|n[º°] ?col"
)
_LAST = re.compile(rf"(?:^|[\s,.;:(/–-]+)(?:(?:{_LABEL})[.:]*)+\Z", re.IGNORECASE)
_LABELLED = re.compile(r"\)?[.:]*[ \t]*(?:electr[oó]nicos?[ \t]*)?(?::|[\d+(]|[\w.+-]+@)", re.IGNORECASE)
"""What follows a label: somebody may be called Tel, but no number comes after that."""
_LETTERS = frozenset(
    {
        *(Category.NAME, Category.STREET, Category.CITY, Category.REGION, Category.COUNTRY, Category.PLACE),
        *(Category.POSTAL_CODE, Category.ORGANISATION),
    }
)


def without_labels(text: str, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings about ``text``, those of people and places without a label at their end; what is nothing else is none."""
    for one in findings:
        span = one.span
        if span is None or one.category not in _LETTERS:
            yield one
            continue
        label = _LAST.search(text[span.start : span.end])
        if label is None or not _LABELLED.match(text, span.end):
            yield one
        elif label.start():
            yield one._replace(span=Span(span.start, span.start + label.start()), canonical="")
