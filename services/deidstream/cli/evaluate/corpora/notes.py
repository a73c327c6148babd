"""Notes in CSV files, without spans: to see what a detector spoils, and what the identity layer does with a known subject."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

from deidstream.cli.evaluate.corpora import files
from deidstream.cli.evaluate.corpora.scheme import Scheme
from deidstream.core.category import Category, Role
from deidstream.core.errors import Malformed
from deidstream.core.subject import Known
from deidstream.evaluation.annotated import Annotated

__all__ = ["read"]

_BESIDE = "_metadata.csv"
_Row = Mapping[str, str]


def read(path: Path, scheme: Scheme) -> Iterator[Annotated]:
    """One document for each row and each of the columns ``fields.text``; empty ones are left out.

    ``fields``: ``id`` and ``text`` (columns, those of several kinds of files separated by blanks: those that a file has count), and
    of ``NAME_metadata.csv`` beside ``NAME.csv``, joined by ``id``: ``given``, ``family``, ``clinician``. Raises Malformed.
    """
    csv.field_size_limit(1 << 24)
    for file in files.found(path, scheme.files or ("*.csv",)):
        if file.name.endswith(_BESIDE):
            continue
        subjects = _subjects(file.with_name(file.stem + _BESIDE), scheme)
        for line, row in _rows(file):
            name = _first(row, scheme.fields.get("id", "id"), f"{file}:{line}")
            columns = [column for column in scheme.fields.get("text", "text").split() if column in row]
            if not columns:
                raise Malformed("no-text", f"{file}:1", "none of the scheme's columns of text is there")
            for column in columns:
                if row[column].strip():
                    yield Annotated(
                        f"{files.relative(file, path)}#{name}/{column}",
                        scheme.name,
                        row[column],
                        (),
                        scheme.language,
                        name if name in subjects else "",
                        unmarked=scheme.unmarked,
                        known=subjects.get(name, ()),
                    )


def _rows(file: Path) -> Iterator[tuple[int, _Row]]:
    reader = csv.DictReader(io.StringIO(files.text(file), newline=""), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise Malformed(
                    "bad-row", f"{file}:{reader.line_num}", "as many cells as the first line has are expected"
                )
            yield reader.line_num, row
    except csv.Error:
        raise Malformed("not-csv", f"{file}:{reader.line_num}") from None


def _subjects(file: Path, scheme: Scheme) -> dict[str, tuple[Known, ...]]:
    """By id, what is known of each."""
    if not file.is_file():
        return {}
    rows = {_first(row, scheme.fields.get("id", "id"), f"{file}:{line}"): row for line, row in _rows(file)}
    return {name: tuple(_known(row, scheme.fields)) for name, row in rows.items()}


def _known(row: _Row, fields: Mapping[str, str]) -> Iterator[Known]:
    for form in ("family", "given"):
        if value := row.get(fields.get(form, ""), "").strip():
            yield Known(Category.NAME, Role.PATIENT, form, value, "1")
    if value := row.get(fields.get("clinician", ""), "").strip():
        yield Known(Category.NAME, Role.CLINICIAN, "family", value.split()[-1], "2")


def _first(row: _Row, columns: str, place: str) -> str:
    found = next((row[column] for column in columns.split() if row.get(column)), "")
    if not found:
        raise Malformed("no-id", place, f"a value in {columns} is expected")
    return found
