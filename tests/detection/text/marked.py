"""Texts with their identifiers marked: ``Dr. {name|Müller}`` reads ``Dr. Müller`` with a name at 4 to 10."""

from __future__ import annotations

import re

_MARK = re.compile(r"\{([a-z_]+)\|([^}]*)\}")


def unmark(marked: str) -> tuple[str, set[tuple[str, str, int]]]:
    """The plain text, and (category, value, start) of each mark."""
    text, spans, position = "", set(), 0
    for mark in _MARK.finditer(marked):
        text += marked[position : mark.start()]
        spans.add((mark[1], mark[2], len(text)))
        text += mark[2]
        position = mark.end()
    return text + marked[position:], spans
