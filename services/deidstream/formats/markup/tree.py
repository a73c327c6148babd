"""XML and HTML as a tree over the source: every element, text, attribute, comment and instruction with its exact place.

XML 1.0 (fifth edition) without document type declarations that declare anything: entities are the predefined ones, HTML's
names and character references. Work and memory are linear in the size of the source.
"""

from __future__ import annotations

import re
from functools import lru_cache

from deidstream.core.document import Leaf
from deidstream.core.errors import Malformed
from deidstream.formats.markup.charset import View, view
from deidstream.formats.markup.escapes import MarkupCodec, resolve
from deidstream.formats.possessive import possessive

__all__ = ["DEPTH_LIMIT", "SPACE", "Element", "Tree", "parse"]

DEPTH_LIMIT = 100
"""Elements inside one another. C-CDA reaches about 40."""

SPACE = Leaf("", 0, 0, "", MarkupCodec("text"), "space")
"""Stands in an element's content for white space between two nodes. It is no leaf of a document."""


class Element:
    """One element. ``start``, ``opened`` (end of its start tag), ``closing`` (start of its end tag), ``end``: in the view."""

    __slots__ = (
        "_counts",
        "attributes",
        "closing",
        "content",
        "end",
        "kind",
        "name",
        "opened",
        "parent",
        "path",
        "start",
    )

    def __init__(self, name: str, path: str, parent: Element | None, start: int, opened: int) -> None:
        self.name = name
        self.kind = ""
        self.path = path
        self.parent = parent
        self.start = start
        self.opened = opened
        self.closing = opened
        self.end = opened
        self.attributes: list[Leaf] = []
        self.content: list[Element | Leaf] = []
        self._counts: dict[str, int] | None = None

    def __repr__(self) -> str:
        return f"Element({self.path})"

    def child_path(self, step: str) -> str:
        """The path of the next child that is called ``step``: the first has no number, as in XPath's first-node rule."""
        if self._counts is None:
            self._counts = {}
        number = self._counts[step] = self._counts.get(step, 0) + 1
        return f"{self.path}/{step}" if number == 1 else f"{self.path}/{step}[{number}]"

    def complete(self) -> None:
        """Forgets what only a growing element needs."""
        self._counts = None

    def attribute(self, name: str) -> str:
        """The value of one attribute, '' where absent."""
        suffix = "/@" + name
        return next((leaf.text for leaf in self.attributes if leaf.path.endswith(suffix)), "")


class Tree:
    """The parsed source. ``root`` is the document itself (no name); its content is what stands at the top."""

    __slots__ = ("root", "view")

    def __init__(self, root: Element, view_: View) -> None:
        self.root = root
        self.view = view_

    def leaves(self) -> list[Leaf]:
        """All leaves in source order."""
        found: list[Leaf] = []
        stack: list[Element | Leaf] = [self.root]
        while stack:
            node = stack.pop()
            if isinstance(node, Leaf):
                if node is not SPACE:
                    found.append(node)
            else:
                found += node.attributes
                stack += reversed(node.content)
        return found


def parse(source: bytes, charset: str = "", html: bool = False) -> Tree:
    """The tree of ``source``. With ``html`` nothing but an unreadable charset is an error.

    Raises Malformed: ``empty``, ``invalid-charset``, ``unsupported-charset``, ``xml-entity-declaration``,
    ``xml-external-dtd``, ``undefined-entity``, ``too-deep``, ``mismatched-tag``, ``unclosed-element``, ``not-well-formed``,
    ``duplicate-attribute``, ``text-outside-root``, ``several-roots``.
    """
    if not source.strip():
        raise Malformed("empty")
    return _Parser(view(source, charset, html), html).run()


