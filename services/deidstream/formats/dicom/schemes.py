"""Coding schemes that PS3.16 names: their codes and meanings are the same everywhere.

Designators of table 8-1 (Coding Schemes). The page of the standard could not be had here; they were read from a transcript of the
table (a FHIR code system of "Coding Schemes"), and hold all schemes of pydicom 3.0.2: those of its context groups (``pydicom.sr``),
and of its registry of UIDs (PS3.6, annex A). "99SDM" is left out: what begins with 99 may be local.
"""

from __future__ import annotations

__all__ = ["PUBLIC"]

PUBLIC = frozenset(
    "ACR ASTM-sigpurpose BARI BI C4 C5 CD2 CTV3 DC DCM DCMUID FMA HPC I10 I10C I10P I11 I9 I9C IBSI ICDO3 IETF4646 "  # noqa: SIM905
    "ISO3166_1 ISO5218_1 ISO639_1 ISO639_2 ISO_OID ITIS_TSN LN MA MAYOASRG MDC MDNS MGI MSH NBD NBG NCDR NCIt NDC NEU NICIP NPI "
    "NYUMCCG PATHLEX POS PUBCHEM_CID RADELEMENT RADLEX RFC-3881 RFC3066 RFC5646 RO RRID RXNORM SCPECG SCT SNM3 SRT UBERON "
    "UCUM UMLS UNS UPC caDSR".split()
)
