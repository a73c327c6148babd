"""brat standoff: ``NAME.txt`` and beside it ``NAME.ann`` (https://brat.nlplab.org/standoff.html)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deidstream.cli.evaluate.corpora import files
from deidstream.cli.evaluate.corpora.scheme import Scheme
from deidstream.core.errors import Malformed
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold

__all__ = ["read"]

_TEXT_BOUND = "T"
_HINT = "a text-bound annotation is: id, tab, label and offsets, tab, text"


def read(path: Path, scheme: Scheme) -> Iterator[Annotated]:
    """One document for each ``.ann`` file, by name. Of a discontinuous annotation each fragment is a span.

    Other annotations (relations, events, attributes, notes) say nothing about what identifies. Raises Malformed where a line breaks
    the format, or where the offsets are not those of the text that the line repeats.
    """
    for file in files.found(path, ("*.ann",)):
        beside = file.with_suffix(".txt")
        if not beside.is_file():
            raise Malformed("no-text", str(file), "its .txt file is missing")
        text = files.text(beside)
        gold: list[Gold] = []
        kept: list[Span] = []
        for number, line in enumerate(files.text(file).splitlines(), 1):
            if line.startswith(_TEXT_BOUND):
                _annotation(line, text, scheme, f"{file}:{number}", gold, kept)
        yield Annotated(
            files.relative(file, path),
            scheme.name,
            text,
            tuple(gold),
            scheme.language,
            hard_negative=scheme.hard_negatives and not gold,
            kept=tuple(kept),
            unmarked=scheme.unmarked,
        )


def _annotation(line: str, text: str, scheme: Scheme, place: str, gold: list[Gold], kept: list[Span]) -> None:
    label, spans, repeated = _parsed(line, place)
    if any(not 0 <= span.start < span.end <= len(text) for span in spans):
        raise Malformed("span-outside-text", place)
    if " ".join(text[start:end] for start, end in spans).split() != repeated.split():
        raise Malformed("span-text-differs", place, "offsets are code points of the .txt file, line ends included")
    for span in spans:
        one = scheme.gold(label, span, place)
        if one is None:
            kept.append(span)
        else:
            gold.append(one)


def _parsed(line: str, place: str) -> tuple[str, list[Span], str]:
    try:
        _, middle, repeated = line.split("\t", 2)
        label, offsets = middle.split(" ", 1)
        pairs = [fragment.split(" ") for fragment in offsets.split(";")]
        return label, [Span(int(start), int(end)) for start, end in pairs], repeated
    except ValueError:
        raise Malformed("bad-standoff", place, _HINT) from None
