"""Records of foreign producers: what is let in, what is put aside, and when the position moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from deidstream.core.errors import Malformed, Misconfigured, Unavailable
from deidstream.ports import Record
from deidstream.stages.ingest.config import IngestSettings, TopicSource
from deidstream.stages.ingest.service import Admission
from deidstream.stages.ingest.topic import TopicReader, read_record
from pydantic import ValidationError

from tests.harness.client import eventually
from tests.stages.ingest.conftest import RememberingIntake

HL7 = b"MSH|^~\\&|LAB|STMARY|||20260302||ADT^A08|C1|P|2.5\rPID|1||7^^^STMARY^MR\r"
FHIR = b'{"resourceType": "Patient", "id": "p1"}'


def source(**settings: object) -> TopicSource:
    return TopicSource.model_validate({"name": "lab", "topic": "hospital.lab", "servers": "k:9092"} | settings)


def record(value: bytes, offset: int = 1, partition: int = 0) -> Record:
    return Record("hospital.lab", partition, offset, "any", value)


@dataclass
class ListedFeed:
    """Gives ``batches`` one after the other; remembers how far it was told to be."""

    batches: list[Sequence[Record] | Exception] = field(default_factory=list)
    stored: dict[int, int] = field(default_factory=dict)
    kept: int = 0
    closed: bool = False

    def poll(self, limit: int, timeout: float) -> Sequence[Record]:
        found = self.batches.pop(0) if self.batches else []
        if isinstance(found, Exception):
            raise found
        return found

    def keep(self) -> None:
        self.kept += 1

    def done(self, records: Sequence[Record]) -> None:
        self.stored |= {one.partition: one.offset for one in records}

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("value", "settings", "kind", "code"),
    [
        (HL7, {}, "hl7v2", ""),
        (HL7, {"format": "hl7v2"}, "hl7v2", ""),
        (FHIR, {}, "fhir", ""),
        (FHIR, {"format": "fhir"}, "fhir", ""),
        (b"", {}, "hl7v2", "empty"),  # a null value too: a tombstone
        (b" \r\n\0", {"format": "fhir"}, "fhir", "empty"),
        (b"hello", {}, "hl7v2", "no-msh"),
        (b"<a/>", {}, "hl7v2", "no-msh"),
        (b"%PDF-1.7", {}, "hl7v2", "no-msh"),
        (FHIR, {"format": "hl7v2"}, "hl7v2", "no-msh"),
        (HL7, {"format": "fhir"}, "fhir", "not-json"),
        (b'{"resourceType": ', {}, "fhir", "not-json"),
        (b'{"a": 1}', {}, "fhir", "not-a-resource"),
        (b'{"resourceType": "Patient", "id": "\xff"}', {}, "fhir", "not-json"),  # not UTF-8
        (b'{"resourceType":"X","a":' + b"[" * 200 + b"]" * 200 + b"}", {}, "fhir", "nested-too-deep"),
        (HL7.replace(b"^~\\&", b"AAAA"), {}, "hl7v2", "bad-delimiters"),
        (HL7.replace(b"ADT^A08", b"ACK"), {}, "hl7v2", "unsupported-message-type"),
        (HL7.replace(b"|C1|", b"||"), {}, "hl7v2", "no-control-id"),
        (HL7.replace(b"|2.5", b"|9.9"), {}, "hl7v2", "unsupported-version"),
        (HL7, {"max_record_bytes": 20}, "hl7v2", "record-too-large"),
    ],
)
def test_a_record_is_let_in_or_its_fault_is_named(
    value: bytes, settings: dict[str, object], kind: str, code: str
) -> None:
    received, problem = read_record(source(**settings), record(value))
    assert (received.format, problem.code if problem else "") == (kind, code)
    assert received.content == (b"" if code == "record-too-large" else value)
    assert received.location == "hospital.lab/0/0"


def test_the_same_record_is_the_same_case_and_another_place_or_other_bytes_are_not(admission: Admission) -> None:
    def case(one: Record) -> str:
        return admission.case(read_record(source(), one)[0]).id

    assert case(record(HL7)) == case(record(HL7))
    assert len({case(record(HL7)), case(record(HL7, 2)), case(record(HL7, 1, 1)), case(record(HL7 + b"\r"))}) == 4


def test_records_go_in_together_in_order_and_bad_ones_with_their_reason(
    admission: Admission, intake: RememberingIntake
) -> None:
    feed = ListedFeed([[record(HL7, 1), record(b"hello", 2)], [record(FHIR, 3)]])
    reader = TopicReader(source(charset="8859/1"), lambda _: feed, admission, intake)
    reader.start()
    eventually(lambda: feed.stored == {0: 3})
    reader.close()
    assert [case.source for case in intake.cases] == [HL7, b"hello", FHIR]
    assert {case_id: error.code for case_id, error in intake.bad.items()} == {intake.cases[1].id: "no-msh"}
    assert {case.header.key for case in intake.cases} == {"lab"}
    assert intake.cases[0].header.attribute("charset") == "8859/1"
    assert (reader.failed, feed.closed) == (None, True)


def test_the_position_moves_only_when_the_records_are_durable(admission: Admission, intake: RememberingIntake) -> None:
    intake.hold = True
    feed = ListedFeed([[record(HL7)]])
    reader = TopicReader(source(), lambda _: feed, admission, intake)
    reader.start()
    eventually(lambda: intake.cases and feed.kept)
    assert feed.stored == {}
    intake.release()
    eventually(lambda: feed.stored)
    reader.close()


def test_a_full_intake_is_waited_for_and_the_records_stay_in_hand(
    admission: Admission, intake: RememberingIntake
) -> None:
    intake.refusal = Unavailable("intake-full", "ingest")
    feed = ListedFeed([Unavailable("bus-away"), [record(HL7)], [record(FHIR, 2)]])
    reader = TopicReader(source(), lambda _: feed, admission, intake)
    reader.start()
    eventually(lambda: feed.kept)  # the group is told that we live
    assert (len(feed.batches), feed.stored) == (1, {})
    intake.refusal = None
    eventually(lambda: feed.stored == {0: 2})
    reader.close()
    assert [case.source for case in intake.cases] == [HL7, FHIR]


def test_what_cannot_go_on_is_told_to_whoever_runs_it(admission: Admission, intake: RememberingIntake) -> None:
    feed = ListedFeed([Misconfigured("topic-missing", "hospital.lab")])
    reader = TopicReader(source(), lambda _: feed, admission, intake)
    reader.start()
    eventually(lambda: reader.failed)
    reader.close()
    assert isinstance(reader.failed, Misconfigured)
    assert feed.closed


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"topic": "deidstream.raw.v1"}, "own"),
        ({"servers": "kafka"}, "a port is missing"),
        ({"servers": "", "security": {"protocol": "SSL"}}, "security of no servers"),
        ({"format": "cda"}, "not a format of feeds"),
        ({"max_record_bytes": 16 << 20}, "no record of the bus could hold it"),
        ({"name": "Lab 1"}, "no name of a source"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError):
        source(**wrong)


def test_names_of_sources_are_distinct_over_all_kinds() -> None:
    topic = {"name": "adt", "topic": "t"}
    with pytest.raises(ValidationError, match="same name"):
        IngestSettings.model_validate({"mllp": [{"name": "adt"}], "topics": [topic]})


def test_no_content_is_shown_of_a_fault() -> None:
    _, problem = read_record(source(), record(b"Winterbourne"))
    assert isinstance(problem, Malformed)
    assert "Winterbourne" not in f"{problem} {problem!r}"
