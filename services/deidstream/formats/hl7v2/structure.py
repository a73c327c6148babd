"""Which fields are free text, and which ST, TX or FT fields and coded fields are not. The rest follows from data types.

A leaf is free text (belongs to a part) or structured (``detection.fields.hl7v2`` knows what it is). The two modules agree:
what stands in ``DECIDED`` here has a rule there.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = [
    "CODED",
    "IDENTIFYING",
    "OBSERVATIONS",
    "PRIMITIVES",
    "TEXT_COMPONENTS",
    "TEXT_TYPES",
    "codes",
    "decided",
    "is_known_system",
]

TEXT_TYPES = frozenset({"TX", "FT", "ST"})
CODED = frozenset({"CE", "CWE", "CNE", "CF"})

PRIMITIVES = frozenset({"ST", "TX", "FT", "ID", "IS", "NM", "SI", "DT", "TM", "TS", "DTM", "TN", "SNM", "GTS", "NUL"})

IDENTIFYING = frozenset(
    """AD AUI CK CK_ACCOUNT_NO CM_AUI CM_EIP CM_FILLER CM_GROUP_ID CM_INTERNAL_LOCATION CM_LA1 CM_LICENSE_NO CM_NDL CM_PAT_ID
    CM_PAT_ID_0192 CM_PI CM_PLACER CM_PLN CM_POSITION CM_PRACTITIONER CM_SPD CN CNN CNS CN_SIMPLE CX DIN CM_DIN DLD CM_DLD DLN DR
    DR_SIMPLE DT DTM EI EIP GTS HD JCC CM_JOB_CODE LA1 LA2 NDL PI PL PLN PN PPN QIP QSC RP SAD SNM SPD TM TN TS VH VR XAD XCN XON
    XPN XTN varies""".split()  # noqa: SIM905  # a list of words
)
"""Types that the field tables read component by component; no part of theirs is free text, but for ``TEXT_COMPONENTS``."""

TEXT_COMPONENTS: dict[str, tuple[int, ...]] = {
    "AUI": (3,),
    "CM_AUI": (3,),
    "CM_PI": (3,),
    "CM_PRL": (3,),
    "CM_RFR": (7,),
    "CM_SPS": (2, 3),
    "PI": (3,),
    "PRL": (3,),
    "RFR": (7,),
    "SPS": (3,),
    "TQ": (7, 8),
}
"""Components that are free text inside a composite."""

OBSERVATIONS: dict[str, str] = {
    "11294-6": "occupation",
    "11341-5": "occupation",
    "18843-3": "occupation",
    "21611-9": "age",
    "21612-7": "age",
    "21842-0": "place",
    "21843-8": "occupation",
    "21844-6": "occupation",
    "21847-9": "occupation",
    "21112-8": "birth_date",
    "29553-5": "age",
    "30525-0": "age",
    "30972-4": "age",
    "32624-9": "ethnicity",
    "35659-2": "age",
    "39016-1": "age",
    "42077-8": "phone",
    "42784-9": "ethnicity",
    "45392-8": "name",
    "45393-6": "name",
    "45394-4": "name",
    "45396-9": "national_id",
    "45397-7": "health_plan",
    "45400-9": "health_plan",
    "45401-7": "postal_code",
    "45404-1": "marital_status",
    "46098-0": "sex",
    "46499-0": "ethnicity",
    "54120-1": "national_id",
    "54123-5": "birth_date",
    "54124-3": "birth_date",
    "54125-0": "name",
    "54131-8": "birth_date",
    "54503-8": "name",
    "54899-0": "language",
    "56051-6": "ethnicity",
    "56799-0": "street",
    "56833-7": "ethnicity",
    "63900-5": "age",
    "66477-1": "country",
    "66480-5": "country",
    "72826-1": "ethnicity",
    "76458-9": "phone",
    "76691-5": "sex",
    "77969-4": "place",
    "77970-2": "place",
    "77971-0": "postal_code",
    "78746-5": "country",
    "80913-7": "occupation",
    "81954-0": "death_date",
    "82589-3": "occupation",
}
"""LOINC codes whose answers say who somebody is, by category; read by the field tables whatever type OBX-2 names."""

_DECIDED = {
    "ACC": "3 4",
    "AUT": "3",
    "BHS": "8 9 11 12",
    "CER": "2 13",
    "DON": "26",
    "EQL": "1 4",
    "EQP": "2",
    "ERQ": "1",
    "FHS": "8 9 11 12",
    "FT1": "2 3 16 37 42",
    "GT1": "9 11 12 16 19 21 30 35 36 41 43 44 48 49 53 55 56",
    "IN1": "3 4 8 9 10 11 14 17 28 36 42 43 52",
    "IN2": "1 2 4 6 8 10 12 13 14 15 16 25 26 33 34 39 41 42 43 46 48 62 71 72",
    "IN3": "2 15 18 21",
    "IVC": "26 27 30",
    "IVT": "3 5",
    "LOC": "2",
    "MFA": "2",
    "MFE": "2",
    "MSA": "2",
    "MSH": "3 4 5 6 8 10 14",
    "NK1": "3 10 12 13 14 15 19 20 25 27 28 34 35 37 38",
    "NSC": "2 3 4 5 6 7 8 9",
    "NST": "2",
    "OBR": "18 19 20 21",
    "OBX": "15",
    "ORC": "17 18",
    "PCR": "12",
    "PD1": "19 20 21",
    "PID": "4 6 8 10 12 15 16 17 19 22 23 26 27 28 39",
    "PMT": "9 12",
    "PR1": "8 11 12",
    "PRA": "1 9",
    "PRT": "20",
    "PV1": "5 31 39",
    "PV2": "6",
    "QAK": "1",
    "QID": "1",
    "QPD": "2",
    "QRD": "4 8 11",
    "QRF": "1 4 5",
    "RXD": "7",
    "RXE": "15",
    "RX1": "26",
    "SDD": "7",
    "SPR": "1",
    "STF": "1 5 8 14 15 17 18 27 28 30 40",
    "TXA": "16",
    "UB1": "20 21 22 23",
    "UB2": "9 10 11 12 13 14 15 16",
    "URD": "3",
    "URS": "1 4 5",
    "VTQ": "1",
}
_CODES = {
    "ARQ": "12 14",
    "BHS": "1 2",
    "BTS": "1",
    "BUI": "8 9",
    "CER": "3",
    "CON": "3",
    "DON": "25",
    "DRG": "18 19",
    "DSP": "4",
    "FHS": "1 2",
    "FT1": "13 35",
    "FTS": "1",
    "IIM": "3",
    "ILT": "2",
    "IN1": "22 35 45",
    "IN2": "21 24",
    "INV": "16",
    "IPR": "8",
    "ITM": "8 9",
    "MSA": "5",
    "MSH": "1 2",
    "OBR": "5 11",
    "OBX": "4 7 8 13",
    "OM1": "1 12 20 21",
    "OM2": "1",
    "OM3": "1",
    "OM4": "1",
    "OM5": "1",
    "OM6": "1",
    "ORC": "1 5 6",
    "PD1": "1",
    "PDC": "3 4 6 7 8 11",
    "PM1": "7 23 24",
    "PRC": "6",
    "PRT": "19",
    "PSH": "1 2",
    "QRD": "10",
    "RQ1": "1 3 5",
    "RX1": "2 13",
    "RXA": "12 15",
    "RXD": "18",
    "RXE": "22 23",
    "RXG": "14 15 19",
    "RXO": "17 21",
    "SCP": "5 6",
    "SDD": "3",
    "SFT": "2 3 4",
    "SGH": "2",
    "SGT": "2",
    "SID": "2 3",
    "SLT": "2 5",
    "UB1": "2 3 4 5 6 8 9 11",
    "UB2": "2 4 5",
    "URD": "5 6",
    "VND": "3",
}


@lru_cache(maxsize=512)
def decided(segment: str) -> frozenset[int]:
    """Fields of ``segment`` that the field tables decide although their type (ST, or coded) would make them text."""
    return frozenset(map(int, _DECIDED.get(segment, "").split()))


@lru_cache(maxsize=512)
def codes(segment: str) -> frozenset[int]:
    """ST fields of ``segment`` that hold codes, measures or names of products; read as text only where they read like prose."""
    return frozenset(map(int, _CODES.get(segment, "").split()))


_SYSTEMS = frozenset(
    """ACR ANS+ ART AS4 ATC BC C4 C5 CAS CCC CD2 CDCA CDCM CDCPHINVS CDS CDT CE CLP CPT CPTM CPT4 CST CVX DCL DCM E E5 E6 E7
    ENZC FDDC FDDX FDK FIPS5_2 FIPS6_4 GDRG2004 HB HCPCS HCPT HI HPC IBT IBTNNNN ICD9CM ICD10 ICD10CM ICD10PCS ICDO ICDO2 ICDO3
    ICS ICSD IETF IUPC IUPP JC8 JC10 LB LN LOINC MCD MCR MDC MDDX MEDC MEDR MEDX MGPI MIME MVX NAICS NCI NCPDP NDA NDC NDFRT NIC
    NIST NPI NUBC NULLFL OHA OPCS4 PHINQUESTION POS RC RXNORM SCT SCT2 SDM SIC SNM SNM3 SNOMED SNT UB04FL14 UC UCUM UMD UML UNII
    UPC UPIN USPS VIS W1 W2 W4 WC""".split()  # noqa: SIM905  # a list of words
)
_PREFIXES = (
    "HL7",
    "I9",
    "I10",
    "ICD",
    "ISO",
    "CPT",
    "SNOMED",
    "LOINC",
    "IHE",
    "NCPDP",
    "2.16.840.1.113883.6.",
    "2.16.840.1.113883.5.",
    "2.16.840.1.113883.12.",
    "2.16.840.1.114222.4.5.",
    "HTTP://LOINC",
    "HTTP://SNOMED",
    "HTTP://UNITSOFMEASURE",
    "HTTP://TERMINOLOGY.HL7",
    "HTTP://HL7",
)


@lru_cache(maxsize=4096)
def is_known_system(name: str) -> bool:
    """Whether a coding system (table 0396) is published, so that its displays are nobody's own words."""
    upper = name.strip().upper().removeprefix("URN:OID:")
    return upper in _SYSTEMS or upper.startswith(_PREFIXES)
