"""The lexical forms of the primitive types (R4 2.24.0.1). A value that breaks its form is not understood."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ADMITS_TEXT", "is_well_formed"]

ADMITS_TEXT: Final = frozenset({"string", "markdown"})

_DATE = r"[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::(?:[0-5][0-9]|60)(?:\.[0-9]+)?)?"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
_NUMBERS: Final = frozenset({"integer", "decimal", "positiveInt", "unsignedInt"})
_TOKEN = re.compile(r"[^\s@]{1,256}")
_URI = re.compile(r"\S*")

_FORMS: Final[dict[str, re.Pattern[str]]] = {
    "date": re.compile(_DATE),
    "dateTime": re.compile(rf"{_DATE}(?:T{_TIME}{_ZONE}?)?"),
    "instant": re.compile(rf"{_DATE}T{_TIME}{_ZONE}"),
    "time": re.compile(_TIME),
    "id": re.compile(r"[A-Za-z0-9\-.]{1,64}"),
    "oid": re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"),
    "uuid": re.compile(r"urn:uuid:[0-9a-fA-F-]{36}"),
    "code": _TOKEN,
    "uri": _URI,
    "url": _URI,
    "canonical": _URI,
    "integer64": re.compile(r"-?[0-9]{1,19}"),
}


def is_well_formed(type_: str, kind: str, text: str) -> bool:
    """Whether a scalar of JSON ``kind`` (see ``lexer.Scalar``) that reads ``text`` can be of the primitive ``type_``."""
    if kind == '"':
        if type_ in _NUMBERS or type_ == "boolean":
            return False
        form = _FORMS.get(type_)
        return form is None or form.fullmatch(text) is not None
    if kind == "0":
        return type_ in _NUMBERS
    return type_ == "boolean" and kind in "tf"
