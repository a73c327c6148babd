"""Dummy values (PS3.15, E.1.1: "not zero length, consistent with the VR, and saying nothing")."""

from __future__ import annotations

__all__ = ["dummy"]

_BY_VR = {
    "AE": "DEIDENTIFIED",
    "AS": "000D",
    "CS": "DEIDENTIFIED",
    "DA": "19000101",
    "DS": "0",
    "DT": "19000101000000",
    "IS": "0",
    "PN": "Deidentified",
    "TM": "000000",
    "UI": "2.25.0",
    "UR": "urn:deidentified",
    **dict.fromkeys(("LO", "LT", "SH", "ST", "UC", "UT"), "DEIDENTIFIED"),
    **dict.fromkeys(("OB", "UN"), "\0\0"),
}


def dummy(vr: str) -> str:
    """The dummy of ``vr``; of numbers and of other binary values none is needed, so they become empty."""
    return _BY_VR.get(vr, "")
