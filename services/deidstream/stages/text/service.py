"""The stage around ``detection.text``: one pass of every layer over the parts of a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from deidstream import formats
from deidstream.core.case import Case
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.outcome import Forward, Outcome
from deidstream.detection.text.codes import without_codes
from deidstream.detection.text.repeated import repeated
from deidstream.ports import SubjectLayer, TextLayer

__all__ = ["Text", "Weigh"]

Weigh = Callable[[str, Sequence[Finding]], list[Finding]]


class Text:
    """Runs ``layers`` over the parts of all cases at once, and ``identity`` over those of each case.

    ``weigh``: what is left of the findings of all layers about one text, where it was measured how far to trust them.
    """

    def __init__(self, layers: Sequence[TextLayer], identity: SubjectLayer, weigh: Weigh | None = None) -> None:
        self._layers = layers
        self._identity = identity
        self._weigh = weigh

    def handle(self, cases: Sequence[Case]) -> list[Outcome]:
        """One Forward a case, in order. Raises Malformed when a source cannot be read."""
        cases = [_opened(case) for case in cases]
        parts = [part for case in cases for part in _parts(case)]
        found: list[list[Finding]] = [[] for _ in parts]
        for layer in self._layers:
            for findings, more in zip(found, layer.find(parts), strict=True):
                findings.extend(more)
        if self._weigh is not None:
            found = [self._weigh(part.text, findings) for part, findings in zip(parts, found, strict=True)]
        position = 0
        out: list[Outcome] = []
        for case in cases:
            own = _parts(case)
            known = self._identity.find(own, case.subjects)
            seen = [[*read, *more] for read, more in zip(found[position : position + len(own)], known, strict=True)]
            again = repeated(own, seen, self._identity)
            findings = [item for of_part in (*seen, *again) for item in of_part]
            if case.document is not None:
                findings = without_codes(case.document, findings)
            position += len(own)
            out.append(Forward(case.changed(findings=case.findings + tuple(findings)).advance()))
        return out


def _opened(case: Case) -> Case:
    if case.document is None:
        return case.changed(document=formats.opened(case))
    return case


def _parts(case: Case) -> Sequence[Part]:
    if case.document is None:
        return ()
    language = case.header.attribute("language")
    if not language:
        return case.document.parts
    return [part if part.language else replace(part, language=language) for part in case.document.parts]
