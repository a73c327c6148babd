"""Whose data each element is."""

from __future__ import annotations

import json
from typing import Any

from deidstream.formats.fhir import FhirDocument, split


def bundle(*resources: dict[str, Any], urls: tuple[str, ...] = (), method: str = "") -> FhirDocument:
    entries = [{"resource": resource} for resource in resources]
    for entry, url in zip(entries, urls, strict=False):
        entry["fullUrl"] = url  # type: ignore[assignment]
    if method:
        for entry in entries:
            entry["request"] = {"method": method, "url": entry["resource"]["resourceType"]}
    return split(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode())


def patient(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, **more}


def observation(text: str, **subject: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "subject": subject, "valueString": text}


def owners(document: FhirDocument) -> dict[str, int]:
    return {part.text: part.subject for part in document.parts}


def ids(document: FhirDocument) -> list[list[tuple[str, str, str]]]:
    return [[(one.type, one.system, one.value) for one in person.ids] for person in document.people]


def test_references_of_every_kind_find_the_patient_in_the_message() -> None:
    a, b = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000000", "https://h.org/fhir/Patient/b"
    document = bundle(
        patient("a"),
        patient("b", identifier=[{"system": "urn:h", "value": "77"}]),
        observation("by urn", reference=a),
        observation("by relative", reference="Patient/b"),
        observation("by absolute", reference=b),
        observation("by version", reference=b + "/_history/3"),
        observation("by identifier", type="Patient", identifier={"system": "urn:h", "value": "77"}),
        observation("by search", reference="Patient?identifier=urn:h|77"),
        observation("first", reference="Patient/a"),
        urls=(a, b),
    )
    assert len(document.people) == 2
    assert owners(document) == {
        "by urn": 0,
        "first": 0,
        "by relative": 1,
        "by absolute": 1,
        "by version": 1,
        "by identifier": 1,
        "by search": 1,
    }


def test_a_contained_patient_is_the_subject_of_its_container() -> None:
    one = observation("x", reference="#p") | {"contained": [patient("p")]}
    document = bundle(patient("other"), one)
    assert owners(document) == {"x": 1}
    assert ids(document)[1] == []


def test_patients_that_are_only_named_are_subjects_too() -> None:
    document = bundle(observation("x", reference="Patient/1"), observation("y", reference="https://h.org/Patient/1"))
    assert ids(document) == [[("FHIR.id", "", "1")], [("FHIR.id", "https://h.org/", "1")]]
    assert owners(document) == {"x": 0, "y": 1}


def test_a_member_of_a_group_is_about_that_member() -> None:
    members = [{"entity": {"reference": f"Patient/{n}", "display": f"P {n}"}} for n in "ab"]
    document = bundle({"resourceType": "Group", "type": "person", "member": members})
    assert [element.subject for element in document.elements if element.name == "entity"] == [0, 1]


def test_the_subject_outranks_other_patients_of_a_resource() -> None:
    resource = observation("x", reference="Patient/child") | {"performer": [{"reference": "Patient/mother"}]}
    document = bundle(patient("mother"), patient("child"), resource)
    assert owners(document) == {"x": 1}


def test_versions_of_one_patient_are_one_subject() -> None:
    document = bundle(patient("a", active=True), patient("a", active=False))
    assert len(document.people) == 1
    assert len(document.people[0].resources) == 2


def test_a_linked_patient_is_no_further_subject() -> None:
    linked = patient("a", link=[{"type": "seealso", "other": {"reference": "Patient/b"}}])
    assert len(split(json.dumps(linked).encode()).people) == 1


def test_the_id_of_a_resource_to_be_created_is_not_its_id() -> None:
    assert ids(bundle(patient("1"), method="POST")) == [[]]
    assert ids(bundle(patient("1"), method="PUT")) == [[("FHIR.id", "", "1")]]


def test_a_deletion_in_a_transaction_has_a_subject() -> None:
    entry = {"request": {"method": "DELETE", "url": "Patient/9"}}
    source = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}).encode()
    assert ids(split(source)) == [[("FHIR.id", "", "9")]]


def test_resources_about_nobody_have_no_subject() -> None:
    assert split(b'{"resourceType":"ValueSet","id":"v"}').people == []
    assert split(b'{"resourceType":"Practitioner","id":"v"}').people == []
