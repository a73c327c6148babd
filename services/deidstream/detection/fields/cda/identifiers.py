"""Instance identifiers (II): which number it is, by the OID under which it is issued and by whose it is."""

from __future__ import annotations

import re
from typing import NamedTuple

from deidstream.core.category import Category, Role

__all__ = ["Kind", "form_of", "is_numbering", "kind_of"]


class Kind(NamedTuple):
    """A category, and the identifier type of HL7 table 0203."""

    category: Category
    id_type: str


def kind_of(root: str, role: Role, default: Category) -> Kind:
    """What an identifier under ``root`` is, in a role whose identifiers are usually ``default``."""
    known = _ROOTS.get(root)
    if known is not None:
        return known
    if root.startswith(_DRIVING_LICENCES) and root[len(_DRIVING_LICENCES) :].isdigit():
        return Kind(Category.LICENCE, "DL")
    if role is Role.PATIENT:
        return Kind(default, _TYPES.get(default, ""))
    return Kind(default, "")


def is_numbering(root: str) -> bool:
    """Whether ``root`` alone names a national numbering system, and so no one thing."""
    return root in _ROOTS


def form_of(value: str) -> str:
    """``uuid``, ``oid`` or ``number``."""
    if _UUID.fullmatch(value):
        return "uuid"
    return "oid" if _OID.fullmatch(value) else "number"


_UUID = re.compile(r"(?:urn:uuid:)?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_OID = re.compile(r"(?:urn:oid:)?[0-2](?:\.\d+){2,}")
_TYPES = {Category.MEDICAL_RECORD: "MR", Category.VISIT: "VN", Category.HEALTH_PLAN: "MB"}
_DRIVING_LICENCES = "2.16.840.1.113883.4.3."
_ROOTS = {
    "2.16.840.1.113883.4.1": Kind(Category.NATIONAL_ID, "SS"),
    "2.16.840.1.113883.4.2": Kind(Category.NATIONAL_ID, "TAX"),
    "2.16.840.1.113883.4.4": Kind(Category.NATIONAL_ID, "EN"),
    "2.16.840.1.113883.4.6": Kind(Category.LICENCE, "NPI"),
    "2.16.840.1.113883.4.7": Kind(Category.LICENCE, ""),  # CLIA
    "2.16.840.1.113883.4.8": Kind(Category.LICENCE, "UPIN"),
    "2.16.840.1.113883.4.814": Kind(Category.LICENCE, "DEA"),
    "2.16.840.1.113883.4.330": Kind(Category.NATIONAL_ID, "PPN"),
    "2.16.840.1.113883.4.572": Kind(Category.HEALTH_PLAN, "MC"),
    "2.16.840.1.113883.4.927": Kind(Category.HEALTH_PLAN, "MC"),
    "2.16.840.1.113883.4.290": Kind(Category.MEDICAL_RECORD, "MR"),
    "2.16.840.1.113883.4.349": Kind(Category.MEDICAL_RECORD, "NI"),  # US Department of Veterans Affairs
    "2.16.840.1.113883.3.3719": Kind(Category.DEVICE, ""),  # FDA UDI
    "2.16.840.1.113883.2.1.4.1": Kind(Category.NATIONAL_ID, "NI"),  # NHS number
    "2.16.840.1.113883.2.4.6.3": Kind(Category.NATIONAL_ID, "NI"),  # BSN
    "2.16.840.1.113883.2.9.4.3.2": Kind(Category.NATIONAL_ID, "NI"),  # codice fiscale
    "2.16.724.4.40": Kind(Category.NATIONAL_ID, "NI"),
    "2.16.724.4.41": Kind(Category.NATIONAL_ID, "NI"),
    "2.16.756.5.30.1.123.100.1.1.1": Kind(Category.HEALTH_PLAN, "HC"),
    "2.16.756.5.32": Kind(Category.NATIONAL_ID, "SS"),  # AHV/AVS
    "1.2.276.0.76.4.8": Kind(Category.HEALTH_PLAN, "SN"),  # KVNR
    "1.2.276.0.76.4.16": Kind(Category.LICENCE, "DN"),  # LANR
    "1.2.40.0.10.1.4.3.1": Kind(Category.NATIONAL_ID, "SS"),  # Austria
    "1.2.250.1.213.1.4.2": Kind(Category.NATIONAL_ID, "NI"),  # INS-C
    "1.2.250.1.213.1.4.8": Kind(Category.NATIONAL_ID, "NI"),  # INS-NIR
    "1.2.250.1.213.1.4.9": Kind(Category.NATIONAL_ID, "NI"),
    "1.2.250.1.71.4.2.1": Kind(Category.LICENCE, "RPPS"),
    "1.2.208.176.1.2": Kind(Category.NATIONAL_ID, "NI"),  # CPR
    "1.2.752.129.2.1.3.1": Kind(Category.NATIONAL_ID, "NI"),  # personnummer
    "2.16.578.1.12.4.1.4.1": Kind(Category.NATIONAL_ID, "NI"),
    "1.2.246.21": Kind(Category.NATIONAL_ID, "NI"),
}
