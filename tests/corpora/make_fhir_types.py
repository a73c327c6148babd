"""Writes ``fhir_types.json`` from the npm package hl7.fhir.r4b.core (CC0), whose tarball is the argument."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path


def main(package: str) -> None:
    types: dict[str, str] = {}
    with tarfile.open(package) as archive:
        for member in archive:
            if member.name.startswith("package/StructureDefinition-"):
                definition = json.load(archive.extractfile(member))  # type: ignore[arg-type]
                if (
                    definition.get("kind") in ("resource", "complex-type")
                    and definition.get("derivation") == "specialization"
                ):
                    types.update(_elements(definition))
    Path(__file__).with_name("fhir_types.json").write_text(json.dumps(types, indent=0, sort_keys=True))


def _elements(definition: dict) -> dict[str, str]:
    out = {}
    for element in definition["snapshot"]["element"]:
        path = element["path"]
        codes = [kind["code"] for kind in element.get("type", ())]
        if "contentReference" in element:
            out[path] = element["contentReference"].lstrip("#")
        elif path.endswith("[x]"):
            out.update({path[:-3] + code[0].upper() + code[1:]: code for code in codes})
        elif len(codes) == 1:
            nested = codes[0] in ("BackboneElement", "Element")
            out[path] = path if nested else codes[0]
    return out


if __name__ == "__main__":
    main(sys.argv[1])
