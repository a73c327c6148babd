"""A FHIR resource in JSON as a document of leaves and parts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from deidstream.core.document import Document, Leaf, Part, Piece, Splice, apply_splices
from deidstream.core.errors import Malformed, Unsafe
from deidstream.formats.fhir.codec import STRING, encode_base64
from deidstream.formats.fhir.definitions import VERSIONS, definitions, version_of
from deidstream.formats.fhir.element import Element, string_of
from deidstream.formats.fhir.index import Index
from deidstream.formats.fhir.lexer import Array, Object, Scalar, parse
from deidstream.formats.fhir.removal import find, removals
from deidstream.formats.fhir.subjects import Person, assign
from deidstream.formats.fhir.walk import Walk

__all__ = ["MAX_ENTRIES", "FhirDocument", "split"]

MAX_ENTRIES = 20_000
"""Entries of one bundle; larger sets travel as NDJSON."""


class FhirDocument(Document):
    """``root`` is the untyped tree, ``elements`` the typed one in source order, ``people`` the subjects of the message."""

    format = "fhir"

    def __init__(self, source: bytes, root: Object, walk: Walk, version: str) -> None:
        super().__init__(source, walk.leaves)
        self.version = version
        """Of the definitions that were applied: ``4.0``, ``4.3`` or ``5.0``."""
        self.root = root
        self.elements: list[Element] = walk.elements
        self.people: list[Person] = assign(walk.elements)
        self.nested = {leaf.path: leaf.nested for leaf, _ in walk.free if leaf.nested is not None}
        """The documents inside values, by locator."""
        self.parts = self._parts(walk)

    def _parts(self, walk: Walk) -> list[Part]:
        """A part for each free text, and the parts of documents inside, in source order."""
        parts: list[Part] = []
        for leaf, element in walk.free:
            language = element.resource.text("language")
            if leaf.nested is not None:
                parts += self._nested_parts(leaf.path, leaf.nested, element.subject, language)
            elif leaf.text:
                pieces = (Piece(0, len(leaf.text), leaf.path),)
                parts.append(Part(leaf.path, leaf.text, pieces, element.subject, language))
        return parts

    def _nested_parts(self, path: str, nested: Document, subject: int, language: str) -> list[Part]:
        """Those of a document inside: of our subject, where we have any; of its own otherwise."""
        from deidstream.formats import nest

        parts = nest(path, nested, subject if self.people else None)
        return [part if part.language else replace(part, language=language) for part in parts]

    @property
    def type(self) -> str:
        """The resource type."""
        return self.elements[0].type

    def removals(self, paths: Sequence[str]) -> list[Splice]:
        """See ``removal``. A path may name a leaf, an object or an array item."""
        return removals(self.root, paths)

    def lift(self, leaf: Leaf, inner: Sequence[Splice]) -> list[Splice]:
        """Base64 is written anew, in lines as before, with the ``size`` and ``hash`` that stand beside it."""
        if leaf.type != "base64Binary":
            return super().lift(leaf, inner)
        if leaf.nested is None:
            raise Unsafe("no-such-locator", leaf.path)
        content = apply_splices(leaf.nested.source, inner)
        raw = self.source[leaf.start : leaf.end]
        return [Splice(leaf.start, leaf.end, encode_base64(content, raw)), *self._measures(leaf, content)]

    def _measures(self, leaf: Leaf, content: bytes) -> list[Splice]:
        owner = find(self.root, leaf.path.rpartition(".")[0])
        assert isinstance(owner, Object)
        splices = []
        for name, measure in (("size", str(len(content)).encode()), ("hash", _sha1(content))):
            node = owner.members.get(name)
            if isinstance(node, Scalar):
                splices.append(Splice(node.start, node.end, measure))
        return splices


def split(source: bytes, charset: str = "", version: str = "") -> FhirDocument:
    """The resource that ``source`` is. ``charset`` is ignored: FHIR JSON is UTF-8 (R4 2.6.2).

    ``version`` (``4.0``, ``4.3``, ``5.0``, or as FHIR writes it) is what the sender states; else the definitions that know all
    properties are taken, R4 first. Raises Malformed: ``invalid-utf-8``, ``not-utf-8``, ``invalid-json``, ``duplicate-key``,
    ``nested-too-deep``, ``too-many-values``, ``too-many-entries``, ``content-after-the-end``, ``not-an-object``, ``empty``,
    ``no-resource-type``, ``unknown-resource-type``.
    """
    root = parse(source)
    type_ = string_of(source, root, "resourceType")
    if not type_:
        raise Malformed("no-resource-type")
    entries = root.members.get("entry")
    if isinstance(entries, Array) and len(entries.items) > MAX_ENTRIES:
        raise Malformed("too-many-entries", f"limit {MAX_ENTRIES}")
    index = Index(source, root)
    stated = version_of(version) or version_of(string_of(source, root, "fhirVersion"))
    best: tuple[Walk, str] | None = None
    for candidate in (stated,) if stated else VERSIONS:
        known = definitions(candidate)
        if type_ not in known.resources:
            continue
        walk = Walk(source, root, index, known)
        if best is None or walk.undeclared < best[0].undeclared:
            best = walk, candidate
        if not walk.undeclared:
            break
    if best is None:
        raise Malformed("unknown-resource-type")
    return FhirDocument(source, root, *best)


def _sha1(content: bytes) -> bytes:
    """The digest that FHIR R4 and R4B ask for in ``Attachment.hash``, in base64."""
    return STRING.encode(base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode())
