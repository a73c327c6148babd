"""The stage around ``detection.fields``."""

from __future__ import annotations

from collections.abc import Sequence

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.fact import Reading, findings
from deidstream.core.outcome import Forward, Outcome
from deidstream.detection import fields

__all__ = ["Fields"]


class Fields:
    """Adds the findings of structured fields. Stateless."""

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """One Forward a case, in order. Raises Malformed when the source cannot be read."""
        return [Forward(_with_findings(case).advance()) for case in cases]


def _with_findings(case: Case) -> Case:
    document = formats.opened(case)
    reading = document.reading
    if not isinstance(reading, Reading):
        reading = document.reading = fields.read(document)
    detector = fields.detector(document)
    found = findings(reading.facts, detector)
    return case.changed(document=document, findings=case.findings + found)
