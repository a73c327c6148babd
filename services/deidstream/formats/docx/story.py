"""What of a member of the package is text, and what of it goes whenever a document is released."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from deidstream.core.document import Leaf, Splice
from deidstream.core.errors import Malformed
from deidstream.formats.markup.document import attribute_extent
from deidstream.formats.markup.narrative import ReadingText
from deidstream.formats.markup.tree import SPACE, Element, Tree

__all__ = ["Story", "story"]

_TEXTS = frozenset({"t", "delText"})
_APART = frozenset({"instrText", "delInstrText"})
"""Codes of fields: addresses of links, names of merge fields."""
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "ptab": "\t"}
_GONE = frozenset(
    {
        *("object", "altChunk", "control", "subDoc", "dataBinding", "docPartObj", "attachedTemplate", "permStart"),
        *("tblCaption", "tblDescription", "fldData"),
    }
)
"""Elements that bring something from elsewhere, name who may edit, describe a table, or hold data in base64."""
_POINTERS = ("id", "embed", "link", "pict", "dm", "lo", "qs", "cs", "href")
_HOLDERS = frozenset({"drawing", "pict", "AlternateContent"})
_DROPPED = frozenset({"fullDate", "date", "descr", "title", "tooltip", "alt", "o:title", "dateUtc", "lastValue"})
_SAID = frozenset({"instr", "string", "displayText", "value", "anchor"})
"""Attributes that hold text: codes of fields, lettering, entries of lists, targets of links."""
_SAYING = frozenset(
    {"helpText", "statusText", "default", "listEntry", "result", "attr", "docVar", "name", "bookmarkStart"}
)
"""Elements whose ``val`` or ``name`` does."""
_NAMED = frozenset({"docPr", "cNvPr"})
_TAGS = frozenset({"alias", "tag"})


@dataclass(slots=True)
class Story:
    """``running``: its text; ``apart``: leaves that are read by themselves; ``gone``: splices of the member."""

    running: ReadingText = field(default_factory=ReadingText)
    leaves: list[Leaf] = field(default_factory=list)
    apart: list[Leaf] = field(default_factory=list)
    gone: list[Splice] = field(default_factory=list)


def story(tree: Tree, is_there: Callable[[str], bool]) -> Story:
    """Of one member. ``is_there``: whether a relationship of that id leads to something that is kept.

    Raises Malformed ``docx-not-understood`` where something that is not kept stands in no frame that can be taken out.
    """
    found = Story()
    _walk(tree, tree.root, is_there, found)
    return found


def _walk(tree: Tree, element: Element, is_there: Callable[[str], bool], found: Story) -> None:
    for node in element.content:
        name = local(element.name)
        if isinstance(node, Leaf):
            _text(node, name, found)
            continue
        kind = local(node.name)
        if kind in _GONE or (kind in _HOLDERS and any(not is_there(one) for one in _points(node))):
            found.gone.append(Splice(tree.view.at(node.start), tree.view.at(node.end), b""))
            continue
        if any(not is_there(one) for one in _own_points(node)):
            raise Malformed("docx-not-understood", node.path)
        found.gone += _attributes(tree, node, kind)
        for leaf in _said(node, kind):
            found.leaves.append(leaf)
            found.apart.append(leaf)
        if between := _between(node, kind, element):
            found.running.separate(between)
        _walk(tree, node, is_there, found)


def _between(node: Element, kind: str, parent: Element) -> str:
    """What lies between an element and the text before it: a line for a paragraph and a row, a tab for the cells of a row."""
    if kind == "tc":
        return "\t"
    if kind == "p" and local(parent.name) == "tc":
        first = next(one for one in parent.content if isinstance(one, Element) and local(one.name) == "p")
        return "" if node is first else "\n"
    return "\n" if kind in ("p", "tr") else _BREAKS.get(kind, "")


def _text(leaf: Leaf, name: str, found: Story) -> None:
    if leaf is SPACE:
        if name in _TEXTS:
            found.running.separate(" ")
    elif name in _TEXTS:
        found.leaves.append(leaf)
        found.running.add(leaf, verbatim=True)
    else:
        found.leaves.append(leaf)
        found.apart.append(leaf)


def _attributes(tree: Tree, element: Element, kind: str) -> Iterator[Splice]:
    """What the attributes of an element say beside the text: who changed it and when, what a picture is called."""
    for leaf in element.attributes:
        name = leaf.path.rpartition("/@")[2]
        short = local(name)
        if name in _DROPPED or short in _DROPPED:
            yield attribute_extent(tree, leaf)
        elif (
            short in ("author", "initials")
            or (short == "name" and kind in _NAMED)
            or (short == "val" and kind in _TAGS)
        ):
            yield Splice(leaf.start, leaf.end, b"")


def _said(element: Element, kind: str) -> Iterator[Leaf]:
    """Attributes that are read as texts are."""
    for leaf in element.attributes:
        name = local(leaf.path.rpartition("/@")[2])
        if leaf.text.strip() and (name in _SAID or (kind in _SAYING and name in ("val", "name"))):
            yield leaf


def _points(element: Element) -> Iterator[str]:
    """The ids of relationships in an element and all that is in it."""
    stack = [element]
    while stack:
        one = stack.pop()
        yield from _own_points(one)
        stack += (node for node in one.content if isinstance(node, Element))


def _own_points(element: Element) -> Iterator[str]:
    for leaf in element.attributes:
        prefix, _, name = leaf.path.rpartition("/@")[2].rpartition(":")
        if prefix == "r" and name in _POINTERS and leaf.text:
            yield leaf.text


def local(name: str) -> str:
    """Without its prefix."""
    return name.rpartition(":")[2]
