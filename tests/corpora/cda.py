"""C-CDA against the data types of the CDA schema, by element and attribute; the standard library's parser, none of our own."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from tests.corpora.account import Account

_V3 = "{urn:hl7-org:v3}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
_TEXT = {"given", "family", "streetAddressLine", "city", "postalCode"}
_TIMES = {"birthTime", "effectiveTime", "time", "low", "high", "center", "deceasedTime"}
_PERSONS = {"patientRole", "assignedAuthor", "assignedEntity", "assignedPerson", "associatedEntity", "relatedEntity"}


def check(source: bytes, output: bytes, account: Account) -> None:
    """Counts one document."""
    after = dict(_leaves(ElementTree.fromstring(output)))
    for place, (value, kind) in dict(_leaves(ElementTree.fromstring(source))).items():
        new = after.get(place, ("", ""))[0]
        if kind.startswith("?"):
            account.identifier(kind[1:], value, new)
        else:
            account.value(kind, value, new)


def _leaves(root: ElementTree.Element) -> Iterator[tuple[tuple[object, ...], tuple[str, str]]]:
    stack: list[tuple[ElementTree.Element, tuple[object, ...], str]] = [(root, (), "")]
    while stack:
        node, place, parent = stack.pop()
        name = node.tag.removeprefix(_V3)
        if node.get("nullFlavor") is None:
            yield from _own(node, name, parent, place)
        for index, child in enumerate(node):
            if node.tag != f"{_V3}text":
                stack.append((child, (*place, index), name))


def _own(
    node: ElementTree.Element, name: str, parent: str, place: tuple[object, ...]
) -> Iterator[tuple[tuple[object, ...], tuple[str, str]]]:
    value = node.get("value", "")
    if name in _TEXT and (node.text or "").strip():
        yield (*place, "text"), ((node.text or "").strip(), f"?{parent}/{name}")
    elif name == "telecom" and value:
        yield (*place, "value"), (value, "?telecom/@value")
    elif name in _TIMES and len(value) >= 8 and value[:8].isdigit():
        yield (*place, "value"), (value, f"?{name}/@value")
    elif name == "id" and parent in _PERSONS and node.get("extension"):
        yield (*place, "extension"), (node.get("extension", ""), f"?{parent}/id/@extension")
    elif name in ("code", "translation") and node.get("code"):
        yield (*place, "code"), (node.get("code", ""), "code/@code")
    elif name == "value" and node.get(_XSI) in ("PQ", "CD", "INT"):
        for attribute in ("value", "unit", "code"):
            yield (*place, attribute), (node.get(attribute, ""), f"value/@{attribute}")
    elif name == "templateId":
        yield (*place, "root"), (node.get("root", ""), "templateId/@root")
