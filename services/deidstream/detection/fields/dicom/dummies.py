"""Dummy values (PS3.15, E.1.1: "not zero length, consistent with the VR, and saying nothing")."""

from __future__ import annotations

__all__ = ["dummy"]

_BY_VR = {
    "AE": "DEIDENTIFIED",
    "AS": "000D",
    "CS": "DEIDENTIFIED",
    "DA": "19000101",
    "DT": "19000101000000",
    "PN": "Deidentified",
    "TM": "000000",
    "UI": "2.25.0",
    "UR": "urn:deidentified",
    **dict.fromkeys(("LO", "LT", "SH", "ST", "UC", "UT"), "DEIDENTIFIED"),
}
_NUMERALS = frozenset({"DS", "IS"})
_SIZES = {
    **dict.fromkeys(("OB", "OW", "SS", "UN", "US"), 2),
    **dict.fromkeys(("AT", "FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
"""Bytes of one binary value (PS3.5, 6.2); of OB, OW and UN the least that is of even length."""
_COUNTED = frozenset({"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_MOST = 64


def dummy(vr: str, length: int = 0, values: int = 1) -> str:
    """The dummy of ``vr``. Numbers are 0, as many as there were: of ``values``, or in ``length`` bytes (64 at most)."""
    if vr in _NUMERALS:
        return "\\".join(["0"] * min(values, _MOST))
    size = _SIZES.get(vr)
    if size is None:
        return _BY_VR.get(vr, "")
    count = min(max(length // size, 1), _MOST) if vr in _COUNTED else 1
    return "\0" * size * count
