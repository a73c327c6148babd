"""HL7 v2 against the data types of the standard, as the tables of hl7apy give them; naive splitting, none of our own parser."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.corpora.account import Account

_VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8")
_IDENTIFYING = {
    "XPN": (1, 2, 3),
    "PN": (1, 2, 3),
    "XCN": (1, 2, 3, 4),
    "CN": (1, 2, 3, 4),
    "CNN": (1, 2, 3),
    "PPN": (1, 2, 3, 4),
    "XAD": (1, 3, 5),
    "AD": (1, 3, 5),
    "SAD": (1,),
    "XTN": (1, 4, 7, 12),
    "TN": (1,),
    "CX": (1,),
    "CK": (1,),
    "DLN": (1,),
}
_DATES = {"DT", "TS", "DTM"}
_CODED = {"CE", "CWE", "CNE", "CF"}
_CLINICAL_SEGMENTS = {"OBX", "OBR", "DG1", "AL1", "PR1", "RXA", "RXE", "RXO", "RXD", "RXR", "SPM"}
_SYSTEMS = re.compile(r"LN|SCT|SNM.*|I9.*|I10.*|UCUM|CVX|MVX|NDC|RXNORM|C4|CPT.*|HL7\d{4}", re.I)
_PLACEHOLDERS = {'""', "U", "UNK", "UNKNOWN", "NONE", "N/A", "Mr", "Mr.", "Mrs", "Mrs."}
"""Values that name nobody; some messages have a title where the family name belongs."""


@cache
def _field_type(version: str, segment: str, number: int) -> str:
    for candidate in (version, "2.5.1", "2.8"):
        fields = importlib.import_module(f"hl7apy.v{candidate.replace('.', '_')}").FIELDS
        known: Any = fields.get(f"{segment}_{number}")
        if known is not None:
            return str(known[2])
    return ""


def check(source: str, output: str, account: Account) -> None:
    """Counts one message."""
    after = dict(_values(output))
    for place, value, kind, coded in list(_typed(source)):
        new = after.get(place, "")
        label = f"{place[0]}-{place[2]}.{place[4]} ({kind})"
        if value in _PLACEHOLDERS:
            continue
        if _identifies(kind, place[4], value):
            account.identifier(label, value, new)
        elif place[0] in _CLINICAL_SEGMENTS and (coded or kind in ("NM", "SN")):
            account.value(label, value, new)


def _identifies(kind: str, component: int, value: str) -> bool:
    if kind in _DATES:
        return component == 1 and re.fullmatch(r"\d{8,}(\.\d+)?([+-]\d{4})?", value) is not None
    return component in _IDENTIFYING.get(kind, ())


def _typed(source: str) -> Iterator[tuple[tuple[str, int, int, int, int, int], str, str, bool]]:
    values = dict(_values(source))
    version = values.get(("MSH", 0, 12, 0, 1, 1), "2.5.1")
    version = version if version in _VERSIONS else "2.5.1"
    for place, value in values.items():
        segment, line, number, repetition, component, _ = place
        kind = _field_type(version, segment, number)
        if segment == "OBX" and number == 5:
            kind = values.get((segment, line, 2, 0, 1, 1), "")
        coded = False
        if kind in _CODED and component in (1, 4):
            system = values.get((segment, line, number, repetition, component + 2, 1), "")
            coded = _SYSTEMS.fullmatch(system) is not None
        yield place, value, kind, coded


def _values(text: str) -> Iterator[tuple[tuple[str, int, int, int, int, int], str]]:
    lines = [line for line in re.split(r"[\r\n]+", text) if line]
    separator, (component, repeat, _, sub) = (
        lines[0][3],
        (lines[0][4:8] + "^~\\&"[len(lines[0][4:8].split(lines[0][3])[0]) :])[:4],
    )
    for number, line in enumerate(lines):
        fields = line.split(separator)
        offset = 1 if fields[0] in ("MSH", "FHS", "BHS") else 0
        for index, content in enumerate(fields[1:], 1 + offset):
            if offset and index == 2:
                continue
            for repetition, item in enumerate(content.split(repeat)):
                for place, part in enumerate(item.split(component), 1):
                    for inner, value in enumerate(part.split(sub), 1):
                        if value:
                            yield (fields[0], number, index, repetition, place, inner), value
