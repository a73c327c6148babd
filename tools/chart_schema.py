"""Writes what ``config`` may hold into the chart's ``values.schema.json``, as the code has it: ``python tools/chart_schema.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deidstream.cli.config import schema_of

FILE = Path(__file__).parents[1] / "helm/deidstream/values.schema.json"
_SILENT = ("title", "default", "writeOnly", "format")
"""Nothing is refused by them."""
_FOLLOWS = [
    "state",
    "bus",
    "database",
    "keys",
    "keys_provided",
    "vault",
    "kms",
    "artifacts",
    "artifacts_access",
    "chains",
    "replicas",
    "health",
]
"""Of ``deployment``: the chart refuses them itself, and says where they belong."""
Schema = dict[str, Any]  # Any: JSON


def with_config(values: Schema) -> Schema:
    """``values``, with the sections of the configuration as they are now."""
    whole = schema_of()
    sections = values["properties"]["config"]["properties"]
    for name in sections:
        sections[name] = {"description": sections[name]["description"], "$ref": f"#/$defs/{name}"}
    whole["properties"]["deployment"]["properties"] |= {name: {} for name in _FOLLOWS}
    definitions = whole["$defs"] | {name: whole["properties"][name] for name in sections}
    return {**values, "$defs": {name: _told(one) for name, one in sorted(definitions.items())}}


def written(values: Schema) -> str:
    """As the file has it."""
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _told(schema: Schema) -> Schema:
    """What refuses the same, and says less when it does. A property may be null: so Helm unsets what a file before had."""
    if "discriminator" in schema:
        return _chosen(schema["discriminator"])
    told = {name: value for name, value in schema.items() if name not in _SILENT}
    if "properties" in told:
        told["properties"] = {name: _nullable(_told(one)) for name, one in told["properties"].items()}
    for below in ("items", "additionalProperties"):
        if isinstance(told.get(below), dict):
            told[below] = _told(told[below])
    for several in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if several in told:
            told[several] = [_told(one) for one in told[several]]
    return told


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str) and "enum" not in schema and "const" not in schema:
        return schema | {"type": [schema["type"], "null"]}
    return schema


def _chosen(discriminator: Schema) -> Schema:
    """One of several, by the value of one property: what is said is about that one alone."""
    name, mapping = discriminator["propertyName"], discriminator["mapping"]
    return {
        "type": "object",
        "required": [name],
        "properties": {name: {"enum": list(mapping)}},
        "allOf": [
            {"if": {"properties": {name: {"const": value}}}, "then": {"$ref": there}}
            for value, there in mapping.items()
        ],
    }


if __name__ == "__main__":
    FILE.write_text(written(with_config(json.loads(FILE.read_text()))))
