"""What the components of each data type are: one word a component, in order.

``-``        code, measure or flag: clinical or structural, nothing to find
``text``     free text, read as a part (``formats.hl7v2.structure``)
``id``       an identifier; what it identifies, the field says
``check``    its check digit
``?``        nobody can know
lower case   a piece of a name, an address, a date, a way to reach somebody (see ``MEANINGS``)
UPPER CASE   a data type again; ``CWE=region`` a coded value that says a region

The lists are unions over the versions. A composite that is not listed has only codes and measures (``CLINICAL`` names them all).
"""

from __future__ import annotations

from typing import NamedTuple

from deidstream.core.category import Category, Role

__all__ = ["CLINICAL", "COMPONENTS", "MEANINGS", "ROLES", "SOURCES", "Meaning", "Source"]


class Meaning(NamedTuple):
    """Category and form of a component."""

    category: Category
    form: str


MEANINGS = {
    "family": Meaning(Category.NAME, "family"),
    "given": Meaning(Category.NAME, "given"),
    "middle": Meaning(Category.NAME, "middle"),
    "prefix": Meaning(Category.NAME, "prefix"),
    "suffix": Meaning(Category.NAME, "suffix"),
    "name": Meaning(Category.NAME, "name"),
    "line": Meaning(Category.STREET, "line"),
    "number": Meaning(Category.STREET, "line.number"),
    "city": Meaning(Category.CITY, "city"),
    "region": Meaning(Category.REGION, "region"),
    "postal": Meaning(Category.POSTAL_CODE, "postal_code"),
    "country": Meaning(Category.COUNTRY, "country"),
    "place": Meaning(Category.PLACE, "place"),
    "unit": Meaning(Category.PLACE, "code"),
    "phone": Meaning(Category.PHONE, "phone"),
    "contact": Meaning(Category.EMAIL, "email"),
    "date": Meaning(Category.DATE, "hl7.DTM"),
    "day": Meaning(Category.DATE, "hl7.DT"),
    "time": Meaning(Category.DATE, "hl7.TM"),
    "organisation": Meaning(Category.ORGANISATION, "name"),
    "issuer": Meaning(Category.ORGANISATION, "code"),
    "universal": Meaning(Category.ORGANISATION, "oid"),
    "job": Meaning(Category.OCCUPATION, "text"),
    "pointer": Meaning(Category.OTHER_ID, "number"),
    "?": Meaning(Category.UNKNOWN, "text"),
}

COMPONENTS = {
    # names
    "FN": "family prefix family prefix family",
    "PN": "FN given middle suffix prefix -",
    "XPN": "FN given middle suffix prefix - - - - DR - date date suffix given",
    "CN": "id FN given middle suffix prefix - - HD",
    "CN_SIMPLE": "id family given middle suffix prefix - - issuer",
    "CNN": "id family given middle suffix prefix - - issuer universal -",
    "CNS": "id family given middle suffix prefix - - issuer universal -",
    "XCN": "id FN given middle suffix prefix - - HD - check - - HD - - DR - date date suffix CWE=region CWE=organisation check -",
    "PPN": "id FN given middle suffix prefix - - HD - check - - HD date "
    "- - DR - date date suffix CWE=region CWE=organisation check -",
    "CM_PRACTITIONER": "CN -",
    "NDL": "CNN date date unit unit unit HD - - unit unit",
    "CM_NDL": "CN_SIMPLE date date unit unit unit HD - - unit unit",
    # addresses and ways to reach somebody
    "SAD": "line line number",
    "AD": "line line city region postal country - region",
    "XAD": "SAD line city region postal country - region CWE=region CWE=region - DR date date - - - - name line - - EI",
    "TN": "phone",
    "XTN": "phone - - contact phone phone phone phone phone phone phone phone date date - - EI -",
    # identifiers
    "CX": "id check - HD - HD day day CWE=region CWE=organisation check -",
    "CK": "id check - HD",
    "CK_ACCOUNT_NO": "id check - issuer",
    "CM_PAT_ID": "id check - issuer -",
    "CM_PAT_ID_0192": "id check - issuer -",
    "EI": "id issuer universal -",
    "EIP": "EI EI",
    "CM_EIP": "EI EI",
    "CM_PLACER": "id issuer",
    "CM_FILLER": "id issuer",
    "CM_GROUP_ID": "id issuer",
    "HD": "issuer universal -",
    "DLN": "id CWE=region day",
    "CM_LICENSE_NO": "id region",
    "PLN": "id - region day",
    "CM_PLN": "id - region day",
    "PI": "id - text",
    "CM_PI": "id - text",
    "AUI": "id day text",
    "CM_AUI": "id date text",
    "OSD": "- id issuer id issuer - - universal - universal -",
    "CM_OS": "- id issuer id issuer - - universal - universal -",
    "RP": "pointer HD - -",
    # places and organisations
    "PL": "unit unit unit HD - - unit unit unit EI HD",
    "LA1": "unit unit unit HD - - unit unit AD",
    "LA2": "unit unit unit HD - - unit unit line line city region postal country - region",
    "CM_LA1": "unit unit unit HD - - unit unit line line city region postal country - region",
    "CM_INTERNAL_LOCATION": "unit unit unit issuer - unit unit unit unit",
    "CM_POSITION": "unit unit unit",
    "XON": "organisation - id check - HD - HD - id",
    "DIN": "date CWE=organisation",
    "CM_DIN": "date CWE=organisation",
    "DLD": "CWE=place date",
    "CM_DLD": "CWE=place date",
    "SPD": "- organisation - day",
    "CM_SPD": "- organisation - day",
    # dates and times
    "DR": "date date",
    "DR_SIMPLE": "date date",
    "TS": "date -",
    "DTM": "date",
    "DT": "day",
    "TM": "time",
    "VH": "- - time time",
    "GTS": "?",
    # occupations
    "JCC": "CWE=job - job",
    "CM_JOB_CODE": "CWE=job -",
    # texts in composites; TQ and the waveform types by their tables
    "PRL": "- - text",
    "CM_PRL": "- - text",
    "SPS": "- - text - - - -",
    "CM_SPS": "- text text - - -",
    "RFR": "- - - - - - text",
    "CM_RFR": "- - - - - - text",
    "TQ": "- - - date date - text text - OSD - -",
    "RI": "- -",
    "ED": "HD - - - ?",
    "CF": "- text - - text - - - text - text - - - - - - - - - - -",
    "CE": "- text - - text -",
    "CWE": "- text - - text - - - text - text - - - - - - - - - - -",
    "CNE": "- text - - text - - - text - text - - - - - - - - - - -",
    # queries: a filter may hold anything
    "QIP": "- ?",
    "QSC": "- - ? -",
    "VR": "? ?",
    "CM_VR": "? ?",
    "varies": "?",
    "": "?",
}

