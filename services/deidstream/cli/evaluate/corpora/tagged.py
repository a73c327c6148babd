"""Queries and the identifiers in them by value, without offsets, as ASQ-PHI writes them.

A text between ``===QUERY===`` and ``===PHI_TAGS===``, after it one JSON object a line: ``identifier_type`` and ``value``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from deidstream.cli.evaluate.corpora import files
from deidstream.cli.evaluate.corpora.scheme import Scheme
from deidstream.core.errors import Malformed
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold

__all__ = ["read"]

_QUERY, _TAGS = "===QUERY===", "===PHI_TAGS==="
_STRAIGHT = str.maketrans("‘’“”", "''\"\"")
"""The tags are written with plain quotes, some texts are not. One code point for one: offsets stay."""


def read(path: Path, scheme: Scheme) -> Iterator[Annotated]:
    """One document a query, numbered from 1 within its file. Every occurrence of a value is a span.

    Raises Malformed where a tag is not readable or its value does not stand in the query.
    """
    for file in files.found(path, scheme.files or ("*.txt",)):
        for number, (line, block) in enumerate(_blocks(files.text(file).splitlines(), str(file)), 1):
            yield _document(f"{files.relative(file, path)}#{number}", scheme, f"{file}", line, block)


def _blocks(lines: list[str], file: str) -> Iterator[tuple[int, list[str]]]:
    """Each query's lines with the number of their first."""
    starts = [number for number, line in enumerate(lines) if line == _QUERY]
    if any(line.strip() for line in lines[: starts[0] if starts else None]):
        raise Malformed("not-a-query", f"{file}:1", f"{_QUERY} is expected")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start + 2, lines[start + 1 : end]


def _document(name: str, scheme: Scheme, file: str, first: int, block: list[str]) -> Annotated:
    if _TAGS not in block:
        raise Malformed("not-a-query", f"{file}:{first}", f"{_TAGS} is missing")
    at = block.index(_TAGS)
    text = "\n".join(block[:at]).strip()
    gold: list[Gold] = []
    for number, line in enumerate(block[at + 1 :], first + at + 1):
        if line.strip():
            gold += _marked(line, text, scheme, f"{file}:{number}")
    return Annotated(
        name,
        scheme.name,
        text,
        tuple(gold),
        scheme.language,
        hard_negative=scheme.hard_negatives and not gold,
        unmarked=scheme.unmarked,
    )


def _marked(line: str, text: str, scheme: Scheme, place: str) -> list[Gold]:
    try:
        tag = json.loads(line)
        label, value = str(tag["identifier_type"]), str(tag["value"]).strip().translate(_STRAIGHT)
    except (ValueError, KeyError, TypeError):
        raise Malformed("bad-tag", place, "an object with identifier_type and value is expected") from None
    plain = text.translate(_STRAIGHT)
    spans = [Span(*found.span()) for found in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", plain)] if value else []
    if value and not spans and (at := plain.find(value)) >= 0:
        spans = [Span(at, at + len(value))]
    if not spans:
        raise Malformed("value-not-in-text", place)
    return [one for span in spans if (one := scheme.gold(label, span, place)) is not None]
