"""Markup as a document of leaves and parts, and what may be taken out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from deidstream.core.document import Document, Leaf, Part, Piece, Splice
from deidstream.core.errors import Unsafe
from deidstream.formats.markup.narrative import ReadingText, flow
from deidstream.formats.markup.tree import Element, Tree, parse

__all__ = ["MarkupDocument", "attribute_extent", "outermost", "split_markup", "whole", "worded"]


class MarkupDocument(Document):
    """XML, XHTML or HTML. ``format`` is ``html`` for all of them: nothing in it is a field, all of it is to be read."""

    format = "html"

    def __init__(self, source: bytes, tree: Tree, leaves: Sequence[Leaf], parts: Sequence[Part]) -> None:
        super().__init__(source, leaves, parts)
        self.tree = tree
        self._elements: dict[str, Element] | None = None

    def element(self, path: str) -> Element | None:
        """The element at ``path``, None where there is none."""
        if self._elements is None:
            self._elements = {}
            stack = [self.tree.root]
            while stack:
                element = stack.pop()
                self._elements[element.path] = element
                stack += (node for node in element.content if isinstance(node, Element))
        return self._elements.get(path)

    def removals(self, paths: Sequence[str]) -> list[Splice]:
        """Attributes go with their names, elements with their content, texts alone. What lies in a removed element is in it."""
        at = self.tree.view.at
        elements = [found for found in map(self.element, paths) if found is not None and found.name]
        splices = [Splice(at(element.start), at(element.end), b"") for element in elements]
        for path in paths:
            if self.element(path) is None:
                leaf = self.leaf(path)
                splices.append(self.removal(leaf))
        return outermost(splices)

    def removal(self, leaf: Leaf) -> Splice:
        """How one leaf goes."""
        if leaf.type == "attribute":
            return attribute_extent(self.tree, leaf)
        return Splice(leaf.start, leaf.end, b"")


def split_markup(source: bytes, charset: str = "utf-8", html: bool = False) -> MarkupDocument:
    """``source`` as leaves (texts, attribute values, comments, instructions) and parts.

    Parts: the running text, under the path of its outermost element; and each attribute, comment, script and instruction that
    may hold words. Raises Malformed as ``parse`` does; with ``html`` only for an empty source or an unreadable charset.
    """
    tree = parse(source, charset, html)
    leaves = tree.leaves()
    text = ReadingText()
    others = flow(tree.root, text)
    root = next((node.path for node in tree.root.content if isinstance(node, Element)), "/text()")
    parts = list(text.part(root, _language(tree.root)))
    parts += (whole(leaf) for leaf in others)
    parts += (whole(leaf) for leaf in leaves if leaf.type == "attribute" and worded(leaf))
    return MarkupDocument(source, tree, leaves, parts)


def whole(leaf: Leaf, language: str = "") -> Part:
    """A part that is one leaf."""
    return Part(leaf.path, leaf.text, (Piece(0, len(leaf.text), leaf.path),), language=language)


def attribute_extent(tree: Tree, leaf: Leaf) -> Splice:
    """The attribute whose value is ``leaf``, with its name, its quotes and the white space before it."""
    view = tree.view
    start, end = view.index(leaf.start), view.index(leaf.end)
    quoted = view.text[start - 1] in "\"'"
    found = _BEFORE.search(view.text[max(0, start - 400) : start - quoted])
    if found is None:
        raise Unsafe("attribute-not-found", leaf.path)
    first = max(0, start - 400) + found.start()
    return Splice(view.at(first), view.at(end + quoted), b"")


def outermost(splices: Sequence[Splice]) -> list[Splice]:
    """``splices`` without those that lie inside another."""
    kept: list[Splice] = []
    for splice in sorted(set(splices), key=lambda splice: (splice.start, -splice.end)):
        if not kept or splice.start >= kept[-1].end:
            kept.append(splice)
    return kept


def worded(leaf: Leaf) -> bool:
    """Whether an attribute may hold words or an address: all but those that steer layout and internal links."""
    name = leaf.path.rpartition("/@")[2].rpartition("[")[0] or leaf.path.rpartition("/@")[2]
    if name in _STEERING or name.startswith("xmlns") or not leaf.text.strip():
        return False
    return not (name in _LINKS and leaf.text.startswith(("#", "data:")))


def _language(root: Element) -> str:
    top: Iterator[Element] = (node for node in root.content if isinstance(node, Element))
    return next((element.attribute("lang") or element.attribute("xml:lang") for element in top), "")


_BEFORE = re.compile(r"[ \t\r\n]*+[^ \t\r\n=<>\"'/]++[ \t\r\n]*+=[ \t\r\n]*+\Z")
_LINKS = frozenset({"href", "src", "xlink:href"})
_STEERING_NAMES = """
ID IDREF abbr align axis bgcolor border cellpadding cellspacing char charoff charset class clear color cols colspan compact
content-type coords dir face frame headers height hspace http-equiv id lang language listType media mediaType nowrap rel rev
rows rowspan rules scope shape size span start style styleCode tabindex target type valign vspace width xml:lang xml:space
"""
_STEERING = frozenset(_STEERING_NAMES.split())
