"""What a person reads in a message: the few fields and notes that the demo shows, out of HL7 v2 or FHIR."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import Any

__all__ = ["Glance", "glance", "lines", "plain"]

Json = Any  # any JSON value
_BREAKS = {"\\.br\\": "\n", "\\T\\": "&", "\\S\\": "^", "\\R\\": "~", "\\F\\": "|", "\\E\\": "\\"}
_FOLDS = {"PID": (5, 11, 13), "NK1": (4,)}
_TAG = re.compile(r"<[^>]*>")
_WRITTEN = re.compile(r"\b(\d\d)/(\d\d)/(\d{4})\b")


@dataclass(frozen=True, slots=True)
class Glance:
    """Who a message is about, as it says itself; '' or None where it does not."""

    name: str = field(repr=False, default="")
    number: str = field(repr=False, default="")
    birth: str = field(repr=False, default="")
    phone: str = field(repr=False, default="")
    dates: tuple[tuple[str, date], ...] = field(repr=False, default=())
    """What happened when: (what, day)."""


def glance(format_: str, content: bytes) -> Glance:
    """The person and the dates of one message."""
    return _glance_fhir(json.loads(content)) if format_ == "fhir" else _glance_hl7(content)


def lines(format_: str, content: bytes, wanted: tuple[str, ...]) -> list[str]:
    """What to show of a message: the HL7 segments named in ``wanted`` (an ``OBX`` as its text), or a summary of a bundle."""
    if format_ == "fhir":
        return _summary(json.loads(content))
    shown: list[str] = []
    for segment in _segments(content):
        if segment[:3] == "OBX" and "OBX" in wanted:
            shown += _unescaped(_field(segment, 5)).split("\n")
        elif segment[:3] in wanted:
            shown.append(_folded(segment.rstrip("|")))
    return shown


def plain(format_: str, content: bytes) -> str:
    """Everything readable in a message, also what is wrapped in base64; for searching."""
    text = content.decode("utf-8", "replace")
    if format_ != "fhir":
        return f"{text}\n{_unescaped(text)}"
    return "\n".join((text, *_strings(json.loads(content))))


def _glance_hl7(content: bytes) -> Glance:
    found: dict[str, str] = {}
    dates: list[tuple[str, date]] = []
    for segment in _segments(content):
        kind = segment[:3]
        if kind == "PID":
            family, given, *_ = (*_field(segment, 5).split("^"), "", "")
            found |= {"name": f"{given} {family}".strip(), "number": _field(segment, 3).partition("^")[0]}
            found |= {"birth": _field(segment, 7), "phone": _field(segment, 13)}
            dates += _dated("born", _field(segment, 7))
        elif kind == "PV1":
            dates += _dated("seen on the ward (HL7 PV1-44)", _field(segment, 44))
        elif kind == "OBR":
            name = _field(segment, 4).split("^")[1:2]
            dates += _dated(f"{' '.join(name)} (HL7 OBR-7)", _field(segment, 7))
        elif kind == "OBX":
            dates += _in_text(_unescaped(_field(segment, 5)))
    return Glance(**found, dates=tuple(dates))


def _glance_fhir(bundle: Json) -> Glance:
    found: dict[str, str] = {}
    dates: list[tuple[str, date]] = []
    for resource in _resources(bundle):
        if resource["resourceType"] == "Patient":
            name = (resource.get("name") or [{}])[0]
            found["name"] = f"{' '.join(name.get('given', []))} {name.get('family', '')}".strip()
            found["number"] = (resource.get("identifier") or [{}])[0].get("value", "")
            found["birth"] = resource.get("birthDate", "")
            found["phone"] = (resource.get("telecom") or [{}])[0].get("value", "")
        elif resource["resourceType"] == "Observation":
            dates += _dated("heart rate (FHIR Observation)", resource.get("effectiveDateTime", "").replace("-", ""))
        elif resource["resourceType"] == "DocumentReference":
            dates += _in_text(_note(resource))
    return Glance(**found, dates=tuple(dates))


def _summary(bundle: Json) -> list[str]:
    shown: list[str] = []
    for resource in _resources(bundle):
        if resource["resourceType"] == "Patient":
            shown.append(f"Patient/{resource.get('id', '')}")
            shown += [f"  {key}: {value}" for key, value in _rows(resource) if value]
        elif resource["resourceType"] == "DocumentReference":
            shown += [
                f"DocumentReference/{resource.get('id', '')}",
                _note(resource),
            ]
    return shown


def _rows(patient: Json) -> list[tuple[str, str]]:
    seen = _glance_fhir({"entry": [{"resource": patient}]})
    address = (patient.get("address") or [{}])[0]
    place = (*address.get("line", []), address.get("postalCode", ""), address.get("city", ""))
    narrative = _TAG.sub("", patient.get("text", {}).get("div", ""))
    return [
        ("name", seen.name),
        ("identifier", seen.number),
        ("birthDate", seen.birth),
        ("telecom", seen.phone),
        ("address", ", ".join(step for step in place if step)),
        ("narrative", narrative),
    ]


def _resources(bundle: Json) -> list[Json]:
    return [entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry]


def _note(document: Json) -> str:
    data = document.get("content", [{}])[0].get("attachment", {}).get("data", "")
    return b64decode(data).decode("utf-8", "replace")


def _strings(value: Json) -> list[str]:
    if isinstance(value, dict):
        inner = [text for one in value.values() for text in _strings(one)]
        return [*inner, b64decode(value["data"]).decode("utf-8", "replace")] if "data" in value else inner
    if isinstance(value, list):
        return [text for one in value for text in _strings(one)]
    return [value] if isinstance(value, str) else []


def _segments(content: bytes) -> list[str]:
    return [segment for segment in content.decode("utf-8", "replace").split("\r") if segment]


def _field(segment: str, number: int) -> str:
    fields = segment.split("|")
    return fields[number] if number < len(fields) else ""


def _folded(segment: str) -> str:
    """A long segment on several lines, broken between fields; the same fields before and after."""
    fields = segment.split("|")
    starts = [0, *(number for number in _FOLDS.get(fields[0], ()) if number < len(fields)), len(fields)]
    rows = ["|".join(fields[start:end]) for start, end in pairwise(starts)]
    return "\n  |".join(rows)


def _unescaped(text: str) -> str:
    for escape, meant in _BREAKS.items():
        text = text.replace(escape, meant)
    return text


def _dated(what: str, stamp: str) -> list[tuple[str, date]]:
    try:
        return [(what, datetime.strptime(stamp[:8], "%Y%m%d").date())]
    except ValueError:
        return []


def _in_text(text: str) -> list[tuple[str, date]]:
    """The days that an English note or report names, by what stands before them."""
    names = {"admitted on ": "admitted (in the note)", "Follow-up on ": "follow-up (in the note)"}
    names["study of "] = "earlier study (in the report)"
    dates = []
    for found in _WRITTEN.finditer(text):
        what = next((name for words, name in names.items() if text[: found.start()].endswith(words)), "")
        if what:
            dates.append((what, date(int(found[3]), int(found[1]), int(found[2]))))
    return dates