class _Parser:
    def __init__(self, view_: View, html: bool) -> None:
        self.view = view_
        self.text = view_.text
        self.html = html
        self.root = Element("", "", None, 0, 0)
        self.here = self.root
        self.depth = 0
        self.tag = _HTML_TAG if html else _TAG
        self.attribute = _HTML_ATTRIBUTE if html else _ATTRIBUTE
        self.codecs = _codecs(view_.charset, html)

    def run(self) -> Tree:
        text, position = self.text, 0
        size = len(text)
        if text.startswith(("\xef\xbb\xbf", "\ufeff")):
            position = 3 if text[0] == "\xef" else 1
        while position < size:
            at = text.find("<", position)
            if at < 0:
                at = size
            if at > position:
                self.characters(position, at, "text", "text()")
            position = self.markup(at) if at < size else size
        self.finish(size)
        return Tree(self.root, self.view)

    def markup(self, at: int) -> int:
        found = self.tag.match(self.text, at)
        if found is None:
            return self.other(at)
        if found[1] is not None:
            self.close(found[1], at, found.end())
            return found.end()
        self.open(found, at)
        if self.html and self.here.name in _RAW_TEXT and not self.here.content and self.here.opened == found.end():
            return self.raw_text(found.end())
        return found.end()

    def open(self, found: re.Match[str], at: int) -> None:
        name = self.view.decode(found[2].lower() if self.html else found[2])
        here = self.here
        element = Element(name, here.child_path(name), here, at, found.end())
        if here is self.root and not self.html and any(isinstance(node, Element) for node in here.content):
            raise Malformed("several-roots")
        here.content.append(element)
        if found.end(3) > found.start(3):
            self.attributes(element, found.start(3), found.end(3))
        if found[4] or (self.html and name in _VOID):
            return
        if self.depth >= DEPTH_LIMIT:
            if self.html:
                return
            raise Malformed("too-deep")
        self.here = element
        self.depth += 1

    def attributes(self, element: Element, start: int, end: int) -> None:
        at, decode, codec, html = self.view.at, self.view.decode, self.codecs["attribute"], self.html
        prefix = element.path + "/@"
        attributes = element.attributes
        for found in self.attribute.finditer(self.text, start, end):
            group = found.lastindex
            if group is None or group == 1:
                continue  # HTML: a name without a value
            name = decode(found[1].lower() if html else found[1])
            value = resolve(decode(found[group]), html, prefix)
            path = prefix + name
            first, last = found.span(group)
            attributes.append(Leaf(path, at(first), at(last), value, codec, "attribute"))
        if len(attributes) > 1 and len({leaf.path for leaf in attributes}) < len(attributes):
            if not html:
                raise Malformed("duplicate-attribute", element.path)
            _number(attributes)

    def close(self, name: str, at: int, end: int) -> None:
        here = self.here
        name = self.view.decode(name)
        if self.html:
            name = name.lower()
            while here is not self.root and here.name != name:
                here = here.parent or self.root
            if here is self.root:
                return
            while self.here is not here:
                self.leave(at, at)
        elif here.name != name:
            raise Malformed("mismatched-tag", here.path)
        self.leave(at, end)

    def leave(self, closing: int, end: int) -> None:
        self.here.closing, self.here.end = closing, end
        self.here.complete()
        self.here = self.here.parent or self.root
        self.depth -= 1

    def characters(self, start: int, end: int, kind: str, step: str) -> None:
        piece = self.text[start:end]
        here = self.here
        if not piece.strip(_SPACE):
            if kind == "text" and here is not self.root:
                here.content.append(SPACE)
            return
        if here is self.root and not self.html and kind in ("text", "cdata"):
            raise Malformed("text-outside-root")
        value = self.view.decode(piece)
        if kind == "text":
            value = resolve(value, self.html, here.path)
        path = here.child_path(step)
        here.content.append(Leaf(path, self.view.at(start), self.view.at(end), value, self.codecs[kind], kind))

    def other(self, at: int) -> int:
        text = self.text
        for opening, closing, kind, step in _SECTIONS:
            if text.startswith(opening, at):
                if kind == "cdata" and self.html:
                    break
                end = text.find(closing, at + len(opening))
                if end < 0:
                    if not self.html:
                        raise Malformed("not-well-formed", self.here.path)
                    self.characters(at + len(opening), len(text), kind, step)
                    return len(text)
                self.section(at + len(opening), end, kind, step)
                return end + len(closing)
        if text.startswith("<!", at):
            return self.declaration(at)
        if not self.html:
            raise Malformed("not-well-formed", self.here.path)
        self.characters(at, at + 1, "text", "text()")  # tag soup: a bare "<" is text
        return at + 1

    def section(self, start: int, end: int, kind: str, step: str) -> None:
        if kind == "instruction" and self.text.startswith("xml", start) and self.text[start + 3 : start + 4] in _SPACE:
            return
        self.characters(start, end, kind, step)

    def declaration(self, at: int) -> int:
        found = _DOCTYPE.match(self.text, at)
        if found is None:
            if self.html:
                end = self.text.find(">", at)
                end = len(self.text) if end < 0 else end
                self.characters(at + 2, end, "comment", "comment()")
                return end + 1
            raise Malformed("xml-entity-declaration")
        if found[2] and not self.html and "//DTD XHTML" not in found[2] and "//DTD HTML" not in found[2]:
            raise Malformed("xml-external-dtd")
        return found.end()

    def raw_text(self, position: int) -> int:
        found = re.compile(f"</{self.here.name}", re.I).search(self.text, position)
        end = len(self.text) if found is None else found.start()
        self.characters(position, end, "raw", "text()")
        return end

    def finish(self, size: int) -> None:
        if not self.html:
            if self.here is not self.root:
                raise Malformed("unclosed-element", self.here.path)
            if not any(isinstance(node, Element) for node in self.root.content):
                raise Malformed("not-well-formed")
        while self.here is not self.root:
            self.leave(size, size)
        self.root.closing = self.root.end = size


