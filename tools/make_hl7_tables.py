"""Writes the HL7 v2 data-type tables from hl7apy (MIT): ``python tools/make_hl7_tables.py`` with hl7apy 1.3.5 installed.

One gzipped JSON a version: ``segments`` maps a segment to the data types of its fields 1..n (``TYPE`` or ``TYPE:table``,
``''`` where the version skips a number), ``types`` maps a data type to those of its components.
"""

from __future__ import annotations

import gzip
import importlib
import json
from pathlib import Path
from typing import Any

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
TARGET = Path(__file__).parents[1] / "services/deidstream/formats/hl7v2/definitions"


def main() -> None:
    for version in VERSIONS:
        text = json.dumps(tables(version), sort_keys=True, separators=(",", ":"))
        # mtime 0: the same tables give the same bytes
        (TARGET / f"{version}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def tables(version: str) -> dict[str, dict[str, list[str]]]:
    package = f"hl7apy.v{version.replace('.', '_')}"
    segments = importlib.import_module(f"{package}.segments").SEGMENTS
    types = importlib.import_module(f"{package}.datatypes").DATATYPES_STRUCTS
    return {
        "segments": {
            name: row
            for name, definition in segments.items()
            if len(name) == 3 and len(definition) > 1 and (row := numbered(definition[1]))
        },
        "types": {name: numbered(children) for name, children in types.items()},
    }


def numbered(children: Any) -> list[str]:
    """The types by position; hl7apy's rows are ``(NAME_n, (kind, children, type, name, table, length), ...)``."""
    row: dict[int, str] = {}
    previous = ""
    for child in children:
        stem, _, number = child[0].rpartition("_")
        if not stem or not number.isdigit():
            return []
        # hl7apy repeats the row before where the standard says withdrawn (PID-4 in 2.8, OBR-27 in 2.7)
        row[int(number)] = "WD" if child[1][3] and child[1][3] == previous else typed(child[1])
        previous = child[1][3]
    return [row.get(number, "") for number in range(1, max(row, default=0) + 1)]


def typed(definition: Any) -> str:
    # no type: reserved, for a later version to fill
    name, table = str(definition[2] or ""), definition[4]
    if name.lower() == "wd":
        return "WD"
    return f"{name}:{table[3:]}" if table and str(table).startswith("HL7") else name


if __name__ == "__main__":
    main()
