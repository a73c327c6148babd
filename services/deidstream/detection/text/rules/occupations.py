"""What a person works as, where a label says so."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.rules.rule import Hit, Rule, label

__all__ = ["RULES"]

_VALUE = re.compile(rb"[ \t]*[:=][ \t]*([A-Za-z][A-Za-z'-]+(?:[ ][A-Za-z'-]{1,20}){0,4})(?=[ \t]*[.,;|\n\0\r(])")


def _labelled(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    matched = _VALUE.match(buffer, end)
    if matched is not None:
        yield Hit(matched.start(1), matched.end(1), Category.OCCUPATION, 0.7, Role.PATIENT, "code")


RULES: tuple[Rule, ...] = (label(_labelled, "occupation"),)
