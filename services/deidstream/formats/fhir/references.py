"""Literal, conditional and fragment references, and where in them the ids stand (R4 2.3.0.1, RESTful URLs 3.1.0.1)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_plus

from deidstream.core.span import Span

__all__ = ["QueryValue", "Target", "is_plain_version", "is_uuid", "literal", "query_values"]

_ID = r"[A-Za-z0-9\-.]{1,64}"
_LITERAL = re.compile(
    rf"(?P<base>https?://[^\s?#]+?/|/?)(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID})(?:/_history/(?P<version>{_ID}))?(?:#(?P<fragment>\S+))?",
)
_URN = re.compile(r"urn:(?P<kind>uuid|oid):(?P<id>[0-9A-Za-z.\-]+)")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_SHORT_VERSION = re.compile(r"[0-9]{1,6}")


class Target(NamedTuple):
    """What a literal reference says. ``kind``: ``literal``, ``uuid``, ``oid``, ``fragment``, ``query`` or ``other``."""

    kind: str
    type: str = ""
    id: str = ""
    span: Span = Span(0, 0)
    """Where the id stands in the reference."""
    base: str = ""
    """Server of an absolute reference, with its last slash; '' for a relative one."""
    version: Span | None = None
    """Where the version id stands."""

    def __repr__(self) -> str:
        return f"Target({self.kind}, {self.type})"


class QueryValue(NamedTuple):
    """One parameter value of a search: ``identifier=system|value``."""

    name: str
    system: str
    value: str
    span: Span

    def __repr__(self) -> str:
        return f"QueryValue({self.span})"


def literal(reference: str) -> Target:
    """Takes the text of ``Reference.reference`` (or a request URL, or a full URL) apart."""
    if reference.startswith("#"):
        return Target("fragment", "", reference[1:], Span(1, len(reference)))
    match = _LITERAL.fullmatch(reference)
    if match is not None:
        version = match.span("version")
        return Target(
            "literal",
            match["type"],
            match["id"],
            Span(*match.span("id")),
            match["base"] if len(match["base"]) > 1 else "",
            Span(*version) if version[0] >= 0 else None,
        )
    match = _URN.fullmatch(reference)
    if match is not None:
        return Target(match["kind"], "", match["id"], Span(*match.span("id")))
    if "?" in reference:
        return Target("query", reference.partition("?")[0].rpartition("/")[2])
    return Target("other")


def query_values(query: str) -> list[QueryValue]:
    """The parameter values of ``Patient?identifier=sys|val&...`` (or of the part behind the question mark)."""
    values = []
    position = query.find("?") + 1
    for parameter in query[position:].split("&"):
        name, _, value = parameter.partition("=")
        start = position + len(parameter) - len(value)
        bar = max(value.rfind("|"), value.lower().rfind("%7c") + 2 if "%7c" in value.lower() else -1)
        system = unquote_plus(value[: bar + 1])[:-1] if bar >= 0 else ""
        if value[bar + 1 :]:
            own = value[bar + 1 :]
            values.append(
                QueryValue(name.partition(":")[0], system, unquote_plus(own), Span(start + bar + 1, start + len(value)))
            )
        position += len(parameter) + 1
    return values


def is_uuid(value: str) -> bool:
    """Whether ``value`` is written as a UUID."""
    return len(value) == 36 and _UUID.fullmatch(value) is not None


def is_plain_version(version: str) -> bool:
    """Whether a version id is a mere count, which says nothing."""
    return _SHORT_VERSION.fullmatch(version) is not None
