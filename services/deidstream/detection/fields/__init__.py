"""What the structure of a document says: one package a format, each ``read(document) -> Reading``.

Facts of documents inside values are merged in here, under locators ``outer!inner``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from deidstream.core.category import Category, Role
from deidstream.core.document import NESTED, Document
from deidstream.core.fact import Fact, Reading
from deidstream.core.subject import Identifier

__all__ = ["detector", "is_pictured", "read"]


def read(document: Document) -> Reading:
    """All that the fields of ``document``, and of the documents nested in it, say."""
    reading = _read(document)
    seen = {fact.locator.partition(NESTED)[0] for fact in reading.facts if NESTED in fact.locator}
    for path, nested in _nested(document):
        if nested.refused:
            reading = _without(reading, document, path)
        elif path not in seen:  # else the format's own reader saw to it
            reading = _merged(reading, document, path, read(nested))
    return reading


def detector(document: Document) -> str:
    """Name and version of the layer that reads this format: ``fields.hl7v2/1``."""
    return f"fields.{document.format}/1"


def is_pictured(document: Document) -> bool:
    """Whether ``document`` holds pictures whose pixels somebody should look at."""
    if document.format != "dicom":
        return document.format == "image"
    from deidstream.detection.fields.dicom import pictures

    return pictures.is_pictured(document)


def _nested(document: Document) -> Iterable[tuple[str, Document]]:
    """The documents inside values. A format that makes its leaves late keeps them by path in ``nested``."""
    kept: Mapping[str, Document] | None = getattr(document, "nested", None)
    if kept is not None:
        return kept.items()
    return [(leaf.path, leaf.nested) for leaf in document.leaves if leaf.nested is not None]


def _read(document: Document) -> Reading:
    match document.format:
        case "hl7v2":
            from deidstream.detection.fields import hl7v2

            return hl7v2.read(document)
        case "fhir":
            from deidstream.detection.fields import fhir

            return fhir.read(document)
        case "cda":
            from deidstream.detection.fields import cda

            return cda.read(document)
        case "dicom":
            from deidstream.detection.fields import dicom

            return dicom.read(document)
        case "pdf" | "docx" | "rtf":
            from deidstream.detection.fields import printed

            return printed.read(document)
        case _:
            from deidstream.detection.fields import pictures

            return pictures.read(document)


def _without(reading: Reading, document: Document, path: str) -> Reading:
    """``reading`` where nobody could read what the value at ``path`` carries: the value is unknown."""
    if any(fact.locator == path for fact in reading.facts):
        return reading
    unknown = Fact(path, Category.UNKNOWN, Role.UNKNOWN, "other", document.leaf(path).text)
    return replace(reading, facts=(*reading.facts, unknown))


def _merged(outer: Reading, document: Document, path: str, inner: Reading) -> Reading:
    """``outer`` with what a document inside the leaf at ``path`` says.

    A nested subject is the outer one that shares an identifier with it, else the one whose leaf carries the document. Its
    identifiers become links only where the outer document names nobody: an enclosure alone proves no identity.
    """
    if not (inner.facts or inner.subjects):
        return outer
    prefix = path + NESTED
    if not outer.subjects:
        facts = tuple(_moved(fact, prefix, fact.subject) for fact in inner.facts)
        return replace(inner, facts=outer.facts + facts)
    holder = next((part.subject for part in document.parts if part.locator.startswith(prefix)), 0)
    of = [_same(outer, identifiers, holder) for identifiers in inner.subjects] or [holder]
    facts = tuple(_moved(fact, prefix, of[min(fact.subject, len(of) - 1)]) for fact in inner.facts)
    return replace(outer, facts=outer.facts + facts, links=outer.links + inner.links)


def _same(outer: Reading, identifiers: tuple[Identifier, ...], holder: int) -> int:
    known = {(identifier.issuer, identifier.value) for identifier in identifiers}
    for number, mine in enumerate(outer.subjects):
        if any((identifier.issuer, identifier.value) in known for identifier in mine):
            return number
    return holder


def _moved(fact: Fact, prefix: str, subject: int) -> Fact:
    group = prefix + fact.group if fact.group else ""
    return fact._replace(locator=prefix + fact.locator, group=group, subject=subject)
