"""How long one value of a VR may be (PS3.5, 6.2): characters, without the bytes of code extensions."""

from __future__ import annotations

__all__ = ["fitted"]

_LONGEST = {"AE": 16, "CS": 16, "LO": 64, "LT": 10240, "SH": 16, "ST": 1024}
_GROUP = 64
"""Characters of one component group of a person name (PS3.5, 6.2.1)."""
_SOLE = frozenset({"LT", "ST"})


def fitted(text: str, vr: str) -> str:
    """``text`` with every value cut to the longest that ``vr`` may have; dates, numbers and UIDs as they are."""
    if vr == "PN":
        return "\\".join("=".join(group[:_GROUP] for group in value.split("=")) for value in text.split("\\"))
    longest = _LONGEST.get(vr, len(text))
    if len(text) <= longest or vr in _SOLE:
        return text[:longest]
    return "\\".join(value[:longest] for value in text.split("\\"))
