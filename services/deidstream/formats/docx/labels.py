"""Words that members beside the stories hold: labels and names of lists, names of styles, addresses of links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from deidstream.core.document import Leaf, Splice
from deidstream.formats.docx.story import local
from deidstream.formats.markup.tree import Element, Tree

__all__ = ["LISTS", "STYLES", "is_path", "labels", "renamed"]

STYLES, LISTS = "word/styles.xml", "word/numbering.xml"
_LISTED = frozenset({"lvlText", "name"})
_CALLED = frozenset({"name", "aliases"})
_STYLED = frozenset(
    {
        "style",
        "pStyle",
        "rStyle",
        "tblStyle",
        "basedOn",
        "next",
        "link",
        "styleLink",
        "numStyleLink",
        "clickAndTypeStyle",
    }
)
"""Elements that name a style by its id."""
_PLACE = re.compile(r"%\d")
_ADDRESS = re.compile(r"(?!.*file:)(?:#|[a-z][a-z\d+.-]+:)", re.IGNORECASE)


def labels(member: str, tree: Tree) -> Iterator[Leaf]:
    """What in the member is read as a text: labels of lists that are more than numbers and signs, names of the writer's styles."""
    if member == LISTS:
        for element in _all(tree):
            if local(element.name) in _LISTED:
                yield from (leaf for leaf in _values(element) if any(map(str.isalnum, _PLACE.sub("", leaf.text))))
    elif member == STYLES:
        for style in _own(tree):
            called = (node for node in style.content if isinstance(node, Element) and local(node.name) in _CALLED)
            yield from (leaf for node in called for leaf in _values(node) if leaf.text.strip())


def renamed(trees: Mapping[str, Tree]) -> Iterator[tuple[str, Splice]]:
    """Member and splice of each id that is made of the name of a style of the writer's: it becomes a number."""
    if STYLES not in trees:
        return
    own = [_id(style) for style in _own(trees[STYLES])]
    ids = {one: f"style-{number}".encode() for number, one in enumerate(own, 1) if one}
    for member, tree in trees.items() if ids else ():
        for element in _all(tree):
            if local(element.name) in _STYLED:
                for leaf in element.attributes:
                    if leaf.text in ids and local(_name(leaf)) in ("styleId", "val"):
                        yield member, Splice(leaf.start, leaf.end, ids[leaf.text])


def is_path(target: str) -> bool:
    """Whether a link leads to a file of the writer's machine or network: all that is no address of another kind."""
    return _ADDRESS.match(target.strip()) is None


def _own(tree: Tree) -> list[Element]:
    """The styles that somebody made; those that only follow a style of Word's are called as that is."""
    styles = [element for element in _all(tree) if local(element.name) == "style"]
    ids = {_id(one) for one in styles if not _is_own(one)}
    return [one for one in styles if _is_own(one) and _id(one).removesuffix("Char") not in ids]


def _is_own(style: Element) -> bool:
    return any(local(_name(leaf)) == "customStyle" for leaf in style.attributes)


def _id(style: Element) -> str:
    return next((leaf.text for leaf in style.attributes if local(_name(leaf)) == "styleId"), "")


def _values(element: Element) -> Iterator[Leaf]:
    return (leaf for leaf in element.attributes if local(_name(leaf)) == "val")


def _name(leaf: Leaf) -> str:
    return leaf.path.rpartition("/@")[2]


def _all(tree: Tree) -> Iterator[Element]:
    stack = [tree.root]
    while stack:
        element = stack.pop()
        yield element
        stack += (node for node in element.content if isinstance(node, Element))
