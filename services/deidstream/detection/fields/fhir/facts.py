"""How facts are made of the values of an element."""

from __future__ import annotations

from deidstream.core.category import Category, Role
from deidstream.core.fact import Fact
from deidstream.core.span import Span
from deidstream.formats.fhir.element import Element, Value

__all__ = ["name_form", "part_of_value", "unknown", "whole_element", "whole_value"]

_LONGEST = 1000


def whole_value(value: Value, element: Element, category: Category, role: Role, form: str, group: str = "") -> Fact:
    """All of one leaf."""
    leaf = value.leaf
    return Fact(leaf.path, category, role, form, leaf.text, element.subject, group)


def part_of_value(value: Value, element: Element, category: Category, role: Role, form: str, span: Span) -> Fact:
    """The code points ``span`` of one leaf; the rest of it is structure."""
    leaf = value.leaf
    return Fact(leaf.path, category, role, form, leaf.text[span.start : span.end], element.subject, span=span)


def whole_element(value: Value, element: Element, category: Category, role: Role) -> Fact:
    """One leaf as an element without a readable value (pictures, signatures)."""
    return Fact(value.leaf.path, category, role, "", "", element.subject)


def unknown(value: Value, element: Element) -> Fact:
    """A leaf that no table knows."""
    text = value.leaf.text if len(value.leaf.text) <= _LONGEST else ""
    return Fact(value.leaf.path, Category.UNKNOWN, Role.UNKNOWN, "text", text, element.subject)


def name_form(text: str) -> str:
    """Of a whole name: ``name``, or ``name.family_first`` where a comma follows the family name."""
    return "name.family_first" if "," in text else "name"
