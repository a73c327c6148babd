"""The parts that every family of rules is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from deidstream.core.category import Category, Role
from deidstream.detection.text.fold import fold_word

__all__ = ["EVIDENT", "Confirm", "Hit", "Rule", "label", "phrase", "words"]


EVIDENT = 0.97
"""The score of what the words beside it leave no doubt of (``Frau Sommer``): it stays where a tagger sees nothing."""


class Hit(NamedTuple):
    """An identifier at the bytes ``[start, end)`` of the folded buffer. ``form`` ``text`` is completed by the language."""

    start: int
    end: int
    category: Category
    score: float
    role: Role = Role.UNKNOWN
    form: str = "text"
    note: str = ""
    """Languages, separated by blanks, outside of which this is no finding; '' where the language does not matter."""


Confirm = Callable[[bytes, int, int], Iterable[Hit]]
"""Reads the buffer around a trigger's ``[start, end)`` and says what stands there. Must not look across a boundary byte."""


class Rule(NamedTuple):
    """``trigger``: what the multi-pattern engine looks for (its leftmost start, its longest end). Cheap and rare is best."""

    trigger: bytes
    confirm: Confirm
    caseless: bool = True
    margin: int = 0
    """How many bytes at either end of the trigger are context; ``confirm`` is told where the rest stands."""


def words(*lists: str) -> list[str]:
    """The entries of comma-separated lists, folded to the alphabet of the buffer, the longest first."""
    entries = {fold_word(entry.strip()).decode("ascii") for text in lists for entry in text.split(",") if entry.strip()}
    return sorted(entries, key=lambda entry: (-len(entry), entry))


def label(confirm: Confirm, section: str) -> Rule:
    """Any phrase of that section of ``phrases.txt``, as whole words."""
    return phrase(confirm, "|".join(re.escape(entry).replace("\\ ", " ") for entry in words(_phrases()[section])))


@lru_cache(maxsize=1)
def _phrases() -> dict[str, str]:
    sections: dict[str, str] = {}
    name = ""
    for line in (files(__package__) / "phrases.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif not line.startswith("#"):
            sections[name] = f"{sections.get(name, '')} {line}"
    return sections


def phrase(confirm: Confirm, pattern: str) -> Rule:
    """``pattern`` as whole words. Plain classes at its ends compile a good deal faster than ``\\b``."""
    return Rule(f"[^a-z0-9](?:{pattern})[^a-z0-9]".encode("ascii"), confirm, margin=1)
