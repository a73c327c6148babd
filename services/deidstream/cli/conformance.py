"""The conformance statement to the confidentiality profiles of PS3.15, Annex E, under one policy."""

from __future__ import annotations

from collections.abc import Iterator

from deidstream.core.policy import Policy
from deidstream.detection.fields.dicom.profile import SAFE_PRIVATE, Action, action
from deidstream.detection.fields.dicom.safe_private import EDITION, SAFE
from deidstream.detection.fields.dicom.table import CODES, EDITIONS, OPTIONS, Row, rows
from deidstream.formats.dicom.element import dictionary

__all__ = ["statement"]

_MEANS = {
    Action.REMOVE: "removed",
    Action.EMPTY: "replaced with zero length, or with a surrogate",
    Action.DUMMY: "replaced with a surrogate, or with a dummy",
    Action.REMAP: "UIDs mapped to 2.25., the same one everywhere; sequences kept",
    Action.CLEAN: "cleaned",
    Action.KEEP: "kept",
}
_HEAD = """# DICOM conformance statement: de-identification

Policy `{policy.name}`, version {policy.version}. Table E.1-1 of PS3.15, editions {editions}.

## Profile and options

| code | name | |
|---|---|---|
"""
_NOTES = """
Clean Pixel Data (113101): with `examine`, of each instance with pictures; then BurnedInAnnotation (0028,0301) is NO. Clean
Recognizable Visual Features (113102): `{policy.dicom.of_heads}`; of tomography from which a face was removed,
RecognizableVisualFeatures (0028,0302) is then NO. Clean Graphics (113103): overlays that were examined with the pixels stay, less
what identifies somebody, without their texts; texts of annotations are cleaned, lines that may be letters are dummies. Without it
overlays are removed, and annotations dummies. Curves are removed. Instances with pixel data: `{policy.dicom.pixels}`; encapsulated
documents, audio and directories are never released.

Types of attributes in IODs are not consulted: X/Z is done as Z; X/D, Z/D and X/Z/D as D; X/Z/U* as U. PatientIdentityRemoved
(0012,0062), DeidentificationMethod (0012,0063), its code sequence (0012,0064) and LongitudinalTemporalInformationModified
(0028,0303) are written; file meta information is written anew and the preamble cleared. Private attributes are
removed{private}.

Attributes that the table does not list are kept, but for: names (D), dates and times (as those that it lists), UIDs of
instances (U), free text (cleaned, or emptied without Clean Descriptors), and tags that are in no data dictionary (X).

## Attributes

| tag | attribute | basic profile | options | done | |
|---|---|---|---|---|---|
"""


def statement(policy: Policy) -> str:
    """Markdown, a line an attribute of the table."""
    chosen = policy.dicom.options
    lines = [_HEAD.format(policy=policy, editions=EDITIONS)]
    lines.append(f"| {CODES[0]} | {CODES[1]} | applied |\n")
    for name, option in OPTIONS.items():
        lines.append(f"| {option.code} | {option.meaning} | {'applied' if name in chosen else 'available'} |\n")
    safe = SAFE_PRIVATE in chosen
    private = f", except {sum(map(len, SAFE.values()))} of table E.3.10-1 (edition {EDITION})" if safe else ""
    lines.append(_NOTES.format(policy=policy, private=private))
    return "".join((*lines, *_attributes(chosen)))


def _attributes(chosen: tuple[str, ...]) -> Iterator[str]:
    for row in rows():
        done = _done(row, chosen)
        options = ", ".join(f"{OPTIONS[name].code} {code}" for name, code in row.options.items())
        yield f"| {_written(row.tag)} | {row.name} | {row.basic} | {options} | {done} | {_MEANS[done]} |\n"


def _done(row: Row, chosen: tuple[str, ...]) -> Action:
    """As the code does it for the VR of the data dictionary."""
    if not row.tag.isalnum() or "x" in row.tag:
        return Action.REMOVE
    tag = int(row.tag, 16)
    found = action(tag, dictionary(tag).vr, chosen)
    assert found is not None
    return found


def _written(tag: str) -> str:
    return f"({tag[:4].upper()},{tag[4:8].upper()})" if tag[:8].isalnum() and len(tag) == 8 else "private"
