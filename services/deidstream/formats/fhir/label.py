"""The security label that says what was done to a resource (R4 6.1.1), put into its bytes."""

from __future__ import annotations

from typing import Final

from deidstream.core.document import Splice, apply_splices
from deidstream.core.errors import Malformed
from deidstream.formats.fhir.element import child_of, string_of
from deidstream.formats.fhir.lexer import Array, Object, parse

__all__ = ["SYSTEM", "label"]

SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
_DISPLAYS: Final = {"ANONYED": "anonymized", "PSEUDED": "pseudonymized"}


def label(source: bytes, code: str = "PSEUDED") -> bytes:
    """``source`` with ``code`` (PSEUDED or ANONYED) in ``meta.security`` of the resource, and of each resource of a bundle.

    All other bytes stay. A resource that has the label already gets no second one. Raises Malformed as ``split`` does.
    """
    coding = f'{{"system":"{SYSTEM}","code":"{code}","display":"{_DISPLAYS[code]}"}}'.encode()
    root = parse(source)
    resources = [root, *(resource for entry in child_of(root, "entry") for resource in child_of(entry, "resource"))]
    splices = [one for resource in resources if (one := _labelled(source, resource, code, coding)) is not None]
    return apply_splices(source, splices)


def _labelled(source: bytes, resource: Object, code: str, coding: bytes) -> Splice | None:
    meta = resource.members.get("meta")
    if meta is None:
        after = resource.members.get("id") or resource.members.get("resourceType")
        if after is None:
            raise Malformed("no-resource-type")
        return _inserted(after.stop, b',"meta":{"security":[' + coding + b"]}")
    if not isinstance(meta, Object):
        raise Malformed("meta-not-an-object", str(meta.start))
    security = meta.members.get("security")
    if security is None:
        return _appended(meta, b'"security":[' + coding + b"]")
    if not isinstance(security, Array):
        raise Malformed("security-not-an-array", str(security.start))
    labels = child_of(meta, "security")
    if any((string_of(source, one, "system"), string_of(source, one, "code")) == (SYSTEM, code) for one in labels):
        return None
    return _appended(security, coding)


def _appended(container: Object | Array, content: bytes) -> Splice:
    """``content`` as the last member or item."""
    inside = container.items if isinstance(container, Array) else list(container.members.values())
    return _inserted(inside[-1].stop, b"," + content) if inside else _inserted(container.start + 1, content)


def _inserted(position: int, content: bytes) -> Splice:
    return Splice(position, position, content)
