"""Custom resources, held against their operators' own definitions as strictly as a server with ``--validate=strict`` is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from tests.full.java import CACHE, absent

FOLDERS = ("crds", "strimzi")
"""Where ``tests/deploy/prepare`` puts them."""
Schema = dict[str, Any]  # Any: JSON


def definitions() -> list[Path]:
    """One file a definition; says what is missing where there are none."""
    found = [file for name in FOLDERS for file in sorted((CACHE / "deploy" / name).glob("*.yaml"))]
    if not all((CACHE / "deploy" / name).exists() for name in FOLDERS):
        absent("no definitions of custom resources")
    return found


def schemas() -> dict[tuple[str, str], Schema]:
    """By apiVersion and kind, without room for a field that is none."""
    found = {}
    for file in definitions():
        spec = yaml.load(file.read_text(), yaml.CSafeLoader)["spec"]
        for version in spec["versions"]:
            if version["served"]:
                schema = version["schema"]["openAPIV3Schema"]
                schema["properties"]["metadata"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = _strict(schema)
    return found


def mistakes(resource: dict[str, Any], known: dict[tuple[str, str], Schema]) -> list[str]:
    """What is wrong with it, by place."""
    schema = known[resource["apiVersion"], resource["kind"]]
    return [f"{one.json_path}: {one.message}" for one in Draft7Validator(schema).iter_errors(resource)]


def custom(resources: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Those that Kubernetes itself does not know."""
    for one in resources:
        group = one["apiVersion"].rpartition("/")[0]
        if "." in group and not group.endswith(".k8s.io"):
            yield one


def _strict(schema: Schema) -> Schema:
    """OpenAPI as JSON Schema: unknown fields are refused, ``nullable`` and integers-or-strings are spelt out."""
    made = {name: value for name, value in schema.items() if not name.startswith("x-") and name != "nullable"}
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    for below in ("properties", "patternProperties"):
        if below in made:
            made[below] = {name: _strict(one) for name, one in made[below].items()}
    for below in ("items", "additionalProperties", "not"):
        if isinstance(made.get(below), dict):
            made[below] = _strict(made[below])
    open_ = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in made
    if "properties" in made and not open_:
        made["additionalProperties"] = False
    if schema.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    return made
