"""A clinical document as leaves and parts, and how values leave it: with ``nullFlavor="MSK"`` where they stood."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from deidstream.core.document import Leaf, Splice, apply_splices
from deidstream.formats.cda.reader import read
from deidstream.formats.cda.schema import load
from deidstream.formats.markup.document import MarkupDocument, attribute_extent, outermost
from deidstream.formats.markup.tree import Element, parse

__all__ = ["CdaDocument", "split"]


class CdaDocument(MarkupDocument):
    """A CDA document. ``tree`` is its elements, each with its ``kind``: the class or data type that the schema gives it."""

    format = "cda"

    def removals(self, paths: Sequence[str]) -> list[Splice]:
        """Values go, their elements stay and say that they are masked (``nullFlavor="MSK"``), where the data type allows it."""
        elements = {path: element for path in paths if (element := self.element(path)) is not None}
        splices = [self._extent(element) for element in elements.values()]
        emptied: dict[str, list[Leaf]] = {}
        for leaf in (self.leaf(path) for path in paths if path not in elements):
            emptied.setdefault(_holder(leaf), []).append(leaf)
        for path, leaves in emptied.items():
            splices += self._emptied(self.element(path), leaves)
        return outermost(splices)

    def lift(self, leaf: Leaf, inner: Sequence[Splice]) -> list[Splice]:
        """A nested document in Base64 is encoded again as a whole, wrapped as it was; others take the edits in place."""
        if leaf.type != _BASE64 or leaf.nested is None:
            return super().lift(leaf, inner)
        raw = self.source[leaf.start : leaf.end]
        content = base64.b64encode(apply_splices(leaf.nested.source, inner))
        return [Splice(leaf.start, leaf.end, self._wide(_wrapped_like(leaf.text, content.decode())) if raw else raw)]

    def _extent(self, element: Element) -> Splice:
        at = self.tree.view.at
        return Splice(at(element.start), at(element.end), b"")

    def _emptied(self, element: Element | None, leaves: Sequence[Leaf]) -> list[Splice]:
        splices = [
            attribute_extent(self.tree, leaf) if "/@" in leaf.path else Splice(leaf.start, leaf.end, b"")
            for leaf in leaves
        ]
        if element is None or not element.kind or not _masks(element, leaves):
            return splices
        masked = self._wide(' nullFlavor="MSK"')
        for index, leaf in enumerate(leaves):
            if "/@" in leaf.path:
                splices[index] = splices[index]._replace(replacement=masked)
                return splices
        at = self.tree.view.at(_after_name(self.tree.view.text, element.start))
        return [*splices, Splice(at, at, masked)]

    def _wide(self, text: str) -> bytes:
        charset = self.tree.view.charset
        return text.encode(charset if charset.startswith(("utf-16", "utf-32")) else "ascii")


def split(source: bytes, charset: str = "") -> CdaDocument:
    """``source`` as a clinical document. Raises Malformed as ``markup.parse`` does."""
    tree = parse(source, charset)
    parts = read(tree)
    return CdaDocument(source, tree, tree.leaves(), parts)


def _holder(leaf: Leaf) -> str:
    head, separator, _ = leaf.path.rpartition("/@")
    return head if separator else leaf.path.rpartition("/")[0]


def _masks(element: Element, leaves: Sequence[Leaf]) -> bool:
    """Whether a value of a data type goes, and its element does not yet say why it is empty."""
    type_ = load().types.get(element.kind)
    valued = any("/@" not in leaf.path or leaf.path.rpartition("@")[2] in _VALUED for leaf in leaves)
    return type_ is not None and type_.data and valued and not element.attribute("nullFlavor")


def _after_name(text: str, start: int) -> int:
    found = _NAME_END.search(text, start + 1)
    return found.start() if found else start + 1


def _wrapped_like(before: str, content: str) -> str:
    lead = before[: len(before) - len(before.lstrip())]
    tail = before[len(before.rstrip()) :]
    first = _LINE.match(before, len(lead))
    if first is None:
        return lead + content + tail
    width, between = len(first[1]), first[2]
    lines = [content[index : index + width] for index in range(0, len(content), width)]
    return lead + between.join(lines) + tail


_BASE64 = "ED.base64"
_VALUED = frozenset({"value", "extension", "root", "code"})
_NAME_END = re.compile(r"[ \t\r\n/>]")
_LINE = re.compile(r"([A-Za-z0-9+/=]+)([ \t\r\n]+)(?=[A-Za-z0-9+/=])")
