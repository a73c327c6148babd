"""Namespaces, resolved to the names that the schema uses: CDA's own plain, extensions by ``sdtc:`` or ``pharm:``."""

from __future__ import annotations

from types import MappingProxyType

from deidstream.formats.markup.tree import Element

__all__ = ["Names"]


class Names:
    """The prefixes in force at one element. Fragments need not declare the usual ones."""

    __slots__ = ("_attributes", "_elements", "_prefixes")

    def __init__(self, prefixes: MappingProxyType[str, str] | None = None) -> None:
        self._prefixes = prefixes or _USUAL
        self._elements: dict[str, str] = {}
        self._attributes: dict[str, str] = {}

    def within(self, element: Element) -> Names:
        """The prefixes inside ``element``."""
        declared = {}
        for leaf in element.attributes:
            name = leaf.path[len(element.path) + 2 :]
            if name.startswith("xmlns"):
                declared[name[6:]] = _PREFIX.get(leaf.text.strip(), "?")
        return Names(MappingProxyType({**self._prefixes, **declared})) if declared else self

    def element(self, name: str) -> str:
        """``recordTarget``, ``sdtc:raceCode``; ``?:name`` for a namespace that the schema does not have."""
        found = self._elements.get(name)
        if found is None:
            prefix, _, local = name.rpartition(":")
            space = self._prefixes.get(prefix, "?")
            found = self._elements[name] = f"{space}:{local}" if space else local
        return found

    def attribute(self, name: str) -> str:
        """The same of an attribute: one without a prefix belongs to its element."""
        if ":" not in name:
            return name
        found = self._attributes.get(name)
        if found is None:
            prefix, _, local = name.rpartition(":")
            space = self._prefixes.get(prefix, "?")
            found = self._attributes[name] = name if prefix == "xmlns" else f"{space}:{local}" if space else local
        return found


_PREFIX = {
    "urn:hl7-org:v3": "",
    "urn:hl7-org:sdtc": "sdtc",
    "urn:ihe:pharm:medication": "pharm",
    "urn:hl7-org:pharm": "pharm",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
_USUAL = MappingProxyType(
    {"": "", "cda": "", "hl7": "", "v3": "", "n1": "", "sdtc": "sdtc", "pharm": "pharm", "xsi": "xsi", "xml": "xml"}
)
