"""HL7 v2.5 messages of the simulated day, UTF-8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random

from deidstream.cli.simulate.notes import note, report
from deidstream.cli.simulate.people import Patient

__all__ = ["KINDS", "merge", "register"]

_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})


def _message(kind: str, control: str, now: datetime, segments: Sequence[str]) -> bytes:
    head = f"MSH|^~\\&|HIS|STMARY|DEID|RESEARCH|{now:%Y%m%d%H%M%S}||{kind}|{control}|P|2.5|||AL|NE||UNICODE UTF-8"
    return "\r".join((head, *segments, "")).encode("utf-8")


def _pid(person: Patient) -> str:
    address = f"{person.street}^^{person.town}^{person.state}^{person.postal_code}^{person.country}"
    sex = "F" if person.sex == "female" else "M"
    return (
        f"PID|1||{person.mrn}^^^STMARY^MR~{person.national_id}^^^USSSA^SS||{person.family}^{person.given}||"
        f"{person.birth:%Y%m%d}|{sex}|||{address}||{person.phone}||{person.language}|M|||{person.national_id}"
    )


def _pv1(person: Patient, now: datetime) -> str:
    doctor = f"{person.doctor_id}^{person.doctor_family}^{person.doctor_given}^^^Dr."
    blank = "|" * 25
    return f"PV1|1|I|CARD^12^A^STMARY||||{doctor}||||||||||||{person.visit}{blank}{now:%Y%m%d%H%M}"


def _nk1(person: Patient) -> str:
    return f"NK1|1|{person.family}^{person.relative}|DAU^Daughter^HL70063|{person.street}^^{person.town}|{person.phone}"


def _admit(trigger: str) -> Callable[[Patient, str, datetime, Random], bytes]:
    def build(person: Patient, control: str, now: datetime, _: Random) -> bytes:
        event = f"EVN|{trigger}|{now:%Y%m%d%H%M%S}"
        local = f"ZPI|1|{person.given} {person.family}|VIP"
        return _message(
            f"ADT^{trigger}^ADT_A01", control, now, (event, _pid(person), _nk1(person), _pv1(person, now), local)
        )

    return build


def _results(person: Patient, control: str, now: datetime, random: Random) -> bytes:
    stamp = f"{now:%Y%m%d%H%M}"
    doctor = f"{person.doctor_id}^{person.doctor_family}^{person.doctor_given}"
    tests = (
        ("718-7", "Hemoglobin", "g/dL", 13.9),
        ("2823-3", "Potassium", "mmol/L", 4.2),
        ("2160-0", "Creatinine", "mg/dL", 0.9),
    )
    rows = [
        f"OBX|{number}|NM|{code}^{name}^LN||{value * random.uniform(0.8, 1.2):.1f}|{unit}|||||F|||{stamp}||{doctor}"
        for number, (code, name, unit, value) in enumerate(tests, 1)
    ]
    order = f"OBR|1|P{control}|F{control}|58410-2^CBC panel^LN|||{stamp}|||||||||{doctor}||||||{stamp}|||F"
    return _message("ORU^R01^ORU_R01", control, now, (_pid(person), _pv1(person, now), order, *rows))


def _radiology(person: Patient, control: str, now: datetime, _: Random) -> bytes:
    stamp = f"{now:%Y%m%d%H%M}"
    order = f"OBR|1|P{control}|F{control}|36643-5^Chest X-ray^LN|||{stamp}|||||||||||||||{stamp}|||F"
    lines = (*note(person, now).split("\n"), report(person, now))
    rows = [
        f"OBX|{number}|TX|36643-5^Chest X-ray^LN||{line.translate(_ESCAPES)}||||||F|||{stamp}"
        for number, line in enumerate(lines, 1)
    ]
    return _message("ORU^R01^ORU_R01", control, now, (_pid(person), _pv1(person, now), order, *rows))


def _order(person: Patient, control: str, now: datetime, _: Random) -> bytes:
    stamp = f"{now:%Y%m%d%H%M}"
    common = f"ORC|NW|P{control}|||SC||||{stamp}|||{person.doctor_id}^{person.doctor_family}^{person.doctor_given}"
    order = f"OBR|1|P{control}||24323-8^Metabolic panel^LN|||{stamp}"
    return _message("ORM^O01^ORM_O01", control, now, (_pid(person), _pv1(person, now), common, order))


def _document(person: Patient, control: str, now: datetime, _: Random) -> bytes:
    stamp = f"{now:%Y%m%d%H%M}"
    doctor = f"{person.doctor_id}^{person.doctor_family}^{person.doctor_given}"
    text = note(person, now).translate(_ESCAPES).replace("\n", "\\.br\\")
    segments = (
        f"EVN|T02|{stamp}",
        _pid(person),
        _pv1(person, now),
        f"TXA|1|HP|TX|{stamp}|{doctor}|||||||DOC{control}|||||AU",
        f"OBX|1|FT|34117-2^History and physical^LN||{text}||||||F",
    )
    return _message("MDM^T02^MDM_T02", control, now, segments)


def _appointment(person: Patient, control: str, now: datetime, _: Random) -> bytes:
    stamp = f"{now:%Y%m%d%H%M}"
    segments = (
        f"SCH|A{control}||||||FOLLOWUP^Follow-up^HL70276||30|min|^^30^{stamp}",
        _pid(person),
        "RGS|1",
        f"AIP|1||{person.doctor_id}^{person.doctor_family}^{person.doctor_given}",
    )
    return _message("SIU^S12^SIU_S12", control, now, segments)


def register(person: Patient, number: str, control: str, now: datetime) -> bytes:
    """An A04 in an emergency: the person comes without papers and is registered anew, under ``number``."""
    sex = "F" if person.sex == "female" else "M"
    patient = f"PID|1||{number}^^^STMARY^MR||{person.family}^{person.given}||{person.birth:%Y%m%d}|{sex}"
    event = f"EVN|A04|{now:%Y%m%d%H%M%S}"
    return _message(
        "ADT^A04^ADT_A01", control, now, (event, patient, f"PV1|1|E|ER^1^1^STMARY{'|' * 41}{now:%Y%m%d%H%M}")
    )


def merge(person: Patient, prior_mrn: str, control: str, now: datetime) -> bytes:
    """An A40: the record under ``prior_mrn`` turns out to be this person's."""
    prior = f"MRG|{prior_mrn}^^^STMARY^MR"
    return _message("ADT^A40^ADT_A39", control, now, (f"EVN|A40|{now:%Y%m%d%H%M%S}", _pid(person), prior))


KINDS: dict[str, Callable[[Patient, str, datetime, Random], bytes]] = {
    "ADT^A01": _admit("A01"),
    "ADT^A08": _admit("A08"),
    "ADT^A03": _admit("A03"),
    "ORU^R01 lab": _results,
    "ORU^R01 radiology": _radiology,
    "ORM^O01": _order,
    "MDM^T02": _document,
    "SIU^S12": _appointment,
}
"""What an ordinary event renders to, by kind."""
