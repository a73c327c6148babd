"""Names of people behind who they are to the patient: ``her son Pieter``, ``cuñado Chema``, ``fille: Gwenn Le Goff``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from deidstream.core.category import Category, Role
from deidstream.detection.text.allow import eponyms, terms
from deidstream.detection.text.identity.ordinary import ordinary
from deidstream.detection.text.rules.gazetteer import given_names
from deidstream.detection.text.rules.reading import Name, name_score, read_name
from deidstream.detection.text.rules.rule import EVIDENT, Hit, Rule, label
from deidstream.detection.text.rules.titles import TITLE

__all__ = ["RULES"]

_BEFORE_NAME = re.compile(
    rb"(?:[ \t]*[:,(][ \t]*|[ \t]+)(?:(?:named|called|is|llamad[oa]|namens|genannt|de nombre|nommee?|"
    rb"chiamat[oa]|genaamd|chamad[oa])[ \t]+)?"
    rb"(?:" + TITLE + rb"\b\.?[ \t]*){0,8}"
)
_WRITTEN_AS_A_NAME = re.compile(rb"(?:[A-Z][a-z]{2,}(?:[-'][A-Za-z]+)*[ \t]?)+\Z")
_FOLLOWED = re.compile(rb"[ \t]*(?:[,.;:()\n\r\0]|[ \t][a-z(])|'s\b")
_NOUNS_ARE_SMALL = "en es fr it nl pt"
"""Languages in which a capital within a sentence is a name's; in German each noun has one."""


def _after_relative(buffer: bytes, start: int, end: int) -> Iterable[Hit]:
    begin = _BEFORE_NAME.match(buffer, end)
    name = read_name(buffer, begin.end(), comma=False) if begin else None
    if name is None:
        return
    first = buffer[name.start : name.end].split()[0].lower().rstrip(b",")
    if first in eponyms() | terms():
        return
    inside = buffer[start : start + 1].islower()
    form = "given" if name.words == 1 else "name"
    if first in given_names():
        sure = EVIDENT if inside and not buffer[name.start : name.end].isupper() else name_score(name, 0.75)
        yield Hit(name.start, name.end, Category.NAME, sure, Role.RELATIVE, form)
    elif inside and begin is not None and b"," not in begin.group() and _can_only_be_one(buffer, name):
        yield Hit(name.start, name.end, Category.NAME, EVIDENT, Role.RELATIVE, form, _NOUNS_ARE_SMALL)


def _can_only_be_one(buffer: bytes, name: Name) -> bool:
    """Unlisted words with a capital in the middle of a sentence, none of them a word of the language or a term."""
    written = buffer[name.start : name.end]
    if name.words > 2 or _WRITTEN_AS_A_NAME.match(written) is None or _FOLLOWED.match(buffer, name.end) is None:
        return False
    return not any(word in ordinary() or word in eponyms() for word in written.lower().split())


RULES: tuple[Rule, ...] = (label(_after_relative, "name.relative"),)
