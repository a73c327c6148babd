"""FHIR against the official element types (``fhir_types.json``, made by ``make_fhir_types.py``); plain json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.corpora.account import Account

_IDENTIFYING = {
    "HumanName": ("family", "given", "text"),
    "Address": ("line", "city", "postalCode", "text"),
    "ContactPoint": ("value",),
    "Identifier": ("value",),
}
_DATES = {"date", "dateTime", "instant"}
_KEPT = {"code", "decimal", "integer", "positiveInt", "unsignedInt"}
_PEOPLE = {"Patient", "RelatedPerson", "Practitioner", "Person"}
_Place = tuple[str | int, ...]


@cache
def _types() -> dict[str, str]:
    return dict(json.loads((Path(__file__).parent / "fhir_types.json").read_text()))


def check(source: bytes, output: bytes, account: Account) -> None:
    """Counts one resource or bundle. What extensions mean no table of the standard says."""
    after = dict(_leaves(json.loads(output), (), ""))
    for place, (value, kind) in dict(_leaves(json.loads(source), (), "")).items():
        new = after.get(place, ("", ""))[0]
        owner, _, last = kind.rpartition(".")
        if owner in _IDENTIFYING and last in _IDENTIFYING[owner] or last in _DATES and len(value) >= 10:
            account.identifier(kind, value, new)
        elif last in _KEPT and owner in ("Coding", "Quantity") and not {"extension", "modifierExtension"} & set(place):
            account.value(kind, value, new)


def _leaves(node: Any, place: _Place, kind: str) -> Iterator[tuple[_Place, tuple[str, str]]]:
    if isinstance(node, dict):
        base = str(node.get("resourceType", kind))
        for key, value in node.items():
            yield from _leaves(value, (*place, key), _type_of(base, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, (*place, index), kind)
    elif node is not None and not isinstance(node, bool):
        yield place, (str(node), kind)


def _type_of(base: str, key: str) -> str:
    """The type of ``key`` in ``base``; a primitive is named with the type that holds it (``Identifier.value``)."""
    kind = _types().get(f"{base}.{key}", "")
    if kind in _DATES or kind in _KEPT:
        return f"{base if base in ('Coding', 'Quantity') else base.partition('.')[0]}.{kind}"
    if base in _IDENTIFYING:
        return f"{base}.{key}"
    return kind or f"{base}.{key}"
