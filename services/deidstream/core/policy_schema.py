"""Policies from plain mappings, checked key by key, and the JSON schema of the same keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from deidstream.core.category import Category, Role
from deidstream.core.decision import Method
from deidstream.core.policy import DICOM_OPTIONS, Ages, Dates, Dicom, Doubt, Languages, Policy, PostalCodes
from deidstream.core.postal_codes import TABLES

__all__ = ["Invalid", "parse", "schema"]

Json = dict[str, Any]  # JSON has no narrower static type
Path = tuple[str | int, ...]


class Invalid(ValueError):
    """A policy breaks the schema at ``path``; ``hint`` says what would be right. Turned into Misconfigured with the line."""

    def __init__(self, path: Path, hint: str) -> None:
        self.path = path
        self.hint = hint
        super().__init__(f"{'.'.join(map(str, path))}: {hint}")


_LABEL: Json = {"type": "string", "minLength": 1}
_METHOD: Json = {"enum": [method.value for method in Method]}
_TERMS: Json = {"type": "array", "items": _LABEL, "uniqueItems": True}


def _by(names: Iterable[str]) -> Json:
    return {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(names, _METHOD)}


_SECTIONS: dict[str, Json] = {
    "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9.-]*$"},
    "version": _LABEL,
    "description": {"type": "string"},
    "default": _METHOD,
    "unknown": {"enum": ["redact", "drop", "quarantine", "hold", "keep", "pseudonym", "mask", "token"]},
    "categories": _by(Category),
    "roles": {
        "type": "object",
        "additionalProperties": False,
        "properties": {role.value: _by(Category) for role in Role},
    },
    "paths": {"type": "object", "additionalProperties": _METHOD},
    "keep": _TERMS,
    "redact": _TERMS,
    "dates": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "shift_days": {
                "type": "array",
                "items": {"type": "integer", "minimum": -36500, "maximum": 36500},
                "minItems": 2,
                "maxItems": 2,
            },
            "generalise_to": {"enum": ["year", "month"]},
            "order": {"enum": ["language", "day-first", "month-first"]},
        },
    },
    "ages": {
        "type": "object",
        "additionalProperties": False,
        "properties": {"cap": {"type": ["integer", "null"], "minimum": 1, "maximum": 150}},
    },
    "postal_codes": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "table": {"enum": sorted(TABLES)},
            "digits": {"type": "integer", "minimum": 0, "maximum": 3},
        },
    },
    "noise": {"type": "number", "minimum": 0, "maximum": 1},
    "doubt": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "below": {"type": "number", "minimum": 0, "maximum": 1},
            "action": {"enum": ["redact", "hold", "apply"]},
        },
    },
    "languages": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "supported": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2,3}$"}, "uniqueItems": True},
            "unsupported": {"enum": ["redact", "hold", "quarantine", "accept"]},
        },
    },
    "dicom": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "options": {"type": "array", "items": {"enum": list(DICOM_OPTIONS)}, "uniqueItems": True},
            "pixels": {"enum": ["examine", "quarantine", "trust-header", "keep"]},
            "heads": {"enum": ["remove", "quarantine", "keep"]},
        },
    },
}


def schema() -> Json:
    """The JSON schema (2020-12) of a policy file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://deidstream.dev/schemas/policy-1.json",
        "title": "deidstream policy",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "version"],
        "properties": _SECTIONS,
    }


def parse(content: object) -> Policy:
    """The policy that ``content`` (of a YAML or JSON file) describes. Raises Invalid at the first breach of the schema."""
    _check(content, schema(), ())
    assert isinstance(content, dict)
    values = dict(content)
    for key, make in _MAKERS.items():
        if key in values:
            values[key] = make(values[key])
    policy = Policy(**values)
    low, high = policy.dates.shift_days
    if {"retain-longitudinal-temporal-full-dates", "retain-longitudinal-temporal-modified-dates"} <= {
        *policy.dicom.options
    }:
        raise Invalid(("dicom", "options"), "dates stay in full or are modified, not both")
    if low > high or low == high == 0:
        raise Invalid(("dates", "shift_days"), "needs the least offset first, and another offset than 0")
    return policy


