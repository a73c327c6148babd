"""Decisions carried out, with a map of what was replaced: in the bytes, and in the text of each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from deidstream.core.decision import Decision, Method
from deidstream.core.document import Document, Part, Splice, apply_splices, splices
from deidstream.core.reassemble import edits
from deidstream.core.span import Span

__all__ = ["Rendered", "RenderedPart", "render"]
# Members bound once: in Python 3.11 reading one from its enumeration takes ten times as long as a name of the module.
_KEEP = Method.KEEP


@dataclass(frozen=True, slots=True)
class RenderedPart:
    """A part as it reads now. ``decided`` are the spans of ``text`` that a decision covers."""

    part: Part
    text: str = field(repr=False)
    decided: tuple[Span, ...]
    origin: tuple[Span, ...]
    """The spans of the original text that ``decided`` came from, in the same order."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The output, the half-open byte ranges of it that are replacements (ascending), and the parts that changed."""

    content: bytes = field(repr=False)
    replaced: tuple[tuple[int, int], ...]
    parts: tuple[RenderedPart, ...]


def render(document: Document, decisions: Sequence[Decision]) -> Rendered:
    """Carries out ``decisions``. Raises Unsafe when two of them overlap or one names no place."""
    replacements = sorted(splices(document, edits(document, decisions)))
    content = apply_splices(document.source, replacements)
    return Rendered(content, tuple(_ranges(replacements)), tuple(_parts(document, decisions)))


def _ranges(replacements: Iterable[Splice]) -> Iterable[tuple[int, int]]:
    shift = 0
    for start, end, replacement in replacements:
        yield start + shift, start + shift + len(replacement)
        shift += len(replacement) - (end - start)


def _parts(document: Document, decisions: Iterable[Decision]) -> Iterable[RenderedPart]:
    parts = {part.locator: part for part in document.parts}
    by_part: dict[str, list[Decision]] = {}
    for decision in decisions:
        if decision.locator in parts:
            by_part.setdefault(decision.locator, []).append(decision)
    for locator, of_part in by_part.items():
        if any(decision.method is not _KEEP for decision in of_part):
            yield _rendered_part(parts[locator], of_part)


def _rendered_part(part: Part, decisions: Sequence[Decision]) -> RenderedPart:
    out: list[str] = []
    decided: list[Span] = []
    origin: list[Span] = []
    position = length = 0
    for span, text in sorted(_replacements(part, decisions).items()):
        out += (part.text[position : span.start], text)
        length += span.start - position
        decided.append(Span(length, length + len(text)))
        origin.append(span)
        length += len(text)
        position = span.end
    out.append(part.text[position:])
    return RenderedPart(part, "".join(out), tuple(decided), tuple(origin))


def _replacements(part: Part, decisions: Iterable[Decision]) -> Mapping[Span, str]:
    out: dict[Span, str] = {}
    for decision in decisions:
        span = decision.span or Span(0, len(part.text))
        kept = decision.method is _KEEP
        out[span] = part.text[span.start : span.end] if kept else decision.replacement or ""
    return out
