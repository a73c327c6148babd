"""Facts of documents inside OBX-5 (type ED): a C-CDA in base64 has a header with names of its own."""

from __future__ import annotations

from deidstream.core.document import NESTED, Document
from deidstream.core.fact import Fact

__all__ = ["facts_of"]

_STRUCTURED = frozenset({"cda", "fhir", "hl7v2"})


def facts_of(path: str, nested: Document, subject: int) -> list[Fact]:
    """The facts of the document at ``path``, and of those inside it, located in the message, all of ``subject``.

    Formats that state no subject of their own are read by ``fields.read``.
    """
    if nested.format not in _STRUCTURED:
        return []
    from deidstream.detection.fields import read

    prefix = path + NESTED
    return [
        fact._replace(locator=prefix + fact.locator, subject=subject, group=prefix + fact.group if fact.group else "")
        for fact in read(nested).facts
    ]
