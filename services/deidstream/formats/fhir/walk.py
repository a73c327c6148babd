"""From the untyped tree to elements and leaves: the definitions say what each property is.

Locators are FHIRPath: ``Patient.name[0].family``, ``Bundle.entry[2].resource.ofType(Observation).subject.reference``,
``Patient.contained[0].ofType(Practitioner).name[0].text``. Properties carry their JSON names (``valueString``,
``_birthDate.extension[0].valueDateTime``), an array its indices even where it has one item. A property that the definitions
do not know is named by its ordinal in its object (``Patient.?4``), because its name may itself be content.
"""

from __future__ import annotations

from collections.abc import Collection

from deidstream.core.document import Document, Leaf
from deidstream.core.errors import Malformed
from deidstream.formats.fhir.codec import BASE64, LITERAL, STRING, decode_base64
from deidstream.formats.fhir.definitions import Definitions
from deidstream.formats.fhir.element import Element, Value, string_of
from deidstream.formats.fhir.index import Index
from deidstream.formats.fhir.lexer import Array, Node, Object, Scalar, text_of
from deidstream.formats.fhir.primitives import ADMITS_TEXT, is_well_formed
from deidstream.formats.fhir.structure import (
    CLINICAL,
    CONCEPT_EXTENSIONS,
    CONCEPTS,
    FIELD_EXTENSIONS,
    FIELDS,
    is_known_extension,
    is_known_terminology,
)

__all__ = ["Walk"]

_STRUCTURED = FIELDS | CLINICAL


