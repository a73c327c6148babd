"""JSON with spans: one document a line (``.jsonl``), or all of a file in one list (``.json``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deidstream.cli.evaluate.corpora import files
from deidstream.cli.evaluate.corpora.scheme import Scheme
from deidstream.core.category import Category, Role
from deidstream.core.errors import Malformed
from deidstream.core.span import Span
from deidstream.core.subject import Known
from deidstream.evaluation.annotated import Annotated, Gold

__all__ = ["read"]

_Json = Any  # what JSON holds
_NAMES = {name: name for name in ("id", "text", "spans", "language", "patient", "known", "start", "end", "label")}
"""What a scheme need not say."""


def read(path: Path, scheme: Scheme) -> Iterator[Annotated]:
    """The documents in the order of files and lines.

    ``fields`` of the scheme: ``id``, ``text``, ``spans``, ``language``, ``patient``, ``known`` of a document; ``start``, ``end``,
    ``label``, ``value``, ``kind`` of a span (without offsets it lies where its value stands, once; a kind makes the label
    ``LABEL/KIND`` where the scheme has that); ``kept``, lists of spans that identify nobody, separated by blanks; ``records``, the
    list in a ``.json`` file. A span may be a list of start, end and label. A document may say of itself ``"hard_negative": true``.
    Raises Malformed.
    """
    names = _NAMES | dict(scheme.fields)
    for file in files.found(path, scheme.files or ("*.jsonl", "*.json")):
        for number, record in _records(file, names.get("records", "")):
            yield _document(record, names, scheme, f"{file}:{number}")


def _records(file: Path, key: str) -> Iterator[tuple[int, _Json]]:
    """With the number of the line, or of the record where a file is one value."""
    content = files.text(file)
    if file.suffix == ".json":
        whole = _parsed(content, str(file), 0)
        records = _at(whole, key) if key else whole
        if not isinstance(records, list):
            raise Malformed("no-records", str(file), f"a list is expected at {key or 'the top'}")
        yield from enumerate(records, 1)
        return
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            yield number, _parsed(line, str(file), number)


def _parsed(content: str, file: str, line: int) -> _Json:
    try:
        return json.loads(content)
    except (json.JSONDecodeError, RecursionError) as error:
        where = line or getattr(error, "lineno", 1)
        raise Malformed("not-json", f"{file}:{where}") from None


def _document(record: _Json, names: Mapping[str, str], scheme: Scheme, place: str) -> Annotated:
    text = _at(record, names["text"])
    spans = _at(record, names["spans"])
    if not isinstance(text, str) or not isinstance(spans, list):
        raise Malformed("no-document", place, f"a text at {names['text']} and a list at {names['spans']} are expected")
    gold: list[Gold] = []
    kept = [
        _span(one, names, text, place) for where in names.get("kept", "").split() for one in _at(record, where) or ()
    ]
    for one in (_named(each, names) for each in spans):
        span = _span(one, names, text, place)
        marked = scheme.gold(_label(one, names, scheme, place), span, place)
        if marked is None:
            kept.append(span)
        else:
            gold.append(marked)
    return Annotated(
        str(_at(record, names["id"]) or place.rpartition(":")[2]),
        scheme.name,
        text,
        tuple(gold),
        str(_at(record, names["language"]) or scheme.language),
        str(_at(record, names["patient"]) or ""),
        (scheme.hard_negatives and not gold) or _at(record, "hard_negative") is True,
        tuple(kept),
        scheme.unmarked,
        tuple(_known(one, place) for one in _at(record, names["known"]) or ()),
    )


def _named(one: _Json, names: Mapping[str, str]) -> _Json:
    """A span that ``synthesise`` wrote is a list."""
    is_list = isinstance(one, list) and len(one) == 3
    return dict(zip((names["start"], names["end"], names["label"]), one, strict=True)) if is_list else one


def _span(one: _Json, names: Mapping[str, str], text: str, place: str) -> Span:
    start, end = _at(one, names["start"]), _at(one, names["end"])
    repeated = _at(one, names["value"]) if "value" in names else None
    if start is None and isinstance(repeated, str) and repeated and text.count(repeated) == 1:
        return Span(text.index(repeated), text.index(repeated) + len(repeated))
    if type(start) is not int or type(end) is not int:
        raise Malformed("bad-span", place, f"whole numbers at {names['start']} and {names['end']} are expected")
    if not 0 <= start < end <= len(text):
        raise Malformed("span-outside-text", place)
    if repeated is not None and repeated != text[start:end]:
        raise Malformed("span-text-differs", place, "offsets are code points, from 0, the end not included")
    return Span(start, end)


def _label(one: _Json, names: Mapping[str, str], scheme: Scheme, place: str) -> str:
    label = _at(one, names["label"])
    if not isinstance(label, str):
        raise Malformed("bad-span", place, f"a label at {names['label']} is expected")
    kind = f"{label}/{_at(one, names['kind'])}" if "kind" in names else label
    return kind if kind in scheme.labels else label


def _known(one: _Json, place: str) -> Known:
    try:
        return Known(
            Category(one["category"]),
            Role(one.get("role", "patient")),
            str(one["form"]),
            str(one["value"]),
            str(one.get("group", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Malformed("bad-known", place, "category, form and value are needed, role and group may be") from None


def _at(value: _Json, where: str) -> _Json:
    for name in where.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
