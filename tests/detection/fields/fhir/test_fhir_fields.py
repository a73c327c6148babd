"""What the fields of a FHIR message say, case by case."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from deidstream.core.category import Category, Role
from deidstream.core.document import Edit, splice
from deidstream.core.fact import Fact, Reading
from deidstream.core.subject import Identifier
from deidstream.detection import fields
from deidstream.detection.fields.fhir import read
from deidstream.detection.fields.fhir.strings import CONCEPT_CATEGORY, EXTENSION_FIELD, FIELD
from deidstream.formats.fhir import split
from deidstream.formats.fhir.structure import CONCEPT_EXTENSIONS, CONCEPTS, FIELD_EXTENSIONS, FIELDS

SAMPLES = sorted((Path(__file__).parents[3] / "data/fhir").glob("*.json"))
HL7 = "http://hl7.org/fhir/StructureDefinition/"
US = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
UUID = "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"


def reading(resource: dict[str, Any]) -> Reading:
    return read(split(json.dumps(resource).encode()))


def facts(resource: dict[str, Any]) -> dict[str, Fact]:
    return {fact.locator: fact for fact in reading(resource).facts}


def said(resource: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    """Last steps of the locator, category, role and value of each fact."""
    return {
        (".".join(fact.locator.split(".")[-2:]), fact.category, fact.role, fact.value)
        for fact in reading(resource).facts
    }


def test_the_format_and_the_reader_agree_on_what_is_a_field() -> None:
    composites = ("HumanName.", "Address.", "ContactPoint.", "Identifier.", "Reference.", "Bundle.")
    assert {name for name in FIELDS if not name.startswith(composites)} == set(FIELD)
    assert set(CONCEPT_CATEGORY) == CONCEPTS | CONCEPT_EXTENSIONS
    assert set(EXTENSION_FIELD) == FIELD_EXTENSIONS


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_no_value_is_both_a_field_and_text(path: Path) -> None:
    document = split(path.read_bytes())
    texts = {piece.path for part in document.parts for piece in part.pieces}
    for fact in read(document).facts:
        assert fact.locator not in texts
        leaf = document.leaf(fact.locator)
        if fact.value:
            start, end = fact.span or (0, len(leaf.text))
            assert leaf.text[start:end] == fact.value


@pytest.mark.parametrize(
    ("type_", "role"),
    [
        ("Patient", Role.PATIENT),
        ("Person", Role.PATIENT),
        ("RelatedPerson", Role.RELATIVE),
        ("Practitioner", Role.CLINICIAN),
    ],
)
def test_a_name_has_the_role_of_its_resource(type_: str, role: Role) -> None:
    [fact] = reading({"resourceType": type_, "name": [{"family": "Byron"}]}).facts
    assert (fact.role, fact.group) == (role, f"{type_}.name[0]")


def test_contacts_of_a_patient_are_relatives_and_of_an_organisation_staff() -> None:
    contact = [{"name": {"family": "X"}, "telecom": [{"system": "phone", "value": "1"}]}]
    assert {fact.role for fact in reading({"resourceType": "Patient", "contact": contact}).facts} == {Role.RELATIVE}
    of_organisation = facts({"resourceType": "Organization", "contact": contact})
    assert of_organisation["Organization.contact[0].name.family"].role is Role.CLINICIAN
    assert of_organisation["Organization.contact[0].telecom[0].value"].role is Role.ORGANISATION


@pytest.mark.parametrize(("text", "form"), [("Ada Byron", "name"), ("Byron, Ada", "name.family_first")])
def test_a_whole_name_says_its_order(text: str, form: str) -> None:
    [fact] = reading({"resourceType": "Patient", "name": [{"text": text}]}).facts
    assert fact.form == form


@pytest.mark.parametrize(
    ("type_", "identifier", "category", "id_type"),
    [
        ("Patient", {"system": "urn:h"}, Category.MEDICAL_RECORD, ""),
        ("Patient", {"system": "http://hl7.org/fhir/sid/us-ssn"}, Category.NATIONAL_ID, "SS"),
        ("Patient", {"type": {"coding": [{"code": "DL"}]}}, Category.LICENCE, "DL"),
        ("Patient", {"type": {"coding": [{"code": "MC"}]}}, Category.HEALTH_PLAN, "MC"),
        ("Patient", {"type": {"coding": [{"code": "PPN"}]}}, Category.NATIONAL_ID, "PPN"),
        ("Practitioner", {"system": "http://hl7.org/fhir/sid/us-npi"}, Category.LICENCE, "NPI"),
        ("Device", {"type": {"coding": [{"code": "SNO"}]}}, Category.DEVICE, "SNO"),
        ("Device", {}, Category.DEVICE, ""),
        ("Encounter", {}, Category.VISIT, ""),
        ("EpisodeOfCare", {}, Category.VISIT, ""),
        ("Account", {}, Category.ACCOUNT, ""),
        ("Coverage", {}, Category.HEALTH_PLAN, ""),
        ("Organization", {}, Category.OTHER_ID, ""),
        ("ServiceRequest", {"type": {"coding": [{"code": "PLAC"}]}}, Category.OTHER_ID, "PLAC"),
    ],
)
def test_an_identifier_is_what_its_type_its_system_or_its_holder_says(
    type_: str, identifier: dict[str, Any], category: Category, id_type: str
) -> None:
    resource = {"resourceType": type_, "identifier": [{**identifier, "value": "X77"}]}
    fact = facts(resource)[f"{type_}.identifier[0].value"]
    assert (fact.category, fact.id_type, fact.issuer) == (category, id_type, identifier.get("system", ""))


def test_an_identifier_that_is_a_urn_gives_what_it_names() -> None:
    study = {
        "resourceType": "ImagingStudy",
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.1"}],
        "series": [{"uid": "1.2.840.2", "instance": [{"uid": "1.2.840.3"}]}],
    }
    found = {(fact.category, fact.form, fact.value) for fact in reading(study).facts}
    assert found == {(Category.RECORD_ID, "oid", f"1.2.840.{n}") for n in (1, 2, 3)}


def test_the_identifier_of_a_reference_belongs_to_what_is_meant() -> None:
    resource = {
        "resourceType": "Observation",
        "subject": {"type": "Patient", "identifier": {"system": "urn:h", "value": "1"}},
        "performer": [{"type": "Organization", "identifier": {"system": "urn:o", "value": "2"}, "display": "Clinic"}],
    }
    assert said(resource) == {
        ("identifier.value", "medical_record", "patient", "1"),
        ("identifier.value", "other_id", "organisation", "2"),
        ("performer[0].display", "organisation", "organisation", "Clinic"),
    }


def test_ids_and_references_to_them_have_one_value() -> None:
    entry = [
        {"fullUrl": f"urn:uuid:{UUID}", "resource": {"resourceType": "Patient", "id": UUID}},
        {"resource": {"resourceType": "Observation", "id": "o1", "subject": {"reference": f"urn:uuid:{UUID}"}}},
        {"resource": {"resourceType": "Observation", "subject": {"reference": f"Patient/{UUID}"}}},
        {
            "request": {"method": "PUT", "url": f"Patient/{UUID}"},
            "response": {"location": f"Patient/{UUID}/_history/1"},
        },
    ]
    found = [
        fact
        for fact in reading({"resourceType": "Bundle", "type": "batch", "entry": entry}).facts
        if fact.value == UUID
    ]
    assert len(found) == 6
    assert {(fact.category, fact.form) for fact in found} == {(Category.RECORD_ID, "uuid")}
    assert {fact.role for fact in found} == {Role.PATIENT} or Role.UNKNOWN in {fact.role for fact in found}


def test_ids_of_definitions_and_references_to_them_stay() -> None:
    assert reading({"resourceType": "ValueSet", "id": "v1", "url": "http://h.org/ValueSet/v1"}).facts == ()
    assert reading({"resourceType": "PlanDefinition", "library": ["Library/l1"]}).facts == ()


@pytest.mark.parametrize(
    ("element", "text", "expected"),
    [
        ("request.url", "Patient?identifier=urn:h|A77&_format=json", [("medical_record", "A77")]),
        ("request.url", "Patient?identifier=urn%3Ah%7CA77", [("medical_record", "A77")]),
        ("request.url", "Observation?patient=Patient/p1", [("record_id", "p1")]),
        ("request.url", "Observation?subject=p1&_count=5", [("record_id", "p1")]),
        ("request.url", "Patient?name=Ada", [("url", "Patient?name=Ada")]),
        ("request.url", "Patient", []),
        ("request.url", "Patient/$match", []),
        ("request.url", "/Patient/p1", [("record_id", "p1")]),
        ("request.ifNoneExist", "identifier=urn:h|A77", [("other_id", "A77")]),
        ("request.ifNoneExist", "name=Ada", [("url", "name=Ada")]),
        ("response.location", "https://h.org/fhir/Patient/p1/_history/1", [("record_id", "p1")]),
        ("fullUrl", "https://h.org/fhir/Patient/p1", [("record_id", "p1")]),
        ("fullUrl", "https://h.org/ada/byron", [("url", "https://h.org/ada/byron")]),
        ("fullUrl", "Ada", [("unknown", "Ada")]),
    ],
)
def test_addresses_of_entries(element: str, text: str, expected: list[tuple[str, str]]) -> None:
    outer, _, inner = element.partition(".")
    entry = {outer: {inner: text} if inner else text}
    found = reading({"resourceType": "Bundle", "type": "batch", "entry": [entry]}).facts
    assert [(str(fact.category), fact.value) for fact in found] == expected


def test_version_ids_that_count_stay_and_others_go() -> None:
    assert reading({"resourceType": "Patient", "meta": {"versionId": "12"}}).facts == ()
    [fact] = reading({"resourceType": "Patient", "meta": {"versionId": "MTYzMDAyNzI4NDc5NTYyNjAwMA"}}).facts
    assert fact.category is Category.RECORD_ID
    link = {"resourceType": "Observation", "subject": {"reference": "Patient/p/_history/MTYz"}}
    assert [fact.value for fact in reading(link).facts] == ["p", "MTYz"]


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ({"url": HL7 + "patient-mothersMaidenName", "valueString": "X"}, {("name", "relative", "family", "X")}),
        ({"url": HL7 + "patient-birthPlace", "valueAddress": {"city": "X"}}, {("city", "patient", "city", "X")}),
        ({"url": US + "birthsex", "valueCode": "F"}, {("sex", "patient", "code", "F")}),
        (
            {
                "url": US + "race",
                "extension": [
                    {
                        "url": "ombCategory",
                        "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2028-9"},
                    },
                    {"url": "text", "valueString": "Asian"},
                ],
            },
            {("ethnicity", "patient", "code", "2028-9"), ("ethnicity", "patient", "text", "Asian")},
        ),
        (
            {
                "url": HL7 + "patient-nationality",
                "extension": [
                    {"url": "code", "valueCodeableConcept": {"text": "X"}},
                    {"url": "period", "valuePeriod": {"start": "2001"}},
                ],
            },
            {("nationality", "patient", "text", "X"), ("date", "patient", "fhir.dateTime", "2001")},
        ),
        (
            {
                "url": HL7 + "geolocation",
                "extension": [{"url": "latitude", "valueDecimal": 48.1}, {"url": "longitude", "valueDecimal": 11.5}],
            },
            {("place", "patient", "", "")},
        ),
        ({"url": HL7 + "patient-religion", "valueString": "X"}, {("religion", "patient", "text", "X")}),
        (
            {"url": HL7 + "patient-importance", "valueReference": {"reference": "Patient/1"}},
            {("unknown", "unknown", "text", "Patient/1")},
        ),
        ({"url": HL7 + "data-absent-reason", "valueCode": "masked"}, set()),
        ({"url": "http://hospital.org/ext", "valueReference": {"display": "X"}}, {("unknown", "unknown", "text", "X")}),
        ({"url": "http://hospital.org/ext"}, {("unknown", "unknown", "text", "http://hospital.org/ext")}),
        (
            {"url": "http://hospital.org/ext", "extension": [{"url": "inner", "valueString": "X"}]},
            {("unknown", "unknown", "text", "inner"), ("unknown", "unknown", "text", "X")},
        ),
    ],
)
def test_extensions(extension: dict[str, Any], expected: set[tuple[str, str, str, str]]) -> None:
    found = reading({"resourceType": "Patient", "extension": [extension]}).facts
    assert {(str(fact.category), str(fact.role), fact.form, fact.value) for fact in found} == expected


def test_the_time_of_birth_is_a_birth_date() -> None:
    birth = {"extension": [{"url": HL7 + "patient-birthTime", "valueDateTime": "1815-12-10T11:00:00Z"}]}
    [fact] = reading({"resourceType": "Patient", "_birthDate": birth}).facts
    assert (fact.category, fact.form) == (Category.BIRTH_DATE, "fhir.dateTime")


def test_the_age_of_an_observation_that_is_an_age() -> None:
    resource = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": "http://loinc.org", "code": "30525-0"}]},
        "valueQuantity": {"value": 93, "unit": "a"},
    }
    [fact] = reading(resource).facts
    assert (fact.category, fact.value) == (Category.AGE, "93")


def test_pictures_are_photos_and_what_cannot_be_read_is_unknown() -> None:
    photo = {"contentType": "image/png", "data": "AAAA", "url": "http://h.org/1.png", "title": "Ada"}
    found = facts({"resourceType": "Patient", "photo": [photo]})
    assert {locator: fact.category for locator, fact in found.items()} == {
        "Patient.photo[0].data": Category.PHOTO,
        "Patient.photo[0].url": Category.PHOTO,
    }
    assert found["Patient.photo[0].data"].value == ""
    [fact] = reading({"resourceType": "Binary", "contentType": "application/pdf", "data": "AAAA"}).facts
    assert fact.category is Category.UNKNOWN


def test_a_picture_inside_a_narrative_is_not_left_in() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml"><img src="data:image/png;base64,AAAA" alt="x"/></div>'
    resource = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    [fact] = fields.read(split(json.dumps(resource).encode())).facts
    assert fact.category is Category.PHOTO
    assert fact.locator.startswith("Patient.text.div!")


def test_a_patient_is_a_subject_with_identifiers_ids_sex_and_language() -> None:
    resource = {
        "resourceType": "Patient",
        "id": "p1",
        "gender": "female",
        "identifier": [
            {"system": "urn:h", "value": "77", "type": {"coding": [{"code": "MR"}]}},
            {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "123-45-6789"},
            {"system": "urn:empty"},
        ],
        "communication": [
            {"language": {"coding": [{"code": "en"}]}},
            {"language": {"coding": [{"code": "de"}]}, "preferred": True},
        ],
    }
    said_ = reading(resource)
    assert said_.subjects == (
        (
            Identifier("urn:h", "MR", "77"),
            Identifier("http://hl7.org/fhir/sid/us-ssn", "SS", "123-45-6789"),
            Identifier("", "FHIR.id", "p1"),
        ),
    )
    assert (said_.sexes, said_.languages) == (("female",), ("de",))


def test_a_resource_about_a_patient_has_the_patient_as_its_subject() -> None:
    said_ = reading({"resourceType": "Observation", "subject": {"reference": "Patient/p1"}})
    assert said_.subjects == ((Identifier("", "FHIR.id", "p1"),),)
    typed = {"type": "Patient", "identifier": {"system": "urn:h", "value": "77", "type": {"coding": [{"code": "MR"}]}}}
    assert reading({"resourceType": "Observation", "subject": typed}).subjects == ((Identifier("urn:h", "MR", "77"),),)


def test_facts_in_a_bundle_belong_to_their_subjects() -> None:
    def about(number: int) -> list[dict[str, Any]]:
        return [
            {"resource": {"resourceType": "Patient", "id": f"p{number}", "name": [{"family": f"F{number}"}]}},
            {
                "resource": {
                    "resourceType": "Encounter",
                    "subject": {"reference": f"Patient/p{number}"},
                    "period": {"start": f"200{number}"},
                }
            },
        ]

    found = reading({"resourceType": "Bundle", "type": "collection", "entry": about(0) + about(1)}).facts
    owner = {fact.value: fact.subject for fact in found}
    assert owner == {"p0": 0, "F0": 0, "2000": 0, "p1": 1, "F1": 1, "2001": 1}


@pytest.mark.parametrize(
    ("type_", "survivor"), [("replaces", "new"), ("replaced-by", "old"), ("seealso", None), ("refer", None)]
)
def test_links_between_patients_merge_only_where_one_replaces_the_other(type_: str, survivor: str | None) -> None:
    resource = {
        "resourceType": "Patient",
        "id": "new",
        "link": [{"type": type_, "other": {"reference": "Patient/old"}}],
    }
    links = reading(resource).links
    if survivor is None:
        assert links == ()
    else:
        [link] = links
        prior = "old" if survivor == "new" else "new"
        assert (link.kind, link.survivor, link.prior) == (
            "merge",
            (Identifier("", "FHIR.id", survivor),),
            (Identifier("", "FHIR.id", prior),),
        )


def test_a_message_about_nobody_has_no_subject() -> None:
    assert reading({"resourceType": "Practitioner", "id": "d", "name": [{"family": "House"}]}).subjects == ()


COUNT = 8_000
"""Enough that anything quadratic would not end."""


@pytest.mark.parametrize(
    "resource",
    [
        {
            "resourceType": "Patient",
            "link": [{"type": "replaces", "other": {"reference": f"Patient/{n}"}} for n in range(COUNT)],
        },
        {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "id": str(n)} for n in range(COUNT)]},
        {"resourceType": "Patient", "identifier": [{"system": "s", "value": str(n)} for n in range(COUNT)]},
        {"resourceType": "Patient", "name": [{"given": ["a"] * COUNT}]},
        {"resourceType": "Patient"} | {f"x{n}": "y" for n in range(COUNT)},
        {"resourceType": "Organization", "alias": ["a"] * COUNT, "contact": [{"telecom": [{"value": "1"}]}] * 2000},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"resourceType": "Patient"}}] * COUNT},
    ],
    ids=["links", "contained", "identifiers", "names", "unknown", "aliases", "entries"],
)
def test_many_of_anything_are_read_and_removed_in_linear_time(resource: dict[str, Any]) -> None:
    document = split(json.dumps(resource).encode())
    edits = [Edit(fact.locator, None, None) for fact in read(document).facts]
    json.loads(splice(document, edits))


def test_a_resource_inside_a_binary_says_whose_it_is() -> None:
    inner = {"resourceType": "Patient", "id": "p", "name": [{"family": "Byron"}]}
    data = base64.b64encode(json.dumps(inner).encode()).decode()
    outer = {"resourceType": "Binary", "id": "b", "contentType": "application/fhir+json", "data": data}
    said_ = fields.read(split(json.dumps(outer).encode()))
    assert said_.subjects == ((Identifier("", "FHIR.id", "p"),),)
    assert {fact.locator: fact.value for fact in said_.facts} == {
        "Binary.id": "b",
        "Binary.data!Patient.id": "p",
        "Binary.data!Patient.name[0].family": "Byron",
    }


def test_the_people_of_a_bundle_inside_a_binary_keep_their_texts() -> None:
    def about(id_: str) -> dict[str, Any]:
        return {
            "resource": {"resourceType": "Observation", "subject": {"reference": f"Patient/{id_}"}, "valueString": id_}
        }

    inner = {"resourceType": "Bundle", "type": "collection", "entry": [about("a"), about("b")]}
    data = base64.b64encode(json.dumps(inner).encode()).decode()
    document = split(
        json.dumps({"resourceType": "Binary", "contentType": "application/fhir+json", "data": data}).encode()
    )
    said_ = fields.read(document)
    assert [[one.value for one in subject] for subject in said_.subjects] == [["a"], ["b"]]
    assert {part.text: part.subject for part in document.parts} == {"a": 0, "b": 1}
    assert {fact.value: fact.subject for fact in said_.facts} == {"a": 0, "b": 1}
