"""The last look before release: does anything that was taken out still stand somewhere?

Two questions. *Values*: does an original value of a direct identifier stand in the output outside of what was replaced or
deliberately kept? *Texts*: read again, does any layer find something in a changed text where nothing was decided?
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.core.subject import Subject
from deidstream.ports import SubjectLayer, TextLayer
from deidstream.stages.writer.render import Rendered, RenderedPart

__all__ = ["surviving_values", "undecided_in_texts"]

_DIRECT = frozenset(
    {
        Category.PHONE,
        Category.FAX,
        Category.EMAIL,
        Category.NATIONAL_ID,
        Category.MEDICAL_RECORD,
        Category.HEALTH_PLAN,
        Category.ACCOUNT,
        Category.VISIT,
        Category.LICENCE,
        Category.VEHICLE,
        Category.BIRTH_DATE,
        Category.OTHER_ID,
        Category.USERNAME,
    }
)
_SHORTEST = 6
"""Shorter values stand in clinical content by chance; the layers look for them in texts, in context."""
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_KEEP = Method.KEEP


def surviving_values(document: Document, decisions: Sequence[Decision], rendered: Rendered) -> list[Decision]:
    """The decisions whose original value still stands, as a whole word, in the output outside every replacement."""
    texts = {part.locator: part.text for part in document.parts}
    kept = {_original(document, texts, decision) for decision in decisions if decision.method is _KEEP}
    starts = [start for start, _ in rendered.replaced]
    found: dict[str, Decision] = {}
    for decision in decisions:
        if decision.category not in _DIRECT or decision.method is _KEEP or decision.span is None:
            continue
        value = _original(document, texts, decision)
        if len(value) < _SHORTEST or value in kept or value in found:
            continue
        if not _DIGIT.search(value) or _OID.fullmatch(value):
            continue
        if _stands(value.encode(), rendered, starts):
            found[value] = decision
    return list(found.values())


def undecided_in_texts(
    cases: Sequence[tuple[Rendered, Sequence[Subject]]], layers: Sequence[TextLayer], identity: SubjectLayer
) -> list[list[Finding]]:
    """For each case the findings in its changed texts that touch no decided span, as findings of the ORIGINAL part."""
    again = [[replace(item.part, text=item.text, pieces=()) for item in rendered.parts] for rendered, _ in cases]
    found = [one for parts, (_, subjects) in zip(again, cases, strict=True) for one in identity.find(parts, subjects)]
    every = [part for parts in again for part in parts]
    for layer in layers:
        found = [one + other for one, other in zip(found, layer.find(every), strict=True)]
    of_part = iter(found)
    return [
        [
            finding._replace(span=origin)
            for item in rendered.parts
            for finding in next(of_part)
            if (origin := _undecided(item, finding)) is not None
        ]
        for rendered, _ in cases
    ]


def _undecided(item: RenderedPart, finding: Finding) -> Span | None:
    span = finding.span or Span(0, len(item.text))
    # Decided spans are in order and apart: only the first that ends behind the start can touch, the one before it tells the shift.
    index = bisect_right(item.decided, span.start, key=lambda decided: decided.end)
    if index < len(item.decided) and item.decided[index].start < span.end:
        return None
    return span.shift(item.origin[index - 1].end - item.decided[index - 1].end if index else 0)


def _original(document: Document, texts: Mapping[str, str], decision: Decision) -> str:
    text = texts.get(decision.locator)
    if text is None:
        text = document.leaf(decision.locator).text
    return text if decision.span is None else text[decision.span.start : decision.span.end]


def _stands(value: bytes, rendered: Rendered, starts: Sequence[int]) -> bool:
    content = rendered.content
    position = content.find(value)
    while position >= 0:
        end = position + len(value)
        whole_word = not _is_word(content[position - 1 : position]) and not _is_word(content[end : end + 1])
        if whole_word and not _inside(rendered.replaced, starts, position, end):
            return True
        position = content.find(value, position + 1)
    return False


def _inside(replaced: Sequence[tuple[int, int]], starts: Sequence[int], start: int, end: int) -> bool:
    index = bisect_right(starts, start) - 1
    return index >= 0 and replaced[index][0] <= start and end <= replaced[index][1]


_DIGIT = re.compile(r"\d")
_OID = re.compile(r"\d+(?:\.\d+){4,}")
"""Names a register, not a person; what it registers has a value of its own."""
_WORD = re.compile(rb"[0-9A-Za-z/]")


def _is_word(byte: bytes) -> bool:
    return _WORD.match(byte) is not None
