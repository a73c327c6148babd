"""Messages that can be recognised on the other side: the number of each is its first measured value, which nothing may change."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from deidstream.adapters.sending import FhirRequest

__all__ = ["PLANTED", "messages", "number_of", "observations"]

PLANTED = (b"Winterbourne", b"Harrowgate")
"""Names in the feed that nobody may find anywhere but in a sealed case."""
_NUMBER = re.compile(rb'(?:OBX\|1\|NM\|2823-3\^Potassium\^LN\|\||"valueQuantity":\{"value":)(\d+)')
_FIRST = 1_000_000
_WAVE = "OBX|3|NA|W^wave||" + "^".join(f"{number / 7:.4f}" for number in range(10_000)) + "||||||F"
"""With it a message is larger than what fits into a record."""


def messages(count: int, seed: int, large: int = 0) -> Iterator[bytes]:
    """``count`` lab results about fifty people, numbered from 0. ``large``: every so many-th has 80 KB (0: none)."""
    for number in range(count):
        person = _person(number, seed)
        lines = [
            f"MSH|^~\\&|LAB|STMARY|DEID|X|20260302101500||ORU^R01^ORU_R01|C{seed:03}{number:06}|P|2.5|||AL|NE||UNICODE UTF-8",
            f"PID|1||81{person:05}^^^STMARY^MR||Winterbourne{person}^Alma||19610413|F",
            f"OBR|1|P{number}|F{number}|24323-8^Metabolic panel^LN|||20260302100000",
            f"OBX|1|NM|2823-3^Potassium^LN||{number + _FIRST}|mmol/L|||||F",
            "OBX|2|TX|8251-1^Comment^LN||Seen by Dr. Harrowgate on 03/02/2026.||||||F",
            *([_WAVE] if large and number % large == 0 else []),
            "",
        ]
        yield "\r".join(lines).encode()


def observations(count: int, seed: int, first: int) -> Iterator[FhirRequest]:
    """``count`` measurements of the same people as FHIR creates, numbered from ``first``."""
    for number in range(first, first + count):
        person = _person(number, seed)
        body = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
            "subject": {"identifier": {"system": "urn:oid:2.16.840.1.113883.19.5", "value": f"81{person:05}"}},
            "effectiveDateTime": "2026-03-02T10:15:00Z",
            "valueQuantity": {"value": number + _FIRST, "unit": "mmol/L"},
            "note": [{"text": f"Winterbourne{person} was seen by Dr. Harrowgate."}],
        }
        yield FhirRequest("POST", "Observation", json.dumps(body, separators=(",", ":")).encode())


def number_of(content: bytes) -> int:
    """Which message this was; raises ValueError when it cannot be told."""
    found = _NUMBER.search(content)
    if found is None:
        raise ValueError("no number in a released message")
    return int(found[1]) - _FIRST


def _person(number: int, seed: int) -> int:
    return (number * 7 + seed) % 50
