"""Which code systems are published: their displays are words of a vocabulary, not words of whoever wrote the document."""

from __future__ import annotations

__all__ = ["is_public"]


def is_public(root: str) -> bool:
    """Whether ``root`` is the OID of a published code system, by the arc that it was registered under."""
    return root.startswith(_ARCS)


_ARCS = (
    "2.16.840.1.113883.6.",  # external code systems registered by HL7: LOINC, SNOMED CT, RxNorm, ICD, CPT, NUCC, CDCREC ...
    "2.16.840.1.113883.5.",  # HL7 V3 code systems
    "2.16.840.1.113883.12.",  # HL7 V2 tables
    "2.16.840.1.113883.18.",
    "2.16.840.1.113883.1.11.",
    "2.16.840.1.113883.4.9",  # UNII
    "2.16.840.1.113883.4.642.",  # FHIR code systems
    "2.16.840.1.113883.3.26.",  # NCI thesaurus, NDF-RT
    "2.16.840.1.113883.3.88.12.",
    "2.16.840.1.113883.3.221.",
    "2.16.840.1.113883.3.2074.1",
    "2.16.840.1.113883.3.1937.",
    "2.16.840.1.113883.11.",
    "2.16.840.1.114222.4.",  # CDC PHIN
    "1.0.3166.",
    "1.0.639.",
    "1.2.840.10008.",  # DICOM
    "1.2.840.10065.1.12",  # ASTM E1762 and E1986
    "1.3.6.1.4.1.19376.",  # IHE
    "1.3.6.1.4.1.12559.11.10.1.3.1.",  # epSOS, eHDSI
    "1.2.276.0.76.5.",  # Germany: BfArM, KBV
    "1.2.40.0.34.5.",  # Austria: ELGA
    "2.16.756.5.30.",  # Switzerland
    "1.2.250.1.213.",  # France: ANS
    "2.16.840.1.113883.2.9.6.",  # Italy
    "2.16.840.1.113883.2.1.3.",  # United Kingdom
    "2.16.840.1.113883.2.4.",  # Netherlands
    "1.2.208.176.2.",  # Denmark
)
