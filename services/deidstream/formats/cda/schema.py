"""What CDA R2 and its data types allow where, as data: children by element, attributes by type, what holds text.

Sources: POCD_MT000040 and the HL7 V3 Data Types R1 (ANSI/HL7 CDA R2-2005), and the extensions of ``urn:hl7-org:sdtc``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["Schema", "Type", "load"]

STRUCTURAL = 0
"""Attribute value that steers and names nobody."""
VALUE = 1
"""Attribute value that a detector must judge by its type, and where no free text may stand."""
LABEL = 2
"""Attribute value that is free text to people: a display, a name of a code system."""
OPEN = 3
"""Attribute value to be judged by its type, where any text may stand."""


class Type(NamedTuple):
    """One class or data type. ``text``: its content may be characters; ``data``: ``nullFlavor`` may say why it is empty."""

    name: str
    children: MappingProxyType[str, str]
    attributes: MappingProxyType[str, int]
    text: bool
    data: bool


class Schema(NamedTuple):
    """``types`` by name; ``roots``: the types that an element of a name may have when it stands at the top of a fragment."""

    types: MappingProxyType[str, Type]
    roots: MappingProxyType[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def load() -> Schema:
    """The tables, read once."""
    lines = files("deidstream.formats.cda").joinpath("schema.txt").read_text("utf-8").splitlines()
    shared: dict[str, str] = {}
    types: dict[str, Type] = {}
    for line in lines:
        if not line or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        children = _children(rest.split(), shared)
        if name == "+":
            shared = children
            continue
        types[name] = _type(name, children)
        types.update({part: _type(part, {}) for part in children.values() if part.startswith(f"{name}.")})
    for alias, name in _ALIASES.items():
        types[alias] = types[name]._replace(name=name)
    roots: dict[str, tuple[str, ...]] = {"ClinicalDocument": ("ClinicalDocument",)}
    for type_ in types.values():
        for element, child in type_.children.items():
            roots[element] = tuple(dict.fromkeys((*roots.get(element, ()), child)))
    return Schema(MappingProxyType(types), MappingProxyType(roots))


def _children(words: list[str], shared: dict[str, str]) -> dict[str, str]:
    children: dict[str, str] = {}
    for word in words:
        if word == "+":
            children |= shared
        else:
            element, _, type_ = word.rpartition(":")
            children[element] = type_
    return children


def _type(name: str, children: dict[str, str]) -> Type:
    base = name.partition(".")[0]
    data = base in _DATA
    if not data:
        children = {"realmCode": "CS", "typeId": "TypeId", "templateId": "TypeId"} | children
    attributes = dict.fromkeys(_ALWAYS, STRUCTURAL)
    attributes |= _DATA[base] if data else dict.fromkeys(_OF_CLASSES, STRUCTURAL)
    return Type(name, MappingProxyType(children), MappingProxyType(attributes), base in _TEXTUAL, data)


def _named(kind: int, *names: str) -> dict[str, int]:
    return dict.fromkeys(names, kind)


_ALWAYS = ("nullFlavor", "xsi:type", "xml:lang", "xml:space", "xml:id", "xsi:nil", "xsi:schemaLocation")
_OF_CLASSES = (
    "classCode",
    "moodCode",
    "determinerCode",
    "typeCode",
    "contextControlCode",
    "contextConductionInd",
    "inversionInd",
    "negationInd",
    "independentInd",
    "ID",
    "sdtc:valueSet",
    "sdtc:valueSetVersion",
)
_CODED = (
    _named(
        STRUCTURAL,
        "codeSystem",
        "codeSystemVersion",
        "sdtc:valueSet",
        "sdtc:valueSetVersion",
        "valueSet",
        "valueSetVersion",
    )
    | _named(VALUE, "code")
    | _named(LABEL, "displayName", "codeSystemName")
)
_ENCAPSULATED = _named(
    STRUCTURAL,
    "mediaType",
    "language",
    "compression",
    "integrityCheck",
    "integrityCheckAlgorithm",
    "representation",
    "ID",
)
_QUANTITY = _named(VALUE, "value") | _named(
    STRUCTURAL, "unit", "inclusive", "operator", "currency", "unsorted", "updateMode"
)
_TIME = _named(VALUE, "value") | _named(
    STRUCTURAL, "inclusive", "operator", "alignment", "institutionSpecified", "isFlexible"
)
_NAME = _named(STRUCTURAL, "use", "qualifier", "partType", "isNotOrdered") | _ENCAPSULATED
_DATA: dict[str, dict[str, int]] = (
    dict.fromkeys(("CS", "QS", "CE", "QE", "CD", "CV", "CO", "EIVL"), _CODED | _named(STRUCTURAL, "operator"))
    | dict.fromkeys(("CR",), _named(STRUCTURAL, "inverted"))
    | dict.fromkeys(("PQR",), _CODED | _QUANTITY)
    | dict.fromkeys(
        (
            "BL",
            "BN",
            "INT",
            "REAL",
            "MO",
            "PQ",
            "IVXB_PQ",
            "IVL_PQ",
            "SXCM_PQ",
            "IVXB_INT",
            "IVL_INT",
            "IVL_REAL",
            "IVL_MO",
        ),
        _QUANTITY,
    )
    | dict.fromkeys(
        ("RTO", "GLIST_PQ", "SLIST_PQ", "GLIST_TS", "SLIST_TS", "DIGITS"), _named(STRUCTURAL, "denominator", "period")
    )
    | dict.fromkeys(("TS", "SXCM_TS", "IVL_TS", "PIVL_TS", "EIVL_TS", "SXPR_TS"), _TIME)
    | dict.fromkeys(
        ("II",),
        _named(VALUE, "root") | _named(OPEN, "extension", "assigningAuthorityName") | _named(STRUCTURAL, "displayable"),
    )
    | dict.fromkeys(("TypeId",), _named(STRUCTURAL, "root", "extension", "assigningAuthorityName", "displayable"))
    | dict.fromkeys(("TEL", "URL"), _named(VALUE, "value") | _named(STRUCTURAL, "use"))
    | dict.fromkeys(("ST", "ED", "QT"), _ENCAPSULATED)
    | dict.fromkeys(("SC",), _ENCAPSULATED | _CODED)
    | dict.fromkeys(("PN", "ON", "ENP", "ENM", "AD"), _NAME)
)
_TEXTUAL = frozenset({"ST", "ED", "QT", "SC", "PN", "ON", "ENP", "ENM", "AD", "DIGITS"})
_ALIASES = {
    "EN": "PN",
    "TN": "ON",
    "IVL_RTO": "RTO",
    "RTO_PQ_PQ": "RTO",
    "RTO_QTY_QTY": "RTO",
    "RTO_MO_PQ": "RTO",
    "IVXB_TS": "TS",
    "IVXB_REAL": "IVXB_INT",
    "SXCM_INT": "INT",
    "SXCM_REAL": "REAL",
    "SXCM_CD": "CD",
    "HXIT_CE": "CE",
    "HXIT_PQ": "PQ",
    "PIVL_PPD_TS": "PIVL_TS",
    "EIVL_PPD_TS": "EIVL_TS",
    "SXCM_PPD_TS": "SXCM_TS",
    "IVL_PPD_TS": "IVL_TS",
    "PPD_TS": "TS",
    "PPD_PQ": "PQ",
    "BIN": "ED",
    "UVP_TS": "TS",
}
"""Specialisations that hold nothing beyond what their base holds."""
