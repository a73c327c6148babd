"""Gives every element of a clinical document its type, every value its data type, and collects the parts."""

from __future__ import annotations

import base64
import binascii
import re

from deidstream.core.document import Document, Leaf, Part
from deidstream.core.errors import Malformed
from deidstream.formats import nest, open_nested
from deidstream.formats.cda.codesystems import is_public
from deidstream.formats.cda.names import Names
from deidstream.formats.cda.schema import LABEL, STRUCTURAL, Schema, Type, load
from deidstream.formats.markup.document import whole, worded
from deidstream.formats.markup.narrative import ReadingText, flow
from deidstream.formats.markup.tree import SPACE, Element, Tree

__all__ = ["UNKNOWN", "read"]

UNKNOWN = "unknown"
"""Type of every leaf that the schema does not know: nothing may be said of it, and no text may stand there."""


def read(tree: Tree) -> list[Part]:
    """The parts of ``tree``, in source order. Sets the ``kind`` of its elements and the ``type`` of its leaves."""
    reader = _Reader(load())
    for index, node in enumerate(tree.root.content):
        if isinstance(node, Element):
            reader.root(node)
        elif node is not SPACE:
            reader.aside(tree.root, index, node)
    return reader.parts


class _Reader:
    def __init__(self, schema: Schema) -> None:
        self.types = schema.types
        self.roots = schema.roots
        self.parts: list[Part] = []
        self.language = ""

    def root(self, element: Element) -> None:
        names = Names().within(element)
        name = names.element(element.name)
        if name == "ClinicalDocument":
            self.language = _language(element)
        candidates = self.roots.get(name, ())
        held = {names.element(node.name) for node in element.content if isinstance(node, Element)}
        best = max(candidates, key=lambda type_: self._fit(type_, held), default="")
        self.element(element, best, names)

    def _fit(self, type_: str, held: set[str]) -> int:
        known = self.types.get(type_)
        return len(held & known.children.keys()) if known else 0

    def element(self, element: Element, type_name: str, names: Names) -> None:
        names = names.within(element)
        if type_name == "StrucDoc":
            self.narrative(element)
            return
        type_ = self.types.get(self._actual(element, type_name, names))
        if type_ is None:
            self.unknown(element)
            return
        element.kind = type_.name
        if element.attributes:
            self.attributes(element, type_, names)
        if not element.content:
            return
        if type_.text and type_.name in _ENCAPSULATED and self.carries(element):
            return
        if type_.name == "ED" and any(
            isinstance(node, Element) and node.name in _NARRATIVE for node in element.content
        ):
            self.narrative(element)  # not by the schema, but it is text to whoever wrote it
            return
        for index, node in enumerate(element.content):
            if node is SPACE:
                continue
            if isinstance(node, Element):
                self.element(node, self._child(node, type_, names), names)
            else:
                self.text(element, index, node, type_)

    def _child(self, node: Element, type_: Type, names: Names) -> str:
        """The type of a child. A default namespace that the child sets is its own; a data type's parts may be in any known one."""
        name = names.element(node.name)
        found = type_.children.get(name)
        if found is None and node.attributes:
            name = names.within(node).element(node.name)
            found = type_.children.get(name)
        if found is None and type_.data and name.startswith(_EXTENSIONS):
            found = type_.children.get(name.rpartition(":")[2])
        return found or ""

    def _actual(self, element: Element, type_name: str, names: Names) -> str:
        """The type that ``xsi:type`` says, where it says one; and what a playing entity is by its class."""
        if type_name == "PlayingEntity":
            return "MaterialEntity" if element.attribute("classCode") in _MATERIALS else type_name
        for leaf in element.attributes:
            if names.attribute(leaf.path.rpartition("/@")[2]) == "xsi:type":
                stated = leaf.text.strip().rpartition(":")[2]
                # What stands here says whether the name is a person's; a statement that it is any EN does not change that.
                return type_name if stated in _GENERIC and type_name not in ("ANY", "") else stated
        return type_name

    def attributes(self, element: Element, type_: Type, names: Names) -> None:
        known = type_.attributes
        skip = len(element.path) + 2
        for index, leaf in enumerate(element.attributes):
            name = names.attribute(leaf.path[skip:])
            use = known.get(name, -1)
            if use == STRUCTURAL or name.startswith("xmlns"):
                if name == "xsi:schemaLocation" and _LOCAL.search(leaf.text):
                    element.attributes[index] = _typed(leaf, UNKNOWN, False)
                continue
            if use < 0:
                element.attributes[index] = _typed(leaf, UNKNOWN, False)
            elif use == LABEL:
                if leaf.text.strip() and not is_public(element.attribute("codeSystem")):
                    if type_.name not in _DECIDED:
                        self.parts.append(whole(leaf))
                    element.attributes[index] = _typed(leaf, f"{type_.name}.local", True)
            else:
                element.attributes[index] = _typed(leaf, f"{type_.name}.{name}", use != 1)

    def text(self, element: Element, index: int, leaf: Leaf, type_: Type) -> None:
        if leaf.type in _ASIDE:
            self.aside(element, index, leaf)
        elif not type_.text:
            if _WORD.search(leaf.text):
                element.content[index] = _typed(leaf, UNKNOWN, False)
        else:
            element.content[index] = _typed(leaf, type_.name, type_.name != "DIGITS")
            if type_.name in _FREE:
                self.parts.append(whole(leaf, self.language))

    def aside(self, element: Element, index: int, leaf: Leaf) -> None:
        """A comment or an instruction: nothing says what it holds, so it is read as text."""
        if not (leaf.type == "instruction" and leaf.text.startswith(("xml-stylesheet", "xml-model"))):
            self.parts.append(whole(leaf))

    def unknown(self, element: Element) -> None:
        """An element that the schema does not know, with all that is in it."""
        element.attributes = [leaf if _steers(leaf) else _typed(leaf, UNKNOWN, False) for leaf in element.attributes]
        for index, node in enumerate(element.content):
            if isinstance(node, Element):
                self.unknown(node)
            elif node is not SPACE and node.type in _ASIDE:
                self.aside(element, index, node)
            elif node is not SPACE:
                element.content[index] = _typed(node, UNKNOWN, False)

    def narrative(self, element: Element) -> None:
        """A section's text: one part, and one for each attribute that may hold words."""
        text = ReadingText()
        asides = flow(element, text)
        language = element.attribute("language") or self.language
        self.parts += text.part(element.path, language)
        self.parts += (whole(leaf) for leaf in asides)
        stack = [node for node in element.content if isinstance(node, Element)] if element.kind else [element]
        while stack:
            here = stack.pop()
            self.parts += (whole(leaf, language) for leaf in here.attributes if worded(leaf))
            stack += (node for node in here.content if isinstance(node, Element))

    def carries(self, element: Element) -> bool:
        """Reads the content of encapsulated data that is not plain text. Whether it was such."""
        media = (element.attribute("mediaType") or "text/plain").strip().lower()
        encoded = element.attribute("representation").strip().upper() == "B64"
        if not encoded and media in _PLAIN:
            return False
        held = [
            (index, node) for index, node in enumerate(element.content) if isinstance(node, Leaf) and node.type in _TEXT
        ]
        if not held:
            return False
        if len(held) > 1 or element.attribute("compression"):
            self.opaque(element)
            return True
        index, leaf = held[0]
        nested = _open(leaf.text, media, encoded)
        if nested is None and not encoded and media.startswith("text/"):
            return False
        if nested is None:
            self.opaque(element)
            return True
        path = leaf.path
        element.content[index] = Leaf(
            path, leaf.start, leaf.end, leaf.text, leaf.codec, "ED.base64" if encoded else "ED.nested", False, nested
        )
        self.parts += nest(path, nested)
        return True

    def opaque(self, element: Element) -> None:
        """Content of a kind that is not understood (PDF, a picture): its leaves say so by their type."""
        for index, node in enumerate(element.content):
            if isinstance(node, Element):
                self.unknown(node)
            elif node is not SPACE:
                element.content[index] = _typed(node, "ED.opaque", False)


