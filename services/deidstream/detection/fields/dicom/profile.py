"""The action that the profile asks for, for each element of an instance: PS3.15, E.1 to E.3.

Which type an attribute has in its IOD nobody asks: a compound action becomes the one of its parts that is safe and leaves a
valid instance whatever the type is (``Z/D``, ``X/D`` and ``X/Z/D``: D; ``X/Z``: Z; ``X/Z/U*``: U). What the table does not list
is kept, with these exceptions, which it leaves to the implementation: names of persons (D), dates and times (as dates of the
table), unique identifiers of instances (U), free text (emptied, or cleaned under Clean Descriptors; single lines are cleaned
under any), tags that the data dictionary does not know, bytes that can be nothing else, and all of the groups of pixels but the
pixels and what says where their frames are (X).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache

from deidstream.detection.fields.dicom.graphics import CLEAN_GRAPHICS, UNFORMATTED_TEXT
from deidstream.detection.fields.dicom.table import Row, row_of
from deidstream.formats.dicom.element import OFFSETS, PIXELS, dictionary, is_private

__all__ = ["DATES", "FULL_DATES", "MODIFIED_DATES", "SAFE_PRIVATE", "Action", "action", "is_listed", "may_differ"]

DATES = frozenset({"DA", "DT", "TM"})
FULL_DATES, MODIFIED_DATES = "retain-longitudinal-temporal-full-dates", "retain-longitudinal-temporal-modified-dates"
SAFE_PRIVATE = "retain-safe-private"
_CLEAN = "clean-descriptors"


class Action(StrEnum):
    """The action codes of table E.1-1."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    REMAP = "U"
    CLEAN = "C"
    KEEP = "K"


_RESOLVED = {
    "X": Action.REMOVE,
    "Z": Action.EMPTY,
    "D": Action.DUMMY,
    "U": Action.REMAP,
    "X/Z": Action.EMPTY,
    "Z/D": Action.DUMMY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z/U*": Action.REMAP,
}
_FIRST = 0x0008
"""Lower groups are of messages, files and directories (PS3.5, 7.1): in a data set they have no meaning."""
_OVERLAYS = 0x60
"""The groups of overlays begin with it."""
_PIXEL_GROUPS = 0x7F
"""With it begin the groups of pixels, among them retired ones that hold words in any form."""
_PIXEL_DATA = PIXELS | OFFSETS
_SINGLE_LINES = frozenset({"LO", "SH", "UC"})
_CLASSES = (
    "SOPClassUID",
    "TransferSyntaxUID",
    "CodingSchemeUID",
    "ContextUID",
    "MappingResourceUID",
    "ContextGroupExtensionCreatorUID",
)


@lru_cache(maxsize=16384)
def action(tag: int, vr: str, options: tuple[str, ...]) -> Action | None:
    """What becomes of the attribute; None: nothing, it is kept. Safe private ones: see ``private``; overlays: ``graphics``."""
    row = row_of(tag)
    if row is None:
        return _unlisted(tag, vr, options)
    asked = {row.options[option] for option in options if option in row.options}
    if is_private(tag) or tag >> 24 == _OVERLAYS:
        return Action.REMOVE
    if tag == UNFORMATTED_TEXT and CLEAN_GRAPHICS in options:
        return Action.CLEAN  # it stands in annotations alone, which the option has cleaned
    if "C" in asked:
        return _cleaned(row, vr, options)
    return Action.KEEP if asked else _RESOLVED[row.basic]


def _cleaned(row: Row, vr: str, options: Iterable[str]) -> Action:
    """C: texts and dates can be cleaned, and sequences through what lies in them. What is none of these: as without the option."""
    if vr in DATES:
        return Action.CLEAN if MODIFIED_DATES in options else _RESOLVED[row.basic]
    return Action.CLEAN if vr in ("SQ", "LO", "SH", "LT", "ST", "UT", "UC") else _RESOLVED[row.basic]


def _unlisted(tag: int, vr: str, options: Iterable[str]) -> Action | None:
    entry = dictionary(tag)
    if not entry.known or tag >> 16 < _FIRST:
        return Action.REMOVE
    if tag >> 24 == _PIXEL_GROUPS and tag not in _PIXEL_DATA and tag & 0xFFFF:
        return Action.REMOVE
    if vr == "PN":
        return Action.DUMMY
    if vr == "UI":
        return None if entry.step.endswith(_CLASSES) or "retain-uids" in options else Action.REMAP
    if vr in DATES:
        return Action.KEEP if FULL_DATES in options else Action.CLEAN if MODIFIED_DATES in options else Action.DUMMY
    if vr in ("LT", "ST", "UT"):
        return Action.CLEAN if _CLEAN in options else Action.EMPTY
    if vr in _SINGLE_LINES:
        return Action.CLEAN
    # Bytes of a form that nobody knows: no pixels, no tables, no waveforms, which may be words as well.
    return Action.REMOVE if vr in ("UR", "UN", "AE") or entry.vr == "OB" else None


@lru_cache(maxsize=16384)
def may_differ(tag: int, vr: str) -> bool:
    """Whether some options ask for something to be done with the attribute."""
    return action(tag, vr, ()) not in (None, Action.KEEP, Action.CLEAN)


def is_listed(tag: int) -> bool:
    """Whether the table has a row for it."""
    return row_of(tag) is not None
