"""Compiles the official FHIR definitions into the tables under ``services/deidstream/formats/fhir/tables``.

    npm pack hl7.fhir.r4.examples@4.0.1 hl7.fhir.r4b.core@4.3.0 hl7.fhir.r5.core@5.0.0 hl7.fhir.uv.extensions.r5
    (unpack each into a folder)
    python tools/make_fhir_tables.py R4_FOLDER R4B_FOLDER R5_FOLDER EXTENSIONS_FOLDER

``hl7.fhir.r4.core`` is not in the registry; the R4 examples package carries the same StructureDefinitions. All are CC0.

``definitions-<version>.json.gz`` holds ``types``: for each resource, data type and backbone element (named by its path) its JSON
properties and their types. A choice ``value[x]`` is one property a type. ``*`` before a type marks what may repeat, ``>`` after
it the resource types that a reference may point to. ``bound`` gives strength (r, e, p, x) and value set of coded elements.
``extensions.json.gz`` maps the URL of each extension that HL7 defines to the types of its value ('' where it is complex).
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Definition = dict[str, Any]
OUT = Path(__file__).parent.parent / "services/deidstream/formats/fhir/tables"
VERSIONS = ("4.0", "4.3", "5.0")
STRENGTH = {"required": "r", "extensible": "e", "preferred": "p", "example": "x"}
ELEMENT_ID = "System.String"
PREFIX = "http://hl7.org/fhir/StructureDefinition/"


def main() -> None:
    *cores, extensions = map(Path, sys.argv[1:])
    for version, folder in zip(VERSIONS, cores, strict=True):
        _write(f"definitions-{version}.json.gz", _definitions(folder, version))
    _write("extensions.json.gz", dict(sorted(_extensions([*cores, extensions]))))


def _write(name: str, table: object) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    (OUT / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _structures(folder: Path) -> Iterator[Definition]:
    for path in sorted(folder.rglob("StructureDefinition-*.json")):
        yield json.loads(path.read_text("utf-8"))


def _definitions(folder: Path, version: str) -> dict[str, object]:
    types: dict[str, dict[str, str]] = {}
    bound: dict[str, str] = {}
    resources = []
    primitives = []
    for structure in _structures(folder):
        kind = structure["kind"]
        if structure.get("derivation") == "constraint" or not structure["url"].startswith(PREFIX):
            continue
        if kind == "primitive-type":
            primitives.append(structure["name"])
        elif kind in ("resource", "complex-type"):
            if kind == "resource" and not structure["abstract"]:
                resources.append(structure["name"])
            for element in structure["snapshot"]["element"]:
                _add(element, kind, types, bound)
    return {
        "version": version,
        "resources": sorted(resources),
        "primitives": primitives,
        "types": types,
        "bound": bound,
    }


def _add(element: Definition, kind: str, types: dict[str, dict[str, str]], bound: dict[str, str]) -> None:
    path: str = element["path"]
    owner, _, name = path.rpartition(".")
    if not owner:
        types.setdefault(path, {})
        return
    properties = types.setdefault(owner, {})
    repeats = "" if element["max"] in ("0", "1") else "*"
    if "contentReference" in element:
        properties[name] = repeats + element["contentReference"].rpartition("#")[2]
        return
    for type_ in element.get("type", []):
        code = _code(type_, path)
        if code == "id" and name == "id" and kind != "resource":
            code = ELEMENT_ID
        if name.endswith("[x]"):
            properties[name[:-3] + code[0].upper() + code.partition(">")[0][1:]] = code
        else:
            properties[name] = repeats + code
    binding = element.get("binding", {})
    if "valueSet" in binding:
        bound[path.removesuffix("[x]")] = f"{STRENGTH[binding['strength']]} {binding['valueSet'].partition('|')[0]}"


def _code(type_: Definition, path: str) -> str:
    code: str = type_["code"]
    if code.startswith("http://hl7.org/fhirpath/"):
        if path == "Extension.url":
            return "uri"
        return "id" if path.count(".") == 1 and path.endswith(".id") else ELEMENT_ID
    if code in ("BackboneElement", "Element"):
        return path
    targets = [profile.removeprefix(PREFIX) for profile in type_.get("targetProfile", ())]
    return f"{code}>{'|'.join(targets)}" if code in ("Reference", "CodeableReference") and targets else code


def _extensions(folders: list[Path]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        for structure in _structures(folder):
            if structure.get("type") == "Extension" and structure.get("derivation") == "constraint":
                yield structure["url"], "|".join(sorted(_value_types(structure)))


def _value_types(structure: Definition) -> set[str]:
    for element in structure["snapshot"]["element"]:
        if element["path"] in ("Extension.value[x]", "Extension.value") and element.get("max") != "0":
            return {type_["code"] for type_ in element.get("type", [])}
    return set()


if __name__ == "__main__":
    main()
