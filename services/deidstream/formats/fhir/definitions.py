"""The official element definitions: which property of which type has which type, for each version of FHIR.

The tables are compiled by ``tools/make_fhir_tables.py`` from the packages of HL7 and are loaded when first needed.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["ELEMENT_ID", "VERSIONS", "Definitions", "definitions", "extension_types", "version_of"]

VERSIONS = ("4.0", "4.3", "5.0")
"""R4, R4B and R5, in the order in which they are tried."""
ELEMENT_ID = "System.String"
"""Type of ``id`` inside an element: an anchor within the resource."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """One version. ``types`` maps a type (``Patient``, ``Patient.contact``, ``HumanName``) to its properties and their types.

    ``targets`` gives, for properties (``Observation.subject``) that are references, the resource types they may point to;
    ``repeats`` holds the properties that may be arrays;
    ``bound`` gives strength (r, e, p, x) and value set of coded elements by their path.
    """

    version: str
    types: Mapping[str, Mapping[str, str]] = field(repr=False)
    targets: Mapping[str, tuple[str, ...]] = field(repr=False)
    repeats: frozenset[str] = field(repr=False)
    resources: frozenset[str] = field(repr=False)
    primitives: frozenset[str] = field(repr=False)
    bound: Mapping[str, str] = field(repr=False)


@lru_cache(maxsize=len(VERSIONS))
def definitions(version: str) -> Definitions:
    """The definitions of ``version``, one of VERSIONS."""
    raw = _load(f"definitions-{version}.json.gz")
    types: dict[str, dict[str, str]] = raw["types"]
    targets: dict[str, tuple[str, ...]] = {}
    repeats = set()
    for owner, properties in types.items():
        for name, type_ in properties.items():
            if type_.startswith("*"):
                repeats.add(f"{owner}.{name}")
            plain, _, to = type_.removeprefix("*").partition(">")
            properties[name] = sys.intern(plain)
            if to:
                targets[f"{owner}.{name}"] = tuple(to.split("|"))
    return Definitions(
        version,
        types,
        targets,
        frozenset(repeats),
        frozenset(raw["resources"]),
        frozenset([*raw["primitives"], ELEMENT_ID]),
        raw["bound"],
    )


@lru_cache(maxsize=1)
def extension_types() -> Mapping[str, frozenset[str]]:
    """URL of each extension that HL7 defines, and the types of its value (none where it holds extensions)."""
    raw: dict[str, str] = _load("extensions.json.gz")
    return {url: frozenset(types.split("|") if types else ()) for url, types in raw.items()}


def version_of(stated: str) -> str:
    """The one of VERSIONS that a stated version (``4.0.1``, ``R4B``, ``4.3``) means, '' for none of them."""
    stated = _NAMES.get(stated.upper(), stated)
    return next((version for version in VERSIONS if stated.startswith(version)), "")


_NAMES = {"R4": "4.0", "R4B": "4.3", "R5": "5.0"}


def _load(name: str) -> Any:
    packed = resources.files(__package__).joinpath("tables", name).read_bytes()
    return json.loads(gzip.decompress(packed))  # Any: each table of our own tool has its own shape
