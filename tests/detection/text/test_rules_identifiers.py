"""Numbers by label and by check digit: categories, scores, roles."""

from __future__ import annotations

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.detection.text.rules import DETECTOR, Rules

RULES = Rules()


def only(text: str, value: str) -> Finding:
    (findings,) = RULES.find([Part("p", text, ())])
    (finding,) = [f for f in findings if f.span and text[f.span.start : f.span.end] == value]
    return finding


RIGHT = [
    ("AHV 756.9217.0769.85", "756.9217.0769.85", "Switzerland"),
    ("PESEL 44051401359", "44051401359", "Poland"),
    ("TCKN 13198785260", "13198785260", "Turkey"),
    ("Aadhaar 6819 3756 7577", "6819 3756 7577", "India"),
    ("NN 85.07.30-033.28", "85.07.30-033.28", "Belgium"),
    ("HETU 131052-308T", "131052-308T", "Finland"),
    ("RUN 12.531.909-2", "12.531.909-2", "Chile"),
    ("CURP BOXW310820HNERXN09", "BOXW310820HNERXN09", "Mexico"),
    ("ID 110101199003077475", "110101199003077475", "China"),
    ("NINO AB 12 34 56 C", "AB 12 34 56 C", "Britain"),
    ("12345678Z", "12345678Z", "Spain, alone"),
    ("456.378.921-64", "456.378.921-64", "Brazil, alone"),
]


@pytest.mark.parametrize(("text", "value", "country"), RIGHT, ids=[row[2] for row in RIGHT])
def test_national_identifiers_are_found(text: str, value: str, country: str) -> None:
    finding = only(text, value)
    assert finding.category in (Category.NATIONAL_ID, Category.HEALTH_PLAN)
    assert finding.score >= 0.7


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("12345678Z", "12345678X"),
        ("456.378.921-64", "456.378.921-65"),
        ("123-45-6789", "000-45-6789"),
        ("4111 1111 1111 1111", "4111 1111 1111 1112"),
    ],
)
def test_a_wrong_check_digit_is_still_found_with_less_certainty(right: str, wrong: str) -> None:
    assert only(f"x {right} y", right).score == 1.0
    assert 0.4 <= only(f"x {wrong} y", wrong).score < 1.0


LABELLED = [
    ("Medical record number: 445566", "445566", Category.MEDICAL_RECORD),
    ("CIPA: nhc-4711234.", "4711234", Category.MEDICAL_RECORD),
    ("Historia clínica nº 445566", "445566", Category.MEDICAL_RECORD),
    ("Patientennummer: 445566", "445566", Category.MEDICAL_RECORD),
    ("Nº episodio: 7788991", "7788991", Category.VISIT),
    ("Encounter ID: E-12345", "E-12345", Category.VISIT),
    ("Policy number: XYZ-123456", "XYZ-123456", Category.HEALTH_PLAN),
    ("Póliza: 99887766", "99887766", Category.HEALTH_PLAN),
    ("Kontonummer: 12345678", "12345678", Category.ACCOUNT),
    ("Driver's license: D1234567", "D1234567", Category.LICENCE),
    ("NPI: 1234567893", "1234567893", Category.LICENCE),
    ("LANR 123456789", "123456789", Category.LICENCE),
    ("Matrícula: 1234 BCD", "1234 BCD", Category.VEHICLE),
    ("Kennzeichen: M-AB 1234", "M-AB 1234", Category.VEHICLE),
    ("S/N: 8A77-1123", "8A77-1123", Category.DEVICE),
    ("IMEI: 490154203237518", "490154203237518", Category.DEVICE),
    ("MAC 00:1A:2B:3C:4D:5E", "00:1A:2B:3C:4D:5E", Category.DEVICE),
    ("Accession number: S21-12345", "S21-12345", Category.OTHER_ID),
    ("trace 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", Category.OTHER_ID),
    ("sample 98765432 was lost", "98765432", Category.OTHER_ID),
    ("Username: jdoe77", "jdoe77", Category.USERNAME),
    ("host 2001:db8:85a3::8a2e:370:7334 down", "2001:db8:85a3::8a2e:370:7334", Category.IP_ADDRESS),
]


@pytest.mark.parametrize(("text", "value", "category"), LABELLED, ids=[row[0] for row in LABELLED])
def test_labels_say_what_a_number_is(text: str, value: str, category: Category) -> None:
    assert only(text, value).category == category


ROLES = [
    ("Dr. Smith", "Smith", Role.CLINICIAN),
    ("Dra. Ruiz", "Ruiz", Role.CLINICIAN),
    ("seen by Rebecca Turner", "Rebecca Turner", Role.CLINICIAN),
    ("Patient: John Smith", "John Smith", Role.PATIENT),
    ("Nombre: Ernesto", "Ernesto", Role.PATIENT),
    ("his mother Mary Jones", "Mary Jones", Role.RELATIVE),
    ("su esposa Carmen Ruiz", "Carmen Ruiz", Role.RELATIVE),
    ("Mr. Smith", "Smith", Role.UNKNOWN),
]


@pytest.mark.parametrize(("text", "value", "role"), ROLES, ids=[row[0] for row in ROLES])
def test_the_context_says_whose_name_it_is(text: str, value: str, role: Role) -> None:
    finding = only(text, value)
    assert (finding.category, finding.role, finding.detector) == (Category.NAME, role, DETECTOR)


def test_family_name_first_is_said_by_the_form() -> None:
    assert only("Patient: DOE, JOHN", "DOE, JOHN").form == "name.family_first"
    assert only("Dr. Smith", "Smith").form == "family"
    assert only("Vorname: Anna", "Anna").form == "given"