def _open(text: str, media: str, encoded: bool) -> Document | None:
    """The document in ``text``; None when it is damaged or of a kind that is not understood."""
    try:
        if encoded:
            return open_nested(media, base64.b64decode("".join(text.split()).encode("ascii"), validate=True))
        return open_nested(media, text.encode("utf-8"))
    except (binascii.Error, UnicodeEncodeError, Malformed):
        return None


def _steers(leaf: Leaf) -> bool:
    """Whether an attribute of an unknown element is one of XML's own, a null flavor, or a link inside the document."""
    name = leaf.path.rpartition("/@")[2]
    return name.startswith("xmlns") or name in _XML or (leaf.text.startswith("#") and name == "value")


def _typed(leaf: Leaf, type_: str, admits_text: bool) -> Leaf:
    return Leaf(leaf.path, leaf.start, leaf.end, leaf.text, leaf.codec, type_, admits_text)


def _language(document: Element) -> str:
    coded = (
        node
        for node in document.content
        if isinstance(node, Element) and node.name.rpartition(":")[2] == "languageCode"
    )
    return next((element.attribute("code") for element in coded), "")


_LOCAL = re.compile(r"file:|\\|(?<!:)//[^/ ]*[/ ][Uu]sers|/home/")
"""A path on the computer of whoever edited the document."""
_NARRATIVE = frozenset(
    {"content", "paragraph", "br", "list", "table", "linkHtml", "caption", "sub", "sup", "div", "p", "span"}
)
_EXTENSIONS = ("sdtc:", "pharm:")
_WORD = re.compile(r"\w")
_XML = frozenset({"nullFlavor", "xsi:type", "xml:space", "xml:lang"})
_ENCAPSULATED = frozenset({"ED", "ST"})
_TEXT = frozenset({"text", "cdata"})
_ASIDE = frozenset({"comment", "instruction"})
_FREE = frozenset({"ED", "ST", "SC", "ENM", "ENM.part"})
_DECIDED = frozenset({"QE", "QS"})
_PLAIN = frozenset({"text/plain", "text/x-hl7-text+xml"})
_GENERIC = frozenset({"EN", "ANY", "CE", "CD", "CV", "CO", "CS"})
_MATERIALS = frozenset(
    {"MMAT", "MAT", "CONT", "HOLD", "DEV", "CER", "MODDV", "FOOD", "CHEM", "NLIV", "ANM", "MIC", "PLNT"}
)
