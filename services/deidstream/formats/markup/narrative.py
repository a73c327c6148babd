"""Markup as people read it: one text out of many text nodes, with a mark where a block, a cell or a line ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deidstream.core.document import Leaf, Part, Piece
from deidstream.formats.markup.tree import SPACE, Element
from deidstream.formats.possessive import possessive

__all__ = ["ReadingText", "flow"]


class ReadingText:
    """Collects text nodes into one part. Between two pieces stands at most one separator: the strongest that was asked for."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._pieces: list[Piece] = []
        self._size = 0
        self._between = ""

    def separate(self, by: str) -> None:
        """Says that ``by`` (space, tab or line end) lies between what was added and what follows."""
        if _STRENGTH[by] > _STRENGTH[self._between]:
            self._between = by

    def add(self, leaf: Leaf, verbatim: bool = False) -> None:
        """Appends a text node. Runs of white space read as one separator, except where it is kept ``verbatim``."""
        text = leaf.text
        if verbatim or ("  " not in text and "\n" not in text and text[0] not in _EDGE and text[-1] not in _EDGE):
            self._piece(text, leaf.path, 0)
            return
        line = 0
        for run in _RUN.finditer(text):
            if run[1] is None:
                line = self._space(run[0], line)
            else:
                self._piece(run[0], leaf.path, run.start())
                line += len(run[0])

    def part(self, locator: str, language: str = "") -> Iterator[Part]:
        """The part, where anything was added."""
        if self._pieces:
            yield Part(locator, "".join(self._text), tuple(self._pieces), language=language)

    def _piece(self, text: str, path: str, offset: int) -> None:
        if self._between and self._pieces:
            self._text.append(self._between)
            self._size += 1
        self._between = ""
        end = self._size + len(text)
        self._pieces.append(Piece(self._size, end, path, offset))
        self._text.append(text)
        self._size = end

    def _space(self, run: str, line: int) -> int:
        """A line end inside a text node is a wrapped line when the line is long, and a line of its own otherwise."""
        if "\n" not in run:
            self.separate(" ")
            return line + 1
        wrapped = run.count("\n") == 1 and line >= _WRAPPED
        self.separate(" " if wrapped else "\n")
        return 0


def flow(element: Element, into: ReadingText, verbatim: bool = False) -> list[Leaf]:
    """Adds the text nodes of ``element`` in reading order; returns the leaves that are no text: comments, scripts ..."""
    others: list[Leaf] = []
    stack: list[Element | Leaf | str] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            into.separate(node)
        elif isinstance(node, Element):
            local = node.name.rpartition(":")[2]
            by = _BREAKS.get(local, "")
            if by:
                into.separate(by)
                stack.append(by)
            stack += reversed(node.content)
        elif node is SPACE:
            into.separate(" ")
        elif node.type in _TEXT:
            into.add(node, verbatim)
        else:
            others.append(node)
    return others


_WRAPPED = 60
_EDGE = frozenset(" \t\r\n")
_STRENGTH = {"": 0, " ": 1, "\t": 2, "\n": 3}
_RUN = re.compile(
    "(" + possessive(r"[^ \t\r\n]++|[ \t](?![ \t\r\n]|\Z)(?<=[^ \t\r\n].)", "++") + r")|[ \t\r\n]++",
)
_TEXT = frozenset({"text", "cdata"})
_BLOCKS = """
address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3
h4 h5 h6 head header hr html item legend li list main nav ol option p paragraph pre section select summary table tbody text
textarea tfoot thead title tr ul
"""
_BREAKS = dict.fromkeys(_BLOCKS.split(), "\n") | {"td": "\t", "th": "\t", "renderMultiMedia": " ", "img": " "}
