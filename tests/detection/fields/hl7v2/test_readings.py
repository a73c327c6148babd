"""What single fields say: categories, roles, identifiers, subjects, and who became whom."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.document import splice
from deidstream.core.fact import Fact, Link, Reading
from deidstream.core.subject import Identifier
from deidstream.detection.fields.hl7v2 import read
from deidstream.formats.hl7v2 import messages, split

CORPUS = Path(__file__).parents[3] / "data/hl7v2/corpus.jsonl"


def reading(*segments: str, event: str = "A01", version: str = "2.5.1") -> Reading:
    header = f"MSH|^~\\&|APP|FAC|REC|RFAC|202001011200||ADT^{event}|CTRL1|P|{version}"
    return read(split(("\r".join((header, *segments)) + "\r").encode()))


def facts(*segments: str, version: str = "2.5.1") -> dict[str, Fact]:
    return {fact.locator: fact for fact in reading(*segments, version=version).facts}


PID = "PID|1|EXT9|77^^^HOSP&1.2.3&ISO^MR~123-45-6789^^^USA^SS|ALT5|DOE^JOHN^Q^JR^DR~ROE^J|SMITH^ANN|19700102|M"


@pytest.mark.parametrize(
    ("segment", "locator", "category", "role", "form"),
    [
        (PID, "PID-2", Category.MEDICAL_RECORD, Role.PATIENT, "number"),
        (PID, "PID-3.1", Category.MEDICAL_RECORD, Role.PATIENT, "number"),
        (PID, "PID-3[2].1", Category.NATIONAL_ID, Role.PATIENT, "number"),
        (PID, "PID-3.4.1", Category.ORGANISATION, Role.ORGANISATION, "code"),
        (PID, "PID-3.4.2", Category.ORGANISATION, Role.ORGANISATION, "oid"),
        (PID, "PID-5.1", Category.NAME, Role.PATIENT, "family"),
        (PID, "PID-5.2", Category.NAME, Role.PATIENT, "given"),
        (PID, "PID-5.3", Category.NAME, Role.PATIENT, "middle"),
        (PID, "PID-5.4", Category.NAME, Role.PATIENT, "suffix"),
        (PID, "PID-5.5", Category.NAME, Role.PATIENT, "prefix"),
        (PID, "PID-6.1", Category.NAME, Role.RELATIVE, "family"),
        (PID, "PID-7", Category.BIRTH_DATE, Role.PATIENT, "hl7.DTM"),
        (PID, "PID-8", Category.SEX, Role.PATIENT, "code"),
        ("PID|1||7||DOE, JOHN", "PID-5", Category.NAME, Role.PATIENT, "name.family_first"),
        ("PID|1||7||DOE", "PID-5", Category.NAME, Role.PATIENT, "family"),
        ("PID||||||||||2106-3^White^HL70005", "PID-10.2", Category.ETHNICITY, Role.PATIENT, "text"),
        ("PID" + "|" * 13 + "^NET^Internet^a@b.org", "PID-13.4", Category.EMAIL, Role.PATIENT, "email"),
        ("PID" + "|" * 13 + "555-0100^WPN^FX", "PID-13.1", Category.FAX, Role.PATIENT, "fax"),
        ("PID" + "|" * 18 + "ACC1", "PID-18", Category.ACCOUNT, Role.PATIENT, "number"),
        ("PID" + "|" * 19 + "123456789", "PID-19", Category.NATIONAL_ID, Role.PATIENT, "number"),
        ("PID" + "|" * 20 + "D77^NY", "PID-20.1", Category.LICENCE, Role.PATIENT, "number"),
        ("PID" + "|" * 21 + "M55^^^H^MR", "PID-21.1", Category.MEDICAL_RECORD, Role.RELATIVE, "number"),
        ("PID" + "|" * 29 + "20200101", "PID-29", Category.DEATH_DATE, Role.PATIENT, "hl7.DTM"),
        ("NK1|1|ROE^ANN|SPO^Spouse^HL70063|1 Elm^^X^NY^1", "NK1-2.1", Category.NAME, Role.RELATIVE, "family"),
        ("NK1|1|ROE^ANN|SPO^Spouse^HL70063|1 Elm^^X^NY^1", "NK1-3.1", Category.RELATIONSHIP, Role.RELATIVE, "code"),
        ("NK1|1|ROE^ANN|SPO|1 Elm^^X^NY^1", "NK1-4.1", Category.STREET, Role.RELATIVE, "line"),
        ("PV1|1|I|4W^12^B^FAC", "PV1-3.2", Category.PLACE, Role.ORGANISATION, "code"),
        ("PV1|1|I|||||N12^Grey^Mer", "PV1-7.2", Category.NAME, Role.CLINICIAN, "family"),
        ("PV1|1|I|||||N12^Grey^Mer", "PV1-7.1", Category.OTHER_ID, Role.CLINICIAN, "number"),
        ("PV1" + "|" * 19 + "V100", "PV1-19", Category.VISIT, Role.PATIENT, "number"),
        ("PV1" + "|" * 44 + "202001010800", "PV1-44", Category.DATE, Role.PATIENT, "hl7.DTM"),
        ("IN1" + "|" * 16 + "DOE^JO|SEL", "IN1-16.1", Category.NAME, Role.PATIENT, "family"),
        ("IN1" + "|" * 16 + "DOE^JO|SPO", "IN1-16.1", Category.NAME, Role.RELATIVE, "family"),
        ("IN1" + "|" * 36 + "POL9", "IN1-36", Category.HEALTH_PLAN, Role.RELATIVE, "number"),
        ("IN1|1|P|C5|Acme Health", "IN1-4", Category.ORGANISATION, Role.INSURER, "name"),
        ("OBX|1|DT|1^a^LN||20200102", "OBX-5", Category.DATE, Role.UNKNOWN, "hl7.DT"),
        ("OBX|1|TS|1^a^LN||20200102", "OBX-5", Category.DATE, Role.UNKNOWN, "hl7.DTM"),
        ("OBX|1|XPN|1^a^LN||DOE^JO", "OBX-5.1", Category.NAME, Role.UNKNOWN, "family"),
        ("OBX|1|CX|1^a^LN||77^^^H", "OBX-5.1", Category.OTHER_ID, Role.UNKNOWN, "number"),
        ("OBX|1|NM|30525-0^Age^LN||94", "OBX-5", Category.AGE, Role.PATIENT, "number"),
        ("OBX|1|ST|45394-4^Last name^LN||Doe", "OBX-5", Category.NAME, Role.PATIENT, "name"),
        ("OBX|1|DT|21112-8^Birth date^LN||19700102", "OBX-5", Category.BIRTH_DATE, Role.PATIENT, "hl7.DT"),
        ("OBX|1|ED|1^a^LN||^IM^JPEG^Base64^AAAA", "OBX-5.5", Category.UNKNOWN, Role.UNKNOWN, "text"),
        ("OBX|1|QQ|1^a^LN||odd", "OBX-5", Category.UNKNOWN, Role.UNKNOWN, "text"),
        ("OBX" + "|" * 16 + "N1^Grey", "OBX-16.2", Category.NAME, Role.CLINICIAN, "family"),
        ("OBX" + "|" * 18 + "EQ1^ICU", "OBX-18.1", Category.DEVICE, Role.PATIENT, "number"),
        ("OBR|1|P1^A|F1^B", "OBR-3.1", Category.OTHER_ID, Role.PATIENT, "number"),
        ("OBR" + "|" * 32 + "N1&Grey&Mer^20200101", "OBR-32.1.2", Category.NAME, Role.CLINICIAN, "family"),
        ("SPM|1|S1&A^S2&B", "SPM-2.1.1", Category.OTHER_ID, Role.PATIENT, "number"),
        ("EVN|A01|20200101||||20200102|FAC", "EVN-2", Category.DATE, Role.SYSTEM, "hl7.DTM"),
    ],
)
def test_a_field_says_what_and_whose_it_is(
    segment: str, locator: str, category: Category, role: Role, form: str
) -> None:
    fact = facts(segment)[locator]
    assert (fact.category, fact.role, fact.form) == (category, role, form)


def test_the_header_says_control_id_time_and_who_talks() -> None:
    found = facts()
    assert found["MSH-10"].category is Category.RECORD_ID
    assert found["MSH-7"].category is Category.DATE
    assert {found[f"MSH-{n}"].category for n in (3, 4, 5, 6)} == {Category.ORGANISATION}
    assert not {"MSH-9.1", "MSH-11", "MSH-12"} & set(found)


def test_identifiers_carry_issuer_and_type_as_written_or_implied() -> None:
    found = facts(PID, "PV1" + "|" * 19 + "V1^^^^VN", "ORC|NW|P1^APP^1.2^ISO")
    assert (found["PID-3.1"].issuer, found["PID-3.1"].id_type) == ("HOSP", "MR")
    assert (found["PID-3[2].1"].issuer, found["PID-3[2].1"].id_type) == ("USA", "SS")
    assert found["PID-2"].id_type == "PT"
    assert (found["ORC-2.1"].issuer, found["ORC-2.1"].id_type) == ("APP", "PLAC")
    assert facts("PID|1||7^^^&1.2.3&ISO")["PID-3.1"].issuer == "1.2.3"


def test_pieces_of_one_name_share_a_group_and_those_of_another_do_not() -> None:
    found = facts(PID)
    assert found["PID-5.1"].group == found["PID-5.2"].group == "PID-5"
    assert found["PID-5[2].1"].group == "PID-5[2]"


def test_null_and_blank_values_say_nothing() -> None:
    assert not [path for path in facts('PID|""|""|""^^^""|  |""||""') if path.startswith("PID")]


def test_values_are_read_without_their_escapes() -> None:
    assert facts("PID|1||7||O\\T\\Hara^\\X4A6F\\")["PID-5.2"].value == "Jo"


def test_the_subject_has_its_own_identifiers_the_strongest_first() -> None:
    result = reading(PID + "|||||||EN^English^ISO639|||ACC1||||M55^^^H^MR")
    assert result.subjects == (
        (
            Identifier("HOSP", "MR", "77"),
            Identifier("USA", "SS", "123-45-6789"),
            Identifier("", "PT", "EXT9"),
            Identifier("", "PI", "ALT5"),
            Identifier("", "AN", "ACC1"),
        ),
    )
    assert result.sexes == ("male",)
    assert result.languages == ("en",)


def test_a_message_without_a_patient_has_one_subject_without_identifiers() -> None:
    assert reading("STF|X1").subjects == ((),)


def test_each_patient_of_a_message_is_a_subject_with_facts_of_its_own() -> None:
    result = reading("PID|1||7^^^H^MR||A", "OBX|1|DT|1||20200101", "PID|2||8^^^H^MR||B", "OBX|1|DT|1||20200102")
    assert [subject[0].value for subject in result.subjects] == ["7", "8"]
    assert {fact.subject for fact in result.facts if fact.locator in ("PID-5", "OBX-5")} == {0}
    assert {fact.subject for fact in result.facts if fact.locator in ("PID[2]-5", "OBX[2]-5")} == {1}


NEW, OLD = Identifier("H", "MR", "7"), Identifier("H", "MR", "8")
PAIR = ("PID|1||7^^^H^MR||DOE", "MRG|8^^^H^MR")


@pytest.mark.parametrize("event", ["A18", "A30", "A34", "A36", "A40", "A47"])
def test_merges_make_the_prior_person_the_survivor(event: str) -> None:
    assert reading(*PAIR, event=event).links == (Link("merge", (NEW,), (OLD,)),)


@pytest.mark.parametrize("event", ["A01", "A08", "A35", "A41", "A42", "A49", "A50", "A51"])
def test_merges_of_accounts_and_visits_link_no_persons(event: str) -> None:
    assert reading(*PAIR, event=event).links == ()


@pytest.mark.parametrize("event", ["A43", "A44", "A45"])
def test_moves_are_no_merges(event: str) -> None:
    assert [link.kind for link in reading(*PAIR, event=event).links] == ["move"]


@pytest.mark.parametrize("event", ["A39", "A46"])
def test_external_person_ids_merge_by_pid_2_and_mrg_4(event: str) -> None:
    (link,) = reading("PID|1|E7^^^X^PT|7", "MRG||||E8^^^X^PT", event=event).links
    assert (link.survivor[0].value, link.prior[0].value) == ("E7", "E8")


def test_several_merges_in_one_message_are_several_links() -> None:
    result = reading(*PAIR, "PID|2||9^^^H^MR||ROE", "MRG|10^^^H^MR", event="A40")
    assert [(link.survivor[0].value, link.prior[0].value) for link in result.links] == [("7", "8"), ("9", "10")]


@pytest.mark.parametrize(("event", "kind"), [("A24", "merge"), ("A37", "unlink")])
def test_two_patients_are_linked_or_unlinked(event: str, kind: str) -> None:
    assert reading("PID|1||7^^^H^MR", "PID|2||8^^^H^MR", event=event).links == (Link(kind, (NEW,), (OLD,)),)


def test_a_swap_of_beds_links_nobody() -> None:
    assert reading("PID|1||7^^^H^MR", "PV1|1|I|A", "PID|2||8^^^H^MR", "PV1|1|I|B", event="A17").links == ()


def test_the_event_segment_says_the_event_where_the_header_does_not() -> None:
    source = b"MSH|^~\\&|||||||ADT|1|P|2.2\rEVN|A34|2020\rPID|1||7^^^H^MR\rMRG|8^^^H^MR\r"
    assert [link.kind for link in read(split(source)).links] == ["merge"]


@pytest.mark.parametrize(
    "row", [json.loads(line) for line in CORPUS.read_text().splitlines()], ids=lambda row: row["id"]
)
def test_sample_messages_are_cut_without_loss_and_read_without_overlap(row: dict[str, str]) -> None:
    source = row["message"].encode()
    document = split(source)
    assert splice(document, []) == source
    assert [source[start:end] for start, end, _ in messages(source)] == [source]
    result = read(document)
    locators = [fact.locator for fact in result.facts]
    pieces = [piece.path for part in document.parts for piece in part.pieces]
    assert len(set(locators)) == len(locators)
    assert not set(locators) & set(pieces)
    assert all(document.leaf(fact.locator).text == fact.value for fact in result.facts)
    for part in document.parts:
        assert all(part.text[p.start : p.end] == document.leaf(p.path).text for p in part.pieces)