CLINICAL = frozenset(
    """CCD CCP CD CM_ABS_RANGE CM_BATCH_TOTAL CM_CCD CM_CP CM_CSU CM_DDI CM_DLT CM_DTN CM_ELD CM_ELECTRODE CM_FINANCE CM_MDV
    CM_MOC CM_MSG CM_OCD CM_OSP CM_PARENT_RESULT CM_PCF CM_PEN CM_PIP CM_PTA CM_RANGE CM_RANGE_SIMPLE CM_RMC CM_UVC CM_WVI CP CQ
    CQ_SIMPLE CSU DDI DLT DTN ELD ERL FC ICD MA MO MOC MOP MSG NA NR OCD OG OSP PCF PIP PT PTA RCD RMC RPT SCV SN SRT
    TX_CHALLENGE UVC VID WVI WVS""".split()  # noqa: SIM905  # a list of words
)
"""Composites that have nothing identifying of their own; dates and identifiers inside them are found by their components' types."""


class Source(NamedTuple):
    """Where a type says who issued its identifier, and of what type it is (table 0203): component numbers, 0 for nowhere."""

    issuer: int
    id_type: int
    universal: int = 0


SOURCES = {
    "CX": Source(4, 5),
    "CK": Source(4, 0),
    "CK_ACCOUNT_NO": Source(4, 0),
    "CM_PAT_ID": Source(4, 5),
    "CM_PAT_ID_0192": Source(4, 5),
    "XCN": Source(9, 13),
    "PPN": Source(9, 13),
    "CN": Source(9, 0),
    "CN_SIMPLE": Source(9, 0),
    "CNN": Source(9, 0, 10),
    "CNS": Source(9, 0, 10),
    "XON": Source(6, 7),
    "EI": Source(2, 0, 3),
    "CM_PLACER": Source(2, 0),
    "CM_FILLER": Source(2, 0),
    "CM_GROUP_ID": Source(2, 0),
    "DLN": Source(2, 0),
    "CM_LICENSE_NO": Source(2, 0),
    "PLN": Source(3, 2),
    "CM_PLN": Source(3, 2),
    "PI": Source(0, 2),
    "CM_PI": Source(0, 2),
}

ROLES = {
    **dict.fromkeys(
        ("CN", "CN_SIMPLE", "CNN", "CNS", "XCN", "PPN", "NDL", "CM_NDL", "CM_PRACTITIONER"), Role.CLINICIAN
    ),
    **dict.fromkeys(("HD", "XON", "PL", "LA1", "LA2", "CM_LA1", "CM_INTERNAL_LOCATION"), Role.ORGANISATION),
}
"""Of whom a type speaks, whatever segment it stands in; the other types speak of whom the segment speaks of."""
