"""The typed tree: every JSON object of a resource with its FHIR type, and the leaves that it holds."""

from __future__ import annotations

from typing import NamedTuple

from deidstream.core.document import Leaf
from deidstream.formats.fhir.lexer import Array, Node, Object, Scalar, text_of
from deidstream.formats.fhir.references import Target

__all__ = ["Aim", "Element", "Value", "child_of", "string_of"]


class Value(NamedTuple):
    """A primitive of an element. ``leaf.type`` is its FHIR type, '' where the definitions do not know it."""

    name: str
    leaf: Leaf
    in_part: bool = False

    def __repr__(self) -> str:
        return f"Value({self.leaf!r})"


class Aim(NamedTuple):
    """Where a Reference points: its literal taken apart, the resource type that it means, the resource if the message has it."""

    target: Target
    type: str
    kind: str
    """Whom or what: ``patient``, ``relative``, ``clinician``, ``organisation``, or '' for a thing."""
    node: Object | None

    def __repr__(self) -> str:
        return f"Aim({self.type})"


class Element:
    """One JSON object. ``type``: a resource (``Patient``), a backbone element by its path (``Patient.contact``) or a data type."""

    __slots__ = (
        "_children",
        "_values",
        "aim",
        "children",
        "name",
        "node",
        "parent",
        "path",
        "resource",
        "subject",
        "tag",
        "type",
        "values",
    )

    def __init__(
        self, node: Object, path: str, type_: str, parent: Element | None, name: str, tag: str, is_resource: bool
    ) -> None:
        self.node = node
        self.path = path
        self.type = type_
        self.parent = parent
        self.name = name
        """The JSON property that holds it."""
        self.tag = tag
        """The coded element or extension (of ``structure``) that it is part of, '' for none."""
        self.resource: Element = self if is_resource or parent is None else parent.resource
        self.children: list[Element] = []
        self.values: list[Value] = []
        self.aim: Aim | None = None
        self.subject = 0
        self._children: dict[str, Element] | None = None
        self._values: dict[str, Value] | None = None
        if parent is not None:
            parent.children.append(self)

    def __repr__(self) -> str:
        return f"Element({self.path}: {self.type})"

    def value(self, name: str) -> Value | None:
        """The first primitive ``name``. Ask only once the element is complete: the answer is remembered."""
        if self._values is None:
            self._values = {value.name: value for value in reversed(self.values)}
        return self._values.get(name)

    def text(self, name: str) -> str:
        """The text of the first primitive ``name``, '' where there is none."""
        value = self.value(name)
        return value.leaf.text if value is not None else ""

    def child(self, name: str) -> Element | None:
        """The first object at ``name``. Ask only once the element is complete."""
        if self._children is None:
            self._children = {child.name: child for child in reversed(self.children)}
        return self._children.get(name)

    def code(self, name: str) -> str:
        """The first code of the coded element at ``name``."""
        concept = self.child(name)
        coding = concept.child("coding") if concept is not None else None
        return coding.text("code") if coding is not None else ""

    def named(self, name: str) -> list[Element]:
        """All objects at ``name``, in order."""
        return [child for child in self.children if child.name == name]


def string_of(source: bytes, node: Object, name: str) -> str:
    """The string at ``name`` of an object that is not typed yet; '' where there is none."""
    found = node.members.get(name)
    return text_of(source, found) if isinstance(found, Scalar) and found.kind == '"' else ""


def child_of(node: Object, name: str) -> list[Object]:
    """The objects at ``name``: the items of an array, or the one object."""
    found: Node | None = node.members.get(name)
    items = found.items if isinstance(found, Array) else [found]
    return [item for item in items if isinstance(item, Object)]