def _number(attributes: list[Leaf]) -> None:
    seen: dict[str, int] = {}
    for index, leaf in enumerate(attributes):
        seen[leaf.path] = number = seen.get(leaf.path, 0) + 1
        if number > 1:
            attributes[index] = leaf._replace(path=f"{leaf.path}[{number}]")


@lru_cache(maxsize=32)
def _codecs(charset: str, html: bool) -> dict[str, MarkupCodec]:
    kinds = ("text", "attribute", "cdata", "comment", "instruction", "raw")
    return {kind: MarkupCodec(kind, charset, html) for kind in kinds}


_SPACE = " \t\r\n"
_NAME = r"[A-Za-z_:\x80-\U0010ffff][\w:.\x80-\U0010ffff-]*+"
_ASSIGNED = rf"\s++{_NAME}\s*+=\s*+(?:\"[^<\"]*+\"|'[^<']*+')"
_TAG = re.compile(
    rf"<(?:/({_NAME})\s*+>|({_NAME})({possessive(_ASSIGNED)})\s*+(/?)>)",
    re.A,
)
_ATTRIBUTE = re.compile(rf"({_NAME})\s*+=\s*+(?:\"([^<\"]*+)\"|'([^<']*+)')", re.A)
_IN_TAG = r"[^<>\"'/]|\"[^<\"]*+\"|'[^<']*+'|/(?!>)"
_HTML_TAG = re.compile(
    rf"<(?:/([A-Za-z][^\s<>/!]*+)[^<>]*+>|([A-Za-z][^\s<>/!\"'=]*+)({possessive(_IN_TAG)})(/?)>)",
    re.A,
)
_HTML_ATTRIBUTE = re.compile(r"([^\s=<>\"'/!]++)(?:\s*+=\s*+(?:\"([^<\"]*+)\"|'([^<']*+)'|([^\s<>\"']++)))?", re.A)
_SECTIONS = (
    ("<!--", "-->", "comment", "comment()"),
    ("<![CDATA[", "]]>", "cdata", "text()"),
    ("<?", "?>", "instruction", "processing-instruction()"),
)
_DOCTYPE = re.compile(r"<!DOCTYPE\s++[^\s<>\[\"']++\s*+((?:PUBLIC|SYSTEM)\s*+([^<>\[]*+))?>", re.I | re.A)
_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_RAW_TEXT = frozenset({"script", "style"})
