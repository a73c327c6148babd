"""Identify over real messages: what HL7, FHIR and CDA say about who is who, as one picture."""

from __future__ import annotations

import json

import pytest
from deidstream.adapters.memory_identity import MemoryIdentityStore
from deidstream.adapters.memory_keys import MemoryKeyRing
from deidstream.core.case import Case, Header
from deidstream.core.outcome import Forward, Hold
from deidstream.stages.identify.config import IdentifyConfig
from deidstream.stages.identify.service import Identify


class _Clock:
    def now(self) -> float:
        return 0.0


class _Feed:
    """Sends messages through one Identify and says which subjects come out."""

    def __init__(self, config: IdentifyConfig | None = None) -> None:
        self.stage = Identify(MemoryIdentityStore(MemoryKeyRing(), _Clock()), _Clock(), config)
        self.number = 0

    def send(self, source: bytes, format_: str = "hl7v2", feed: str = "adt") -> Forward:
        self.number += 1
        header = Header(f"c{self.number}", feed, format_, 0.0, ("identify",), feed)
        (outcome,) = self.stage.handle([Case(header, source)])
        assert isinstance(outcome, Forward)
        return outcome

    def subject(self, source: bytes, format_: str = "hl7v2", feed: str = "adt") -> str:
        return self.send(source, format_, feed).case.subjects[0].id


def _hl7(event: str, *segments: str) -> bytes:
    head = f"MSH|^~\\&|HIS|HOSP|DS|DS|20240102030405||{event}|{event}|P|2.5"
    return "\r".join([head, f"EVN|{event[4:7]}|20240102030405", *segments, ""]).encode()


def _pid(*identifiers: str, name: str = "DOE^JANE") -> str:
    return f"PID|1||{'~'.join(identifiers)}||{name}||19600503|F"


def _mr(value: str) -> str:
    return f"{value}^^^HOSP^MR"


def _patient(**more: object) -> bytes:
    return json.dumps({"resourceType": "Patient", **more}).encode()


def test_two_messages_about_one_patient_are_of_one_subject_and_the_second_knows_the_first() -> None:
    feed = _Feed()
    first = feed.send(_hl7("ADT^A01", _pid(_mr("4711001")), "NK1|1|DOE^RUTH|MTH"))
    second = feed.send(_hl7("ADT^A03", _pid(_mr("4711001"))))
    assert first.case.header.key == second.case.header.key
    assert (first.case.header.sequence, second.case.header.sequence) == (1, 2)
    assert "RUTH" in {item.value for item in second.case.subjects[0].known}


@pytest.mark.parametrize("event", ["ADT^A18^ADT_A18", "ADT^A34^ADT_A30", "ADT^A40^ADT_A39"])
def test_merge_messages_let_the_survivor_continue(event: str) -> None:
    feed = _Feed()
    survivor, prior = (
        feed.subject(_hl7("ADT^A01", _pid(_mr("4711001")))),
        feed.subject(_hl7("ADT^A01", _pid(_mr("4711002")))),
    )
    assert survivor != prior
    merged = feed.send(_hl7(event, _pid(_mr("4711001")), f"MRG|{_mr('4711002')}"))
    assert merged.case.subjects[0].id == survivor
    assert [(audit.event, audit.details["prior"]) for audit in merged.audit] == [("identity.linked", prior)]
    assert feed.subject(_hl7("ADT^A08", _pid(_mr("4711002")))) == survivor


def test_an_unlink_message_takes_a_link_back() -> None:
    feed = _Feed()
    one, other = (
        feed.subject(_hl7("ADT^A01", _pid(_mr("4711001")))),
        feed.subject(_hl7("ADT^A01", _pid(_mr("4711002")))),
    )
    feed.send(_hl7("ADT^A24^ADT_A24", _pid(_mr("4711001")), _pid(_mr("4711002"))))
    assert feed.subject(_hl7("ADT^A08", _pid(_mr("4711002")))) == one
    feed.send(_hl7("ADT^A37^ADT_A37", _pid(_mr("4711001")), _pid(_mr("4711002"))))
    assert feed.subject(_hl7("ADT^A08", _pid(_mr("4711002")))) == other


def test_a_fhir_reference_and_a_fhir_patient_of_one_server_are_of_one_subject() -> None:
    feed = _Feed()
    patient = feed.subject(_patient(id="pat-77", name=[{"family": "Doe"}]), "fhir", "fhir-a")
    observation = json.dumps(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": "Patient/pat-77"},
        }
    ).encode()
    assert feed.subject(observation, "fhir", "fhir-a") == patient
    assert feed.subject(observation, "fhir", "fhir-b") != patient


def test_one_number_means_one_subject_in_hl7_and_fhir_once_the_issuers_are_equated() -> None:
    fhir = _patient(id="p1", identifier=[{"system": "http://hosp.example/mrn", "value": "4711001"}])
    for config, same in (
        (None, False),
        (IdentifyConfig(issuer_aliases={"hosp": ("http://hosp.example/mrn",)}), True),
    ):
        feed = _Feed(config)
        assert (feed.subject(_hl7("ADT^A01", _pid(_mr("4711001")))) == feed.subject(fhir, "fhir", "fhir")) is same


def test_a_bundle_of_two_patients_has_two_subjects() -> None:
    entries = [{"resource": json.loads(_patient(id=name, name=[{"family": name}]))} for name in ("ann", "bob")]
    bundle = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    subjects = _Feed().send(bundle, "fhir").case.subjects
    assert len({subject.id for subject in subjects}) == 2


def test_what_speaks_of_nobody_has_a_subject_of_its_own_so_that_its_dates_shift_together() -> None:
    feed = _Feed()
    one, other = (feed.send(b"FHS|^~\\&|HIS\rBHS|^~\\&|HIS\r").case for _ in range(2))
    assert one.subjects[0].id == one.header.key != other.header.key


def test_a_plain_text_is_of_a_subject_of_its_own() -> None:
    feed = _Feed()
    one, other = feed.send(b"Jane Doe was seen.", "text").case, feed.send(b"Jane Doe was seen again.", "text").case
    assert one.subjects[0].id != other.subjects[0].id
    assert one.header.itinerary == ("fields", "text", "resolver", "writer")


def test_numbers_of_two_patients_in_one_message_hold_it() -> None:
    feed = _Feed()
    feed.send(_hl7("ADT^A01", _pid(_mr("4711001"))))
    feed.send(_hl7("ADT^A01", _pid(_mr("4711002"))))
    case = Case(
        Header("bad", "adt", "hl7v2", 0.0, ("identify",), "adt"), _hl7("ADT^A08", _pid(_mr("4711001"), _mr("4711002")))
    )
    (outcome,) = feed.stage.handle([case])
    assert isinstance(outcome, Hold)
    assert outcome.case.header.itinerary == ("identify",)
