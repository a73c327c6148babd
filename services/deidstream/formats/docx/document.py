"""A Word document as leaves and parts, and how it is put together again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from deidstream.core.document import Document, Leaf, Part, Piece, Splice, apply_splices
from deidstream.formats.docx import pictures
from deidstream.formats.docx.labels import is_path, labels, renamed
from deidstream.formats.docx.package import TYPES, Package, is_picture, is_relationships, opened, packed, target
from deidstream.formats.docx.story import story
from deidstream.formats.markup.document import outermost, whole
from deidstream.formats.markup.tree import Element, Tree, parse
from deidstream.formats.text import TextCodec

__all__ = ["UNSEEN", "DocxDocument", "split"]

UNSEEN = "unseen"
"""The leaf that stands for what nobody who reads the text sees, and which goes with any edit."""
_MARK = "\ufffc"
_NOWHERE = b"about:blank"
"""What stands where a link led to a file."""
_UTF8 = TextCodec("utf-8")
_STORIES = ("word/document", "word/header", "word/footer", "word/footnotes", "word/endnotes", "word/comments")


class DocxDocument(Document):
    """Leaves: the text nodes of each story (``word/document.xml:/w:document/w:body/w:p/w:r/w:t``), pictures, ``unseen``."""

    format = "docx"

    def __init__(
        self, source: bytes, package: Package, body: bytes, leaves: Sequence[Leaf], parts: Sequence[Part]
    ) -> None:
        super().__init__(source, leaves, parts)
        self._body = body
        self._package = package
        self.starts: dict[str, int] = {}
        """Where each member of the package begins in ``body``."""
        self.gone: list[Splice] = []
        """Splices of ``body``: what goes with any edit."""

    @property
    def body(self) -> bytes:
        """The XML members one after the other, and a mark for each thing that is no text."""
        return self._body

    def completed(self, found: list[Splice]) -> list[Splice]:
        """The whole file, packed anew with ``found`` carried out; nothing where nothing was decided."""
        if not found:
            return []
        removed = {splice.start for splice in found}
        pictured = {leaf.path for leaf in self.leaves if leaf.type == "picture" and leaf.start in removed}
        ends = [*sorted(self.starts.values())[1:], len(self._body)]
        members = dict(self._package.members)
        for (name, start), end in zip(sorted(self.starts.items(), key=lambda item: item[1]), ends, strict=True):
            inside = [
                Splice(one.start - start, one.end - start, one.replacement)
                for one in (*found, *self.gone)
                if start <= one.start and one.end <= end and name in members
            ]
            if name != UNSEEN:
                members[name] = apply_splices(members[name], inside)
        for path in pictured:
            members[path] = pictures.blank(path)
        return [Splice(0, len(self.source), packed(members))]


def split(source: bytes, charset: str = "") -> DocxDocument:
    """The stories of ``source``. Raises Malformed as ``opened`` does, or ``docx-not-understood``."""
    package = opened(source)
    trees = {name: parse(content) for name, content in package.members.items() if not is_picture(name)}
    kept, dropped = _relationships(package, trees)
    body = bytearray()
    leaves: list[Leaf] = []
    parts: list[Part] = []
    starts: dict[str, int] = {}
    gone: list[Splice] = []

    def moved(splices: Sequence[Splice], start: int) -> Iterator[Splice]:
        return (Splice(one.start + start, one.end + start, one.replacement) for one in splices)

    for name, tree in trees.items():
        start = starts[name] = len(body)
        body += package.members[name]
        gone += moved(dropped.get(name, []), start)
        apart = list(labels(name, tree))
        leaves += (_placed(leaf, name, start) for leaf in apart)
        parts += (whole(_placed(leaf, name, start)) for leaf in apart)
        if not name.startswith(_STORIES):
            continue
        links = kept.get(f"word/_rels/{name.removeprefix('word/')}.rels", frozenset())
        found = story(tree, links.__contains__)
        gone += moved(found.gone, start)
        leaves += (_placed(leaf, name, start) for leaf in found.leaves)
        parts += (_named(part, name) for part in found.running.part(name))
        parts += (whole(_placed(leaf, name, start)) for leaf in found.apart)
    for name in kept:
        for leaf in _external(trees[name]):
            placed = _placed(leaf, name, starts[name])
            if is_path(leaf.text):
                gone.append(Splice(placed.start, placed.end, _NOWHERE))
                continue
            leaves.append(placed)
            parts.append(whole(placed))
    for name, splice in renamed(trees):
        gone += moved([splice], starts[name])
    for path, kind in (*((name, "picture") for name in package.members if is_picture(name)), (UNSEEN, UNSEEN)):
        starts[path] = len(body)
        leaves.append(Leaf(path, len(body), len(body) + len(_MARK.encode()), _MARK, _UTF8, kind, False))
        body += _MARK.encode()
    document = DocxDocument(source, package, bytes(body), leaves, parts)
    document.starts, document.gone = starts, outermost(gone)
    return document


def _placed(leaf: Leaf, member: str, start: int) -> Leaf:
    return leaf._replace(path=f"{member}:{leaf.path}", start=leaf.start + start, end=leaf.end + start)


def _named(part: Part, member: str) -> Part:
    pieces = tuple(Piece(start, end, f"{member}:{path}", offset) for start, end, path, offset in part.pieces)
    return replace(part, locator=member, pieces=pieces)


def _relationships(
    package: Package, trees: Mapping[str, Tree]
) -> tuple[dict[str, frozenset[str]], dict[str, list[Splice]]]:
    """By member: the ids that lead to something that is kept; and what goes: pointers to members that are not kept."""
    kept: dict[str, frozenset[str]] = {}
    dropped: dict[str, list[Splice]] = {}
    for name, tree in trees.items():
        if is_relationships(name):
            there = set()
            for one in _elements(tree, "Relationship"):
                if (
                    one.attribute("TargetMode") == "External"
                    or target(name, one.attribute("Target")) in package.members
                ):
                    there.add(one.attribute("Id"))
                else:
                    dropped.setdefault(name, []).append(_whole(tree, one))
            kept[name] = frozenset(there)
        elif name == TYPES:
            gone = (
                _whole(tree, one)
                for one in _elements(tree, "Override")
                if one.attribute("PartName").removeprefix("/") not in package.members
            )
            dropped[name] = [*gone, *_without_macros(tree)]
    return kept, dropped


def _without_macros(tree: Tree) -> Iterator[Splice]:
    for one in _elements(tree, "Override"):
        for leaf in one.attributes:
            if leaf.text == "application/vnd.ms-word.document.macroEnabled.main+xml":
                plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
                yield Splice(leaf.start, leaf.end, plain)


def _external(tree: Tree) -> Iterator[Leaf]:
    """Addresses of links: they are read as texts are."""
    for one in _elements(tree, "Relationship"):
        if one.attribute("TargetMode") == "External":
            yield from (leaf for leaf in one.attributes if leaf.path.endswith("/@Target"))


def _elements(tree: Tree, name: str) -> list[Element]:
    top = [node for node in tree.root.content if isinstance(node, Element)]
    return [node for one in top for node in one.content if isinstance(node, Element) and node.name == name]


def _whole(tree: Tree, element: Element) -> Splice:
    return Splice(tree.view.at(element.start), tree.view.at(element.end), b"")
