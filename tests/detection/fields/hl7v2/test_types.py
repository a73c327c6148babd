"""For every field of every version: the standard's data type says what must be found there, and what must not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deidstream.core.category import Category
from deidstream.core.fact import Fact
from deidstream.detection.fields.hl7v2 import read
from deidstream.detection.fields.hl7v2.datatypes import CLINICAL, COMPONENTS
from deidstream.detection.fields.hl7v2.segments import FIELDS
from deidstream.formats.hl7v2 import split
from deidstream.formats.hl7v2.definition import VERSIONS, _load, components, fields
from deidstream.formats.hl7v2.structure import CODED, IDENTIFYING, PRIMITIVES, TEXT_TYPES, codes, decided

HEADERS = ("MSH", "FHS", "BHS")
DATES = {Category.DATE, Category.BIRTH_DATE, Category.DEATH_DATE}
IDS = {
    Category.MEDICAL_RECORD,
    Category.NATIONAL_ID,
    Category.ACCOUNT,
    Category.VISIT,
    Category.HEALTH_PLAN,
    Category.LICENCE,
    Category.DEVICE,
    Category.OTHER_ID,
    Category.RECORD_ID,
    Category.ORGANISATION,
}

# type: the value as a sender writes it, and what each of its components must be found as
PLANTED: dict[str, tuple[str, dict[int, set[Category]]]] = {
    "PN": ("Zyx^Wvu^T", {1: {Category.NAME}, 2: {Category.NAME}, 3: {Category.NAME}}),
    "XPN": ("Zyx^Wvu^T", {1: {Category.NAME}, 2: {Category.NAME}, 3: {Category.NAME}}),
    "CN": ("Q77^Zyx^Wvu", {1: IDS, 2: {Category.NAME}, 3: {Category.NAME}}),
    "XCN": ("Q77^Zyx^Wvu", {1: IDS, 2: {Category.NAME}, 3: {Category.NAME}}),
    "PPN": ("Q77^Zyx^Wvu", {1: IDS, 2: {Category.NAME}, 3: {Category.NAME}}),
    "AD": ("9 Elm^Apt 4^Zyx^QQ^99999", {1: {Category.STREET}, 3: {Category.CITY}, 5: {Category.POSTAL_CODE}}),
    "XAD": ("9 Elm^Apt 4^Zyx^QQ^99999", {1: {Category.STREET}, 3: {Category.CITY}, 5: {Category.POSTAL_CODE}}),
    "TN": ("(555)555-0100", {0: {Category.PHONE}}),
    "XTN": ("(555)555-0100^PRN^PH", {1: {Category.PHONE}}),
    "CX": ("Q77^5^M11^AA^XX", {1: IDS}),
    "CK": ("77665^5^M11^AA", {1: IDS}),
    "CM_PAT_ID": ("Q77^5^M11^AA", {1: IDS}),
    "DLN": ("Q77^QQ^20301231", {1: {Category.LICENCE}, 3: DATES}),
    "EI": ("Q77^AA", {1: IDS}),
    "PL": ("W1^R2^B3^FAC", {1: {Category.PLACE}, 2: {Category.PLACE}, 3: {Category.PLACE}}),
    "XON": ("Zyx Clinic^L^77", {1: {Category.ORGANISATION}}),
    "HD": ("ZYX", {0: {Category.ORGANISATION, Category.IP_ADDRESS}}),
    "DR": ("20200102^20200103", {1: DATES, 2: DATES}),
    "NDL": ("Q77&Zyx&Wvu^20200102", {2: DATES}),
    "TS": ("20200102030405", {0: DATES}),
    "DTM": ("20200102030405", {0: DATES}),
    "DT": ("20200102", {0: DATES}),
    "TM": ("0304", {0: DATES}),
}


def message(version: str, segment: str, number: int, value: str) -> bytes:
    header = f"MSH|^~\\&|||||||ACK|1|P|{version}\r"
    if segment == "MSH":
        cells = ["", "", "", "", "", "", "", "", "ACK", "1", "P", version] + [""] * 20
        cells[number - 1] = value
        return ("MSH|^~\\&|" + "|".join(cells[2:]) + "\r").encode()
    if segment in HEADERS:
        return (f"{segment}|^~\\&" + "|" * (number - 2) + value + "\r").encode()
    return (header + segment + "|" * number + value + "\r").encode()


def own_fields(version: str) -> Iterator[tuple[str, int, str]]:
    for segment, row in _load(version).segments.items():
        for number, type_ in enumerate(row, 1):
            if (number <= 2 and segment in HEADERS) or (segment, number) == ("MSH", 12):
                continue  # delimiters and version make the message what it is
            yield segment, number, type_.partition(":")[0]


def found(version: str, segment: str, number: int, value: str) -> dict[str, Fact]:
    document = split(message(version, segment, number, value))
    return {fact.locator: fact for fact in read(document).facts}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_field_of_an_identifying_type_is_found(version: str) -> None:
    missed = []
    for segment, number, type_ in own_fields(version):
        if type_ not in PLANTED:
            continue
        value, expected = PLANTED[type_]
        facts = found(version, segment, number, value)
        for component, categories in expected.items():
            locator = f"{segment}-{number}" + (f".{component}" if component else "")
            fact = facts.get(locator)
            if fact is None or fact.category not in categories:
                missed.append((version, locator, type_, fact and fact.category))
    assert missed == []


@pytest.mark.parametrize("version", VERSIONS)
def test_names_in_every_component_and_subcomponent_are_found(version: str) -> None:
    missed = []
    for segment, number, type_ in own_fields(version):
        if type_ == "XPN":
            facts = found(version, segment, number, "Zyx&van&Der&de&Wvu~Second^Name")
            wanted = [f"{segment}-{number}.1.{n}" for n in (1, 3, 5)] + [f"{segment}-{number}[2].{n}" for n in (1, 2)]
            missed += [(version, path) for path in wanted if path not in facts]
    assert missed == []


@pytest.mark.parametrize("version", VERSIONS)
def test_codes_of_published_systems_numbers_and_flags_are_left_alone(version: str) -> None:
    touched = []
    for segment, number, type_ in own_fields(version):
        value = {"CE": "718-7^Hemoglobin^LN", "CWE": "718-7^Hemoglobin^LN", "NM": "42", "SI": "1", "SN": ">^5"}.get(
            type_
        )
        if value is None or number in FIELDS.get(segment, {}) or number in decided(segment):
            continue
        document = split(message(version, segment, number, value))
        mine = [fact for fact in read(document).facts if fact.locator.startswith(f"{segment}-{number}")]
        if (mine or document.parts) and segment != "OBX":
            touched.append((version, segment, number, type_))
    assert touched == []


@pytest.mark.parametrize("version", VERSIONS)
def test_no_text_field_goes_unread(version: str) -> None:
    """ST, TX and FT: a part, a fact, or one of the few that hold codes, which are read where they hold words."""
    unread = []
    for segment, number, type_ in own_fields(version):
        if type_ not in TEXT_TYPES:
            continue
        document = split(message(version, segment, number, "some words"))
        paths = {piece.path for part in document.parts for piece in part.pieces}
        paths |= {fact.locator for fact in read(document).facts}
        if f"{segment}-{number}" not in paths:
            unread.append((version, segment, number))
    assert unread == []


@pytest.mark.parametrize("version", VERSIONS)
def test_no_leaf_is_both_a_fact_and_text(version: str) -> None:
    both = []
    for segment, number, type_ in own_fields(version):
        value = "a b^c d^e f^g h^i j" if type_ not in PRIMITIVES else "a b"
        document = split(message(version, segment, number, value))
        pieces = {piece.path for part in document.parts for piece in part.pieces}
        both += [fact.locator for fact in read(document).facts if fact.locator in pieces]
    assert both == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_lies_beyond_the_tables_is_unknown(version: str) -> None:
    facts = found(version, "PV1", 99, "secret^words")
    assert {facts[path].category for path in ("PV1-99.1", "PV1-99.2")} == {Category.UNKNOWN}
    assert found(version, "ZPI", 1, "secret")["ZPI-1"].category is Category.UNKNOWN
    assert found(version, "QQQ", 3, "a&b")["QQQ-3.1.2"].category is Category.UNKNOWN
    assert found(version, "PID", 5, "A" + "^" * 40 + "x")["PID-5.41"].category is Category.UNKNOWN
    assert found(version, "OBX", 1, "1^Smith")["OBX-1.2"].category is Category.UNKNOWN
    assert found(version, "OBX", 1, "1&Smith")["OBX-1.1.2"].category is Category.UNKNOWN


def test_every_composite_type_is_either_read_component_by_component_or_known_to_be_clinical() -> None:
    types = {name for version in VERSIONS for name in _load(version).types}
    assert types - set(COMPONENTS) - CLINICAL - CODED == set()


def test_no_listed_type_has_fewer_components_than_any_version() -> None:
    short = [
        (version, name)
        for name, words in COMPONENTS.items()
        for version in VERSIONS
        if len(components(version, name)) > len(words.split())
    ]
    assert short == []


def test_fields_with_a_rule_are_structured_and_the_other_way_round() -> None:
    """``structure`` (formats) and ``segments`` (detection) must not disagree on what is text."""
    wrong = []
    for segment, rules in FIELDS.items():
        for number, spec in rules.items():
            types = {fields(version, segment)[number - 1].type for version in VERSIONS}
            has_category = "=" not in spec.split(maxsplit=1)[0]
            if has_category and types & (TEXT_TYPES | CODED) and number not in decided(segment):
                wrong.append((segment, number, "has a rule and is read as text"))
    for segment in {segment for version in VERSIONS for segment in _load(version).segments}:
        for number in decided(segment):
            types = {fields(version, segment)[number - 1].type for version in VERSIONS}
            if number not in FIELDS.get(segment, {}) and not types <= IDENTIFYING | TEXT_TYPES | {"NM", "ID", "IS"}:
                wrong.append((segment, number, "is not read as text and has no rule"))
        wrong += [(segment, number, "both") for number in decided(segment) & codes(segment)]
    assert wrong == []
