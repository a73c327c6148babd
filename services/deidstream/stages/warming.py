"""Invented messages through the stages at start, so that tables load and patterns compile before the first real message."""

from __future__ import annotations

from collections.abc import Mapping

from deidstream import formats
from deidstream.core.case import Case, Header
from deidstream.core.errors import Unavailable
from deidstream.core.fact import Reading
from deidstream.core.outcome import Forward
from deidstream.core.subject import Subject
from deidstream.detection import fields
from deidstream.stream.runner import Stage

__all__ = ["warm"]

_PURE = ("fields", "text", "resolver", "writer")
"""Stages without side effects: what comes out of them is thrown away."""
_HL7 = (
    b"MSH|^~\\&|A|B|C|D|20260302101500||ORU^R01^ORU_R01|1|P|2.5|||AL|NE||UNICODE UTF-8\r"
    b"PID|1||1234567^^^B^MR||Doe^Jane||19700101|F|||1 Main St^^Springfield^IL^62701||(217) 555-0100\r"
    b"OBR|1|1|1|24323-8^Metabolic panel^LN|||20260302100000\r"
    b"OBX|1|TX|8251-1^Comment^LN||Mrs. Doe, seen by Dr. Roe on 3 May 2021, phone (217) 555-0100.||||||F\r"
)
_FHIR = (
    b'{"resourceType":"Patient","id":"1","text":{"status":"generated","div":"<div>Jane Doe</div>"},'
    b'"name":[{"family":"Doe","given":["Jane"]}],"birthDate":"1970-01-01"}'
)


def warm(stages: Mapping[str, Stage]) -> None:
    """Takes invented cases through those of ``stages`` that are pure, in the order of the pipeline."""
    for format_, source in (("hl7v2", _HL7), ("fhir", _FHIR)):
        document = formats.split(format_, source)
        document.reading = fields.read(document)
        case = Case(Header("0" * 32, "warming", format_, 0.0, _PURE), source, subjects=_subjects(document.reading))
        case = case.changed(document=document)
        for name in _PURE:
            if name in stages:
                case = _through(stages[name], case)


def _through(stage: Stage, case: Case) -> Case:
    try:
        onward = [one.case for one in stage.handle([case]) if isinstance(one, Forward)]
    except Unavailable:  # a model elsewhere; the first real case waits for it
        return case
    return onward[0] if onward else case


def _subjects(reading: Reading) -> tuple[Subject, ...]:
    return tuple(Subject(f"warming{number}") for number, _ in enumerate(reading.subjects))