class Walk:
    """One pass over one resource. ``elements``, ``leaves`` and ``free`` (leaves that are free text) are in source order."""

    def __init__(self, source: bytes, root: Object, index: Index, known: Definitions) -> None:
        self.elements: list[Element] = []
        self.leaves: list[Leaf] = []
        self.free: list[tuple[Leaf, Element]] = []
        self.undeclared = 0
        """How many values the definitions do not know in their place: the version fits best where there are fewest."""
        self._source = source
        self._index = index
        self._known = known
        self._types = known.types
        self._primitives = known.primitives
        type_ = string_of(source, root, "resourceType")
        self._object(root, type_, type_, None, "", "")

    def _object(self, node: Object, path: str, type_: str, parent: Element | None, name: str, tag: str) -> None:
        element = Element(node, path, type_, parent, name, tag, type_ in self._known.resources)
        self.elements.append(element)
        if type_ == "Reference" and parent is not None:
            targets = self._known.targets.get(f"{parent.type}.{name}", ())
            element.aim = self._index.aim(node, name, element.resource.node, targets)
        properties = self._types[type_]
        for ordinal, (key, child) in enumerate(node.members.items()):
            declared = properties.get(key)
            if declared is None:
                self._irregular(element, key, child, ordinal)
            elif isinstance(child, Array):
                if f"{type_}.{key}" not in self._known.repeats:
                    self._misfit(element, child, f"{path}.{key}")
                    continue
                for number, item in enumerate(child.items):
                    self._value(element, key, declared, item, f"{path}.{key}[{number}]")
            else:
                self._value(element, key, declared, child, f"{path}.{key}")

    def _value(self, element: Element, key: str, declared: str, node: Node, path: str) -> None:
        if isinstance(node, Scalar):
            if declared in self._primitives or declared == "xhtml":
                self._scalar(element, key, declared, node, path)
            elif node.kind != "n":
                self._misfit(element, node, path)
        elif isinstance(node, Array) or declared in self._primitives:
            self._misfit(element, node, path)
        elif declared == "Resource":
            self._resource(element, key, node, path)
        elif declared == "Extension":
            self._extension(element, key, node, path)
        else:
            own = f"{element.type}.{key}"
            self._object(node, path, declared, element, key, own if own in CONCEPTS else element.tag)

    def _resource(self, element: Element, key: str, node: Object, path: str) -> None:
        type_ = string_of(self._source, node, "resourceType")
        if type_ in self._known.resources:
            self._object(node, f"{path}.ofType({type_})", type_, element, key, "")
        else:
            self._misfit(element, node, path)

    def _extension(self, element: Element, key: str, node: Object, path: str) -> None:
        url = string_of(self._source, node, "url")
        if url in CONCEPT_EXTENSIONS or url in FIELD_EXTENSIONS:
            tag = url
        elif element.type == "Extension" and ":" not in url:
            tag = element.tag  # one field of a complex extension that is known
        elif is_known_extension(url, _value_type(node, self._primitives)):
            tag = element.tag
        else:
            self._unknown_extension(element, node, path)
            return
        self._object(node, path, "Extension", element, key, tag)

    def _unknown_extension(self, element: Element, node: Object, path: str) -> None:
        """Everything but the URL; the extension is removed with its values."""
        for ordinal, (key, child) in enumerate(node.members.items()):
            if key == "url" and len(node.members) > 1 and isinstance(child, Scalar):
                text = text_of(self._source, child)
                type_ = "canonical" if is_well_formed("canonical", child.kind, text) else ""
                self._add(element, "", child, f"{path}.url", text, type_)
            else:
                self._unknown(element, child, f"{path}.?{ordinal}")

    def _irregular(self, element: Element, key: str, node: Node, ordinal: int) -> None:
        """A property that its type does not declare: the resource type, the companion of a primitive, or unknown."""
        if key == "resourceType" and element.resource is element:
            assert isinstance(node, Scalar)
            self._add(element, key, node, f"{element.path}.{key}", element.type, "code")
            return
        declared = self._types[element.type].get(key[1:]) if key.startswith("_") else None
        if declared in self._primitives:
            path = f"{element.path}.{key}"
            if isinstance(node, Array):
                for number, item in enumerate(node.items):
                    self._companion(element, key, item, f"{path}[{number}]")
            else:
                self._companion(element, key, node, path)
            return
        self._misfit(element, node, f"{element.path}.?{ordinal}")

    def _companion(self, element: Element, key: str, node: Node, path: str) -> None:
        if isinstance(node, Object):
            own = f"{element.type}.{key[1:]}"
            self._object(node, path, "Element", element, key, own if own in CONCEPTS else element.tag)
        elif node.kind != "n":
            self._unknown(element, node, path)

    def _scalar(self, element: Element, key: str, declared: str, node: Scalar, path: str) -> None:
        if node.kind == "n":
            return
        text = text_of(self._source, node)
        if not self._is_understood(element, key, declared, node, text):
            self._add(element, key, node, path, text, "")
            return
        if declared == "xhtml" or (declared == "base64Binary" and key == "data" and element.type != "Signature"):
            self._carrier(element, key, declared, node, path, text)
            return
        free = (
            self._is_free_text(element, key)
            if declared in ADMITS_TEXT
            else self._is_wordy(element, declared, node, text)
        )
        leaf = self._add(element, key, node, path, text, declared, free)
        if free:
            self.free.append((leaf, element))

    def _is_understood(self, element: Element, key: str, declared: str, node: Scalar, text: str) -> bool:
        if is_well_formed(declared, node.kind, text):
            return True
        if declared != "code" or node.kind != '"':
            return False
        return (
            element.type == "Coding"
            or key in ("contentType", "mimeType", "payloadMimeType")
            or (key == "code" and element.type in _QUANTITIES)
        )

    def _is_free_text(self, element: Element, key: str) -> bool:
        own = f"{element.type}.{key}"
        if own == "Coding.display":
            return not element.tag and not is_known_terminology(string_of(self._source, element.node, "system"))
        if own == "Reference.display":
            return element.aim is None or not element.aim.kind
        return not element.tag and own not in _STRUCTURED

    def _is_wordy(self, element: Element, declared: str, node: Scalar, text: str) -> bool:
        """Whether a local code is written as prose, which a detector must read."""
        if declared != "code" or element.type != "Coding" or is_well_formed(declared, node.kind, text):
            return False
        return not element.tag and not is_known_terminology(string_of(self._source, element.node, "system"))

    def _carrier(self, element: Element, key: str, declared: str, node: Scalar, path: str, text: str) -> None:
        """A value that is a document itself. Not understood where its document is not."""
        raw = self._source[node.start : node.end]
        media_type = string_of(self._source, element.node, "contentType")
        nested = _open_xhtml(text) if declared == "xhtml" else _open_base64(media_type, raw)
        leaf = self._add(element, key, node, path, text, declared if nested else "", nested is not None, nested)
        if nested is not None:
            self.free.append((leaf, element))

    def _misfit(self, element: Element, node: Node, path: str) -> None:
        """What this version does not define, or defines as something else."""
        self.undeclared += 1
        self._unknown(element, node, path)

    def _unknown(self, element: Element, node: Node, path: str) -> None:
        """Every leaf at and below ``node``; what is empty or null is one too, so that nothing stays unseen."""
        if isinstance(node, Object) and node.members:
            for ordinal, child in enumerate(node.members.values()):
                self._unknown(element, child, f"{path}.?{ordinal}")
        elif isinstance(node, Array) and node.items:
            for number, item in enumerate(node.items):
                self._unknown(element, item, f"{path}[{number}]")
        else:
            text = text_of(self._source, node) if isinstance(node, Scalar) else ""
            self._add(element, "", node, path, text, "")

    def _add(
        self,
        element: Element,
        key: str,
        node: Node,
        path: str,
        text: str,
        type_: str,
        in_part: bool = False,
        nested: Document | None = None,
    ) -> Leaf:
        end = node.end if isinstance(node, Scalar) else node.stop
        codec = (BASE64 if type_ == "base64Binary" else STRING) if node.kind == '"' else LITERAL
        leaf = Leaf(path, node.start, end, text, codec, type_, type_ in ADMITS_TEXT and key != "reference", nested)
        self.leaves.append(leaf)
        element.values.append(Value(key, leaf, in_part))
        return leaf


_QUANTITIES = frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "Money"})


def _value_type(extension: Object, primitives: Collection[str]) -> str:
    """The type that the name of the value says (``valueString``: string); '' where there is no value."""
    name = next((key[5:] for key in extension.members if key.startswith("value")), "")
    lower = name[:1].lower() + name[1:]
    return lower if lower in primitives else name


def _open_xhtml(text: str) -> Document | None:
    from deidstream.formats.markup import split_markup

    try:
        return split_markup(text.encode("utf-8"))
    except Malformed:
        return None


def _open_base64(media_type: str, raw: bytes) -> Document | None:
    from deidstream.formats import open_nested

    if not media_type:
        return None
    try:
        return open_nested(media_type, decode_base64(raw))
    except Malformed:
        return None
