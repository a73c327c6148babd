"""Pseudonyms and offsets that a project brings from an earlier system, from a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.core.errors import Misconfigured

__all__ = ["ImportedPseudonyms", "parse", "read"]

_COLUMNS = {"project", "identifier", "subject", "pseudonym", "offset_days"}


@dataclass(frozen=True, slots=True)
class ImportedPseudonyms:
    """What one project brought. Identifiers and pseudonyms are content: never printed."""

    pseudonyms: dict[str, str] = field(default_factory=dict, repr=False)
    originals: dict[str, str] = field(default_factory=dict, repr=False)
    offsets: dict[str, int] = field(default_factory=dict, repr=False)

    def pseudonym(self, identifier: str) -> str | None:
        """The pseudonym of an identifier, None where it has none."""
        return self.pseudonyms.get(identifier)

    def original(self, pseudonym: str) -> str | None:
        """The identifier that has this pseudonym."""
        return self.originals.get(pseudonym)

    def offset(self, keys: tuple[str, ...]) -> int | None:
        """The days by which the subject with one of these identifiers moves."""
        return next((self.offsets[key] for key in keys if key in self.offsets), None)


def read(path: Path, project: str) -> ImportedPseudonyms:
    """The rows for ``project`` (or without one). Columns: project, identifier (or subject), pseudonym, offset_days.

    Raises Misconfigured with ``file:line`` and no content: unknown columns, an offset that is no number or 0, an identifier with
    two pseudonyms or offsets, a pseudonym that two identifiers share.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("pseudonyms-unreadable", str(path), type(error).__name__) from None
    return parse(text, project, str(path))


def parse(text: str, project: str, place: str, into: ImportedPseudonyms | None = None) -> ImportedPseudonyms:
    """The same from the text of such a file, which ``place`` names; added to ``into``, which it may not contradict."""
    try:
        return _parsed(csv.DictReader(io.StringIO(text, newline="")), place, project, into or ImportedPseudonyms())
    except csv.Error:
        raise Misconfigured("pseudonyms-unreadable", place, "not CSV") from None


def _parsed(rows: csv.DictReader[str], place: str, project: str, found: ImportedPseudonyms) -> ImportedPseudonyms:
    names = {name.strip() for name in rows.fieldnames or ()}
    if names - _COLUMNS or not names & {"identifier", "subject"}:
        raise Misconfigured("pseudonyms-invalid", f"{place}:1", f"the columns are: {', '.join(sorted(_COLUMNS))}")
    for row in rows:
        values = {key.strip(): (value or "").strip() for key, value in row.items() if key}
        if values.get("project", project) not in {"", project}:
            continue
        _add(found, values, f"{place}:{rows.line_num}")
    return found


def _add(found: ImportedPseudonyms, row: dict[str, str], place: str) -> None:
    identifier = row.get("identifier") or row.get("subject") or ""
    pseudonym, days = row.get("pseudonym", ""), row.get("offset_days", "")
    if not identifier:
        raise Misconfigured("pseudonyms-invalid", place, "an identifier is missing")
    if pseudonym:
        known = found.originals.setdefault(pseudonym, identifier) != identifier
        if known or found.pseudonyms.setdefault(identifier, pseudonym) != pseudonym:
            raise Misconfigured(
                "pseudonyms-invalid", place, "an identifier and a pseudonym belong to one another alone"
            )
    if days:
        offset = _offset(days, place)
        if found.offsets.setdefault(identifier, offset) != offset:
            raise Misconfigured("pseudonyms-invalid", place, "an identifier has two offsets")


def _offset(text: str, place: str) -> int:
    try:
        days = int(text)
    except ValueError:
        raise Misconfigured("pseudonyms-invalid", place, "offset_days is a whole number") from None
    if days == 0:
        raise Misconfigured("pseudonyms-invalid", place, "offset_days may not be 0")
    return days