def _methods(chosen: Mapping[str, str]) -> dict[Category, Method]:
    return {Category(key): Method(value) for key, value in chosen.items()}


_MAKERS: dict[str, Callable[[Any], object]] = {
    "default": Method,
    "unknown": Method,
    "categories": _methods,
    "roles": lambda roles: {Role(role): _methods(chosen) for role, chosen in roles.items()},
    "paths": lambda paths: {path: Method(value) for path, value in paths.items()},
    "keep": tuple,
    "redact": tuple,
    "noise": float,
    "dates": lambda dates: Dates(
        **{**dates, **({"shift_days": tuple(dates["shift_days"])} if "shift_days" in dates else {})}
    ),
    "ages": lambda ages: Ages(**ages),
    "postal_codes": lambda codes: PostalCodes(**codes),
    "doubt": lambda doubt: Doubt(**doubt),
    "dicom": lambda chosen: Dicom(
        **{**chosen, **({"options": tuple(sorted(chosen["options"]))} if "options" in chosen else {})}
    ),
    "languages": lambda tags: Languages(
        **{**tags, **({"supported": tuple(tags["supported"])} if "supported" in tags else {})}
    ),
}

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def _check(value: object, rule: Json, path: Path) -> None:
    """As much of JSON Schema as ours uses, with messages for people. Values are not repeated in them."""
    if "enum" in rule:
        if value not in rule["enum"]:
            raise Invalid(path, _expected(value, rule["enum"]))
        return
    _check_type(value, rule, path)
    if isinstance(value, dict):
        _check_mapping(value, rule, path)
    elif isinstance(value, list):
        if not rule.get("minItems", 0) <= len(value) <= rule.get("maxItems", len(value)):
            raise Invalid(path, f"needs {rule['minItems']} entries")
        for index, item in enumerate(value):
            _check(item, rule["items"], (*path, index))
    elif isinstance(value, str):
        _check_text(value, rule, path)
    elif isinstance(value, (int, float)) and not rule.get("minimum", value) <= value <= rule.get("maximum", value):
        raise Invalid(path, f"must lie between {rule.get('minimum')} and {rule.get('maximum')}")


def _check_type(value: object, rule: Json, path: Path) -> None:
    names = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
    allowed = tuple(kind for name in names for kind in _TYPES[name])
    if not isinstance(value, allowed) or isinstance(value, bool):
        hint = f"must be {' or '.join(names)}, is {type(value).__name__}"
        if names == ["string"] and isinstance(value, (int, float)):
            hint += "; put it in quotes"
        raise Invalid(path, hint)


def _check_mapping(value: dict[object, object], rule: Json, path: Path) -> None:
    known = rule.get("properties", {})
    for key, item in value.items():
        if not isinstance(key, str):
            raise Invalid((*path, str(key)), "a key must be text; put it in quotes")
        if key in known:
            _check(item, known[key], (*path, key))
        elif rule.get("additionalProperties") is False:
            raise Invalid((*path, key), _expected(key, known))
        else:
            _check(item, rule["additionalProperties"], (*path, key))
    for key in rule.get("required", ()):
        if key not in value:
            raise Invalid(path, f"the key '{key}' is missing")


def _check_text(value: str, rule: Json, path: Path) -> None:
    if len(value) < rule.get("minLength", 0):
        raise Invalid(path, "must not be empty")
    if "pattern" in rule and not re.search(rule["pattern"], value):
        raise Invalid(path, f"must match {rule['pattern']}")


def _expected(value: object, choices: Iterable[str]) -> str:
    names = sorted(choices)
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"must be one of: {', '.join(names)}"
