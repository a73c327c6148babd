"""Findings about what stands in pixels: what text detection says of the lines as they read, and by default deny of everything else.

A line that cannot be read is covered, and so is each word that neither a layer nor the vocabulary knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from deidstream.core.category import Category, Role
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.core.region import Region
from deidstream.core.span import Span
from deidstream.core.subject import Subject
from deidstream.detection.image.known import Known
from deidstream.detection.image.vocabulary import is_harmless, is_moment
from deidstream.ports import Mark, Sight, SubjectLayer, TextLayer, TextLine

__all__ = ["UNREAD", "findings"]

UNREAD = "image.unread/1"
"""The detector of lines that cannot be read."""
_UNKNOWN, _READ = "image.unknown/1", "image.text"
_FACE, _CODE = "image.face/1", "image.code/1"
_LEGIBLE = 0.8
"""Mean certainty of characters from which a line counts as read."""
_NARROW = 1.5
"""Times its height: who is not named in one character is not named in a box so narrow."""
_ILLEGIBLE = 8
"""Pixels, with the margin of a box: letters of three and fewer are none."""
_SCANNED, _LARGE = "PixelData", 64
"""Pixels of instances, and how high in pixels a line there is that can be read if it is one."""
_WORD = re.compile(r"\S+")
_LONG = 6
"""Digits of numbers that stand side by side from which they may be one identifier, written in groups."""


@dataclass(frozen=True, slots=True)
class _Word:
    span: Span
    finding: Finding | None
    """None: it stays."""


def findings(
    sight: Sight, subjects: Sequence[Subject], layers: Sequence[TextLayer], identity: SubjectLayer, language: str = ""
) -> list[Finding]:
    """One finding for each rectangle that identifies somebody or may; its locator is that of a ``Region``. Raises as
    ``layers`` do.
    """
    known = Known(subjects)
    by_frame = [list(lines) for _, lines in groupby(sight.lines, key=lambda line: (line.box.element, line.box.frame))]
    parts = [_part(lines, language) for lines in by_frame]
    found: list[list[Finding]] = [list(one) for one in identity.find(parts, subjects)]
    for layer in layers:
        for of_part, more in zip(found, layer.find(parts), strict=True):
            of_part.extend(more)
    out: list[Finding] = []
    for lines, of_part in zip(by_frame, found, strict=True):
        out += _of_frame(lines, merge(of_part), known)
    out += [_marked(mark) for mark in sight.marks]
    return out


def _part(lines: Sequence[TextLine], language: str) -> Part:
    locator = f"{lines[0].box.element}[{lines[0].box.frame}]:text"
    return Part(locator, "\n".join(line.text for line in lines), (), language=language)


def _of_frame(lines: Sequence[TextLine], found: Sequence[Finding], known: Known) -> list[Finding]:
    marked: list[Finding] = []
    kept: list[Region] = []
    start = 0
    for line in lines:
        own = [
            one
            for one in found
            if one.span is None or (one.span.start < start + len(line.text) and one.span.end > start)
        ]
        of_line = list(_of_line(line, start, own, known))
        marked += of_line
        kept += [] if of_line else [line.box]
        start += len(line.text) + 1
    return [one._replace(locator=_apart(Region.parse(one.locator), kept).locator) for one in marked]


def _of_line(line: TextLine, start: int, found: Sequence[Finding], known: Known) -> Iterator[Finding]:
    if line.score < _LEGIBLE or not line.text.strip():
        if not _is_mark(line) and not _is_shape(line):
            yield Finding(line.box.locator, None, Category.UNKNOWN, 1.0, UNREAD)
        return
    if len(line.text.strip()) == 1 and _is_mark(line):
        return
    words = list(_words(line.text, start, found, known))
    marked = [word.finding for word in words if word.finding is not None]
    if not marked:
        return
    if not line.places or (len({*map(id, marked)}) == 1 and len(marked) == len(words)):
        yield _placed(max(marked, key=_weight), line.box)
        return
    for finding, box in _pieces(line, words):
        yield _placed(finding, box)


def _is_mark(line: TextLine) -> bool:
    """Room for one character, or for none that anybody could read: whoever it is, it does not say."""
    width, height = line.box.width, line.box.height
    return max(width, height) <= _NARROW * min(width, height) or min(width, height) <= _ILLEGIBLE


def _is_shape(line: TextLine) -> bool:
    """Something of an organ that looks like writing: letters so large could be read. In picture files it may be handwriting."""
    return line.box.element == _SCANNED and min(line.box.width, line.box.height) >= _LARGE


def _words(text: str, start: int, found: Sequence[Finding], known: Known) -> Iterator[_Word]:
    spans = [Span(*match.span()) for match in _WORD.finditer(text)]
    grouped = _in_groups(text, spans)
    unknown = Finding("", None, Category.UNKNOWN, 1.0, _UNKNOWN)
    moment = Finding("", None, Category.DATE, 1.0, _UNKNOWN, form="text")
    for span in spans:
        word = text[span.start : span.end]
        by_layer = next((one for one in found if one.span is None or one.span.overlaps(span.shift(start))), None)
        if by_layer is not None:
            yield _Word(span, by_layer)
        elif (said := known.said(word, is_harmless(word))) is not None:
            yield _Word(span, Finding("", None, said.category, 0.85, _READ, said.role))
        elif is_moment(word):
            yield _Word(span, moment)
        else:
            yield _Word(span, unknown if span in grouped or not is_harmless(word) else None)


def _in_groups(text: str, spans: Sequence[Span]) -> set[Span]:
    """Whole numbers side by side that have together so many digits that they may be one identifier or date."""
    out: set[Span] = set()
    for is_number, run in groupby(spans, key=lambda span: text[span.start : span.end].strip("-/.#").isdigit()):
        group = list(run)
        if is_number and len(group) > 1 and sum(span.end - span.start for span in group) >= _LONG:
            out.update(group)
    return out


def _pieces(line: TextLine, words: Sequence[_Word]) -> Iterator[tuple[Finding, Region]]:
    """The box of the line, divided in the middle between words of different findings."""
    groups = [(finding, list(run)) for finding, run in groupby(words, key=lambda word: word.finding)]
    cuts = [0.0]
    for (_, before), (_, after) in pairwise(groups):
        cuts.append((line.places[before[-1].span.end - 1] + line.places[after[0].span.start]) / 2)
    cuts.append(1.0)
    for (finding, _), left, right in zip(groups, cuts[:-1], cuts[1:], strict=True):
        if finding is not None:
            x, end = int(line.box.x + left * line.box.width), int(line.box.x + right * line.box.width + 0.999)
            yield finding, line.box._replace(x=x, width=max(1, min(end, line.box.x + line.box.width) - x))


def _apart(box: Region | None, kept: Sequence[Region]) -> Region:
    """``box`` without the margin that it shares with lines above and below that stay; never more than a fifth of it on a side."""
    assert box is not None
    top, low = box.y, box.y + box.height
    for other in kept:
        if not box.overlap(other) or other.height > 2 * box.height:
            continue
        if other.y < box.y:
            top = max(top, min((box.y + other.y + other.height + 1) // 2, box.y + box.height // 5))
        elif other.y > box.y:
            low = min(low, max((other.y + box.y + box.height) // 2, box.y + box.height - box.height // 5))
    return box._replace(y=top, height=low - top)


def _weight(finding: Finding) -> tuple[bool, float]:
    return finding.category is not Category.UNKNOWN, finding.score


def _placed(finding: Finding, box: Region) -> Finding:
    """``finding`` about a box rather than a text: as a whole, by who found it in what was read."""
    detector = finding.detector if finding.detector.startswith("image.") else f"{_READ}.{finding.detector}"
    return finding._replace(locator=box.locator, span=None, detector=detector, canonical="")


def _marked(mark: Mark) -> Finding:
    if mark.kind == "face":
        return Finding(mark.box.locator, None, Category.PHOTO, mark.score, _FACE, Role.UNKNOWN)
    return Finding(mark.box.locator, None, Category.OTHER_ID, 1.0, _CODE, Role.UNKNOWN)
