"""Facts of documents inside OBX-5 (type ED): a C-CDA in base64 has a header with names of its own."""

from __future__ import annotations

from collections.abc import Callable

from deidstream.core.document import NESTED, Document
from deidstream.core.fact import Fact, Reading

__all__ = ["facts_of"]


def facts_of(path: str, nested: Document, subject: int) -> list[Fact]:
    """The facts of the document at ``path``, located in the message, all of ``subject``. Text formats have none."""
    read = _reader(nested.format)
    if read is None:
        return []
    prefix = path + NESTED
    return [
        fact._replace(locator=prefix + fact.locator, subject=subject, group=prefix + fact.group if fact.group else "")
        for fact in read(nested).facts
    ]


def _reader(format_: str) -> Callable[[Document], Reading] | None:
    match format_:
        case "cda":
            from deidstream.detection.fields.cda import read as read_
        case "fhir":
            from deidstream.detection.fields.fhir import read as read_
        case "hl7v2":
            from deidstream.detection.fields.hl7v2 import read as read_
        case _:
            return None
    return read_
