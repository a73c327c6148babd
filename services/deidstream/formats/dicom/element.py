"""Data elements as byte ranges (PS3.5, 7.1), and what the data dictionary says of their tags (PS3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from pydicom.datadict import dictionary_has_tag, get_entry

__all__ = ["LONG", "OFFSETS", "PIXELS", "TEXTS", "VRS", "Element", "Entry", "Item", "dictionary", "is_private"]

LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
"""Value representations whose explicit length takes four bytes (PS3.5, 7.1.2)."""
TEXTS = frozenset({"LO", "SH", "PN", "LT", "ST", "UT", "UC"})
"""Those in the character set of the data set (PS3.5, 6.1.2.2)."""
STRINGS = TEXTS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
PIXELS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
"""FloatPixelData, DoubleFloatPixelData, PixelData."""
OFFSETS = frozenset({0x7FE00001, 0x7FE00002, 0x7FE00003})
"""Extended Offset Table, its lengths, and the length of the value (PS3.3, C.7.6.3.1.8)."""
VRS = LONG | STRINGS | {"AT", "FL", "FD", "SL", "SS", "UL", "US"}


@dataclass(slots=True)
class Item:
    """One item of a sequence: the bytes ``[start, end)``, delimiter included; ``value`` is where its elements begin."""

    start: int
    value: int
    end: int
    undefined: bool
    elements: list[Element] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class Element:
    """One data element: tag at ``start``, value at ``[value, end)``. Its length stands at ``length_at``, in ``length_size`` bytes.

    ``vr`` is what its value is read as. ``items`` where it is a sequence. Of ``undefined`` length, it ends behind its delimiter.
    """

    path: str
    tag: int
    vr: str
    start: int
    value: int
    end: int
    length_at: int
    length_size: int
    undefined: bool = False
    items: list[Item] | None = field(default=None, repr=False)

    @property
    def keyword(self) -> str:
        """The last step of the path: keyword, or the tag in parentheses."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Entry:
    """``known``: whether the data dictionary has the tag. ``step``: its keyword, else its tag in parentheses; of repeating groups
    and elements both."""

    step: str
    vr: str
    known: bool


def is_private(tag: int) -> bool:
    """Whether the group number is odd (PS3.5, 7.8)."""
    return bool(tag >> 16 & 1)


@lru_cache(maxsize=8192)
def dictionary(tag: int) -> Entry:
    """The entry of ``tag``; of several VRs that it may have, the one that every value of it can be read as."""
    step = f"({tag >> 16:04x},{tag & 0xFFFF:04x})"
    if is_private(tag):
        return Entry(step, "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN", False)
    if tag & 0xFFFF == 0:
        return Entry(step, "UL", True)
    try:
        vr, _, _, _, keyword = get_entry(tag)
    except KeyError:
        return Entry(step, "UN", False)
    if not dictionary_has_tag(tag):  # one of many that repeat it: two elements of one path would hide one another
        keyword = f"{keyword}{step}" if keyword else step
    vrs = vr.split(" or ")
    return Entry(keyword or step, "OW" if "OW" in vrs else vrs[0], True)
