"""The findings of ``clean`` as JSON lines: where, what, how sure, what was done; never the text nor a hash of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from deidstream.core.case import Case
from deidstream.core.category import HIPAA_CLASS
from deidstream.core.decision import Decision
from deidstream.core.errors import Unsafe

__all__ = ["lines"]


def lines(file: str, member: str, case: Case, decisions: tuple[Decision, ...]) -> Iterator[str]:
    """One JSON object a decision, in the order of the source. ``start`` and ``end`` are code points of that part's text.

    ``member`` names the message within a file that holds several (``message[3]!``), else it is empty.
    """
    for decision in sorted(decisions, key=_place):
        start, end = decision.span if decision.span is not None else (0, _length(case, decision.locator))
        yield json.dumps(
            {
                "file": file,
                "part": member + decision.locator,
                "start": start,
                "end": end,
                "category": str(decision.category),
                "hipaa": HIPAA_CLASS.get(decision.category),
                "score": round(decision.score, 3),
                "detector": "+".join(decision.detectors),
                "action": str(decision.method),
            }  # in ASCII: the name of a file need not be Unicode
        )


def _place(decision: Decision) -> tuple[str, int]:
    return (decision.locator, decision.span.start if decision.span else 0)


def _length(case: Case, locator: str) -> int:
    if case.document is None:
        return 0
    part = next((part for part in case.document.parts if part.locator == locator), None)
    if part is not None:
        return len(part.text)
    try:
        return len(case.document.leaf(locator).text)
    except Unsafe:  # an element that holds several
        return 0
