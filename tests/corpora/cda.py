"""C-CDA against the data types of the CDA schema, by element and attribute; the standard library's parser, none of our own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from tests.corpora.account import Account

_V3 = "{urn:hl7-org:v3}"
_XSI = "xsi_type"
_TEXT = {"given", "family", "streetAddressLine", "city", "postalCode"}
_TIMES = {"birthTime", "effectiveTime", "time", "low", "high", "center", "deceasedTime"}
_NOT_IN_SCHEMA = {("consumable", "code"), ("section", "observation")}
"""Where two of the examples leave out what the schema requires in between: what stands there, no table of the standard says."""
_OCCUPATION = {"86188-0", "21843-8", "11341-5"}
"""LOINC: history of industry, of usual occupation, of occupation: their values identify, and policies decide about them."""
_PERSONS = {"patientRole", "assignedAuthor", "assignedEntity", "assignedPerson", "associatedEntity", "relatedEntity"}


def check(source: bytes, output: bytes, account: Account) -> None:
    """Counts one document."""
    after = dict(_leaves(_parsed(output)))
    for place, (value, kind) in dict(_leaves(_parsed(source))).items():
        new = after.get(place, ("", ""))[0]
        if kind.startswith("?"):
            account.identifier(kind[1:], value, new)
        else:
            account.value(kind, value, new)


def _parsed(content: bytes) -> ElementTree.Element:
    """Many of the examples are fragments whose prefixes nobody declares: a prefix is taken as part of the name."""
    content = re.sub(rb"(</?\w+):", rb"\1_", content)
    return ElementTree.fromstring(re.sub(rb"(\s(?:xmlns|xsi|sdtc|voc|cda)):(\w+\s*=)", rb"\1_\2", content))


def _leaves(root: ElementTree.Element) -> Iterator[tuple[tuple[object, ...], tuple[str, str]]]:
    stack: list[tuple[ElementTree.Element, tuple[object, ...], str]] = [(root, (), "")]
    while stack:
        node, place, parent = stack.pop()
        name = node.tag.removeprefix(_V3)
        if node.get("nullFlavor") is None:
            yield from _own(node, name, parent, place)
        for index, child in enumerate(node):
            place_in_schema = (name, child.tag.removeprefix(_V3)) not in _NOT_IN_SCHEMA
            if name != "text" and place_in_schema and not _says_occupation(node):
                stack.append((child, (*place, index), name))


def _says_occupation(node: ElementTree.Element) -> bool:
    return any(child.tag.removeprefix(_V3) == "code" and child.get("code") in _OCCUPATION for child in node)


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
