"""The layer: what is known about the subjects of a case, looked for in all its parts at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span
from deidstream.core.subject import Known, Subject
from deidstream.detection.text.identity import numbers, people, phrases
from deidstream.detection.text.identity.lexicon import Lexicon, Said, compiled, together
from deidstream.detection.text.identity.ordinary import unmistakable
from deidstream.detection.text.identity.page import Mark, Page
from deidstream.detection.text.identity.shapes import VARIANT, Shape, shape

__all__ = ["Identity"]

_DETECTOR = "text.identity/1"
_LEXICONS = 256
"""As many as a batch has cases: the writer looks for the same subjects again."""
_SHAPES = 4096


class Identity:
    """Finds the subjects' own data. Keeps what it compiled, within bounds; not thread-safe: one a worker."""

    def __init__(self) -> None:
        self._lexicons: OrderedDict[tuple[int, str, int], tuple[tuple[Known, ...], Lexicon]] = OrderedDict()
        self._shapes: OrderedDict[tuple[str, str, str], Shape] = OrderedDict()

    def find(self, parts: Sequence[Part], subjects: Sequence[Subject]) -> list[list[Finding]]:
        """The findings of each part, aligned with ``parts``; every subject of the case is looked for in every part.

        ``canonical`` is the known value, with the pieces of a name in the order of the text; for dates it is empty, as a date
        reads as itself. Scores: 0.99 as known, 0.95 a variant, 0.85 a typing error.
        """
        out: list[list[Finding]] = [[] for _ in parts]
        if not parts or not any(subject.known for subject in subjects):
            return out
        lexicon = self._lexicon(subjects)
        page = Page(parts)
        for finding, part in _found(page, lexicon):
            out[part].append(finding)
        return out

    def _lexicon(self, subjects: Sequence[Subject]) -> Lexicon:
        made: list[Lexicon] = []
        for number, subject in enumerate(subjects):
            known = subject.known
            at = len(known)
            while at and known[at - 1].is_passing:
                at -= 1
            made.append(self._remembered(number, subject, known[:at]))
            if at < len(known):
                made.append(compiled(number, known[at:], self._shape))
        return together(made)

    def _remembered(self, number: int, subject: Subject, known: tuple[Known, ...]) -> Lexicon:
        """Of what is not said in passing: that changes with the subject's revision only."""
        key = (number, subject.id, subject.revision)
        have = self._lexicons.get(key)
        if have is not None and have[0] == known:
            self._lexicons.move_to_end(key)
            return have[1]
        made = compiled(number, known, self._shape)
        self._lexicons[key] = known, made
        while len(self._lexicons) > _LEXICONS:
            self._lexicons.popitem(last=False)
        return made

    def _shape(self, known: Known) -> Shape:
        key = (known.category, known.form, known.value)
        made = self._shapes.get(key)
        if made is None:
            made = self._shapes[key] = shape(known)
            while len(self._shapes) > _SHAPES:
                self._shapes.popitem(last=False)
        return made


def _found(page: Page, lexicon: Lexicon) -> Iterator[tuple[Finding, int]]:
    tokens = page.short_tokens()
    matched = tokens & lexicon.words
    left = tokens - matched
    near = lexicon.near(left - unmistakable(left))
    if matched or near:
        terms = lexicon.terms(matched.union(*near.values()))
        for found in people.find(page, terms, matched, near):
            yield _finding(page, found.mark, found.said, found.score, found.form, found.canonical)
        for place in phrases.find(page, terms, matched, near):
            yield _finding(page, place.mark, place.said, place.score)
    for number in numbers.find(page, lexicon, tokens):
        if number.form:
            yield _dated(page, number)
        else:
            yield _finding(page, number.mark, number.said, number.score)
    if lexicon.raw:
        yield from _raw(page, lexicon)


def _finding(
    page: Page, mark: Mark, said: Said, score: float, form: str = "", canonical: str | None = None
) -> tuple[Finding, int]:
    number = page.text_of(mark[0])
    known = said.known
    return (
        Finding(
            page.parts[number].locator,
            Span(*page.folded.span(number, *mark)),
            known.category,
            score,
            _DETECTOR,
            known.role,
            form or known.form,
            said.subject,
            known.value if canonical is None else canonical,
        ),
        number,
    )


def _dated(page: Page, found: numbers.Number) -> tuple[Finding, int]:
    language = page.parts[page.text_of(found.mark[0])].language[:2]
    return _finding(page, found.mark, found.said, found.score, f"text.{language}" if language else "text", "")


def _raw(page: Page, lexicon: Lexicon) -> Iterator[tuple[Finding, int]]:
    for number, part in enumerate(page.parts):
        if part.text.isascii():
            continue
        for text, said in lexicon.raw:
            known = said.known
            at = part.text.find(text)
            while at >= 0:
                span = Span(at, at + len(text))
                yield (
                    Finding(
                        part.locator,
                        span,
                        known.category,
                        VARIANT,
                        _DETECTOR,
                        known.role,
                        known.form,
                        said.subject,
                        text,
                    ),
                    number,
                )
                at = part.text.find(text, span.end)
