"""Every element of every resource in the official definitions: a value planted there is decided as its type demands.

The paths and types come from the published definitions (the compiled tables); what each type must yield is written here by hand
from the specification of the data types and from 45 CFR 164.514(b)(2).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest
from deidstream.core.category import Category
from deidstream.core.fact import Fact
from deidstream.detection.fields.fhir import read
from deidstream.formats.fhir import FhirDocument, split
from deidstream.formats.fhir.definitions import definitions

Path = tuple[str, ...]
VERSIONS = ("4.0", "4.3", "5.0")
NUMBERS = {
    Category.MEDICAL_RECORD,
    Category.NATIONAL_ID,
    Category.HEALTH_PLAN,
    Category.ACCOUNT,
    Category.VISIT,
    Category.LICENCE,
    Category.DEVICE,
    Category.OTHER_ID,
    Category.RECORD_ID,
}
BIRTH = {
    "Patient.birthDate",
    "Person.birthDate",
    "RelatedPerson.birthDate",
    "Practitioner.birthDate",
    "FamilyMemberHistory.bornDate",
}
BIRTH_PERIOD = {"FamilyMemberHistory.bornPeriod"}
DEATH = {
    "Patient.deceasedDateTime",
    "Person.deceasedDateTime",
    "Practitioner.deceasedDateTime",
    "FamilyMemberHistory.deceasedDate",
}


@lru_cache(maxsize=3)
def paths(version: str) -> tuple[tuple[Path, str], ...]:
    """Every property path through the backbone elements of every resource, with the type at its end."""
    known = definitions(version)

    def below(owner: str, path: Path) -> Iterator[tuple[Path, str]]:
        for name, type_ in known.types[owner].items():
            yield (*path, name), type_
            if "." in type_ and type_ in known.types and name not in path:
                yield from below(type_, (*path, name))

    return tuple(found for resource in sorted(known.resources) for found in below(resource, (resource,)))


def planted(path: Path, value: Any) -> bytes:
    """The smallest resource that has ``value`` at ``path``."""
    for name in reversed(path[1:]):
        value = {name: value}
    return json.dumps({"resourceType": path[0], **value}).encode()


def seen(version: str, path: Path, value: Any) -> tuple[FhirDocument, dict[str, Fact], set[str]]:
    document = split(planted(path, value), version=version)
    parts = {piece.path for part in document.parts for piece in part.pieces}
    return document, {fact.locator: fact for fact in read(document).facts}, parts


def failures(
    version: str, type_: str, value: Any, holds: Callable[[str, dict[str, Fact], set[str]], bool]
) -> list[str]:
    failed = []
    for path, found in paths(version):
        if found != type_ or path[-1] in ("contained", "resource"):
            continue
        place = ".".join(path)
        _, facts, parts = seen(version, path, value)
        if not holds(place, facts, parts):
            failed.append(place)
    return failed


def is_one(facts: dict[str, Fact], locator: str, category: Category | set[Category], form: str, value: str) -> bool:
    fact = facts.get(locator)
    categories = category if isinstance(category, set) else {category}
    return fact is not None and fact.category in categories and fact.form == form and fact.value == value


@pytest.mark.parametrize("version", VERSIONS)
def test_the_definitions_are_all_there(version: str) -> None:
    counts = {"4.0": 5000, "4.3": 4500, "5.0": 5500}
    assert len(paths(version)) > counts[version]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_human_name_is_a_name(version: str) -> None:
    name = {"family": "Zyxfam", "given": ["Zyxgiv", "Q"], "prefix": ["Dr"], "suffix": ["Jr"], "text": "Zyxgiv Zyxfam"}

    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        return not parts and all(
            is_one(facts, f"{place}.{at}", Category.NAME, form, value)
            for at, form, value in (
                ("family", "family", "Zyxfam"),
                ("given[0]", "given", "Zyxgiv"),
                ("given[1]", "given", "Q"),
                ("prefix[0]", "prefix", "Dr"),
                ("suffix[0]", "suffix", "Jr"),
                ("text", "name", "Zyxgiv Zyxfam"),
            )
        )

    assert failures(version, "HumanName", name, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_address_is_an_address(version: str) -> None:
    expected = {
        "line[0]": (Category.STREET, "line", "1 Zyx Rd"),
        "city": (Category.CITY, "city", "Zyxton"),
        "district": (Category.PLACE, "place", "Zyxshire"),
        "state": (Category.REGION, "region", "ZX"),
        "postalCode": (Category.POSTAL_CODE, "postal_code", "99999"),
        "country": (Category.COUNTRY, "country", "ZZ"),
        "text": (Category.STREET, "address", "1 Zyx Rd, Zyxton"),
    }
    value = {name: text for name, (_, _, text) in expected.items() if name != "line[0]"} | {"line": ["1 Zyx Rd"]}

    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        return not parts and all(is_one(facts, f"{place}.{at}", *wanted) for at, wanted in expected.items())

    assert failures(version, "Address", value, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("system", "value", "category", "form"),
    [
        ("phone", "555-0100", Category.PHONE, "phone"),
        ("sms", "555-0100", Category.PHONE, "phone"),
        ("pager", "555-0100", Category.PHONE, "phone"),
        ("fax", "555-0100", Category.FAX, "fax"),
        ("email", "z@example.org", Category.EMAIL, "email"),
        ("url", "https://example.org", Category.URL, "url"),
        ("other", "z@example.org", Category.EMAIL, "email"),
        ("other", "555-0100", Category.PHONE, "phone"),
        ("other", "somewhere", Category.UNKNOWN, "text"),
    ],
)
def test_every_contact_point_is_decided_by_its_system(
    version: str, system: str, value: str, category: Category, form: str
) -> None:
    point = {"system": system, "value": value}
    found = failures(
        version,
        "ContactPoint",
        point,
        lambda place, facts, parts: is_one(facts, f"{place}.value", category, form, value),
    )
    assert found == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_identifier_is_a_number_with_its_issuer(version: str) -> None:
    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        return (
            is_one(facts, f"{place}.value", NUMBERS, "number", "ZX-9981") and facts[f"{place}.value"].issuer == "urn:zx"
        )

    assert failures(version, "Identifier", {"system": "urn:zx", "value": "ZX-9981"}, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("date", "1815-12-10"),
        ("dateTime", "1815-12-10T11:00:00+01:00"),
        ("instant", "1815-12-10T11:00:00.5Z"),
        ("dateTime", "1815"),
    ],
)
def test_every_date_is_a_date(version: str, type_: str, value: str) -> None:
    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        category = Category.BIRTH_DATE if place in BIRTH else Category.DEATH_DATE if place in DEATH else Category.DATE
        return is_one(facts, place, category, f"fhir.{type_}", value)

    assert failures(version, type_, value, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_period_and_timing_has_dates(version: str) -> None:
    def period(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        category = Category.BIRTH_DATE if place in BIRTH_PERIOD else Category.DATE
        return is_one(facts, f"{place}.start", category, "fhir.dateTime", "1815-12-10")

    def timing(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        return all(
            is_one(facts, f"{place}.{at}", Category.DATE, "fhir.dateTime", "1815-12-10")
            for at in ("event[0]", "repeat.boundsPeriod.end")
        )

    assert failures(version, "Period", {"start": "1815-12-10"}, period) == []
    repeat = {"boundsPeriod": {"end": "1815-12-10"}, "count": 3, "timeOfDay": ["08:00:00"]}
    assert failures(version, "Timing", {"event": ["1815-12-10"], "repeat": repeat}, timing) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_every_age_is_an_age(version: str) -> None:
    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        return set(facts) == {f"{place}.value"} and is_one(facts, f"{place}.value", Category.AGE, "number", "93")

    age = {"value": 93, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}
    assert failures(version, "Age", age, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("reference", "value", "form"),
    [
        ("Encounter/zx-1", "zx-1", "fhir.reference"),
        ("https://h.org/fhir/Encounter/zx-1/_history/2", "zx-1", "fhir.reference"),
        ("#zx-1", "zx-1", "fhir.reference"),
        ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "uuid"),
        ("Encounter/0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", "uuid"),
        ("urn:oid:1.2.3", "1.2.3", "oid"),
    ],
)
def test_every_reference_gives_the_bare_id_and_its_place(version: str, reference: str, value: str, form: str) -> None:
    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        fact = facts.get(f"{place}.reference")
        return (
            is_one(facts, f"{place}.reference", Category.RECORD_ID, form, value)
            and fact is not None
            and fact.span is not None
            and reference[slice(*fact.span)] == value
        )

    assert failures(version, "Reference", {"reference": reference}, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("target", ["Patient", "Practitioner", "RelatedPerson", "Organization", "Location"])
def test_the_display_of_a_person_or_organisation_is_a_field(version: str, target: str) -> None:
    category = Category.ORGANISATION if target in ("Organization", "Location") else Category.NAME
    value = {"reference": f"{target}/1", "display": "Zyx"}
    found = failures(
        version,
        "Reference",
        value,
        lambda place, facts, parts: not parts and is_one(facts, f"{place}.display", category, "name", "Zyx"),
    )
    assert found == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("type_", ["string", "markdown"])
def test_every_string_is_text_or_a_field_or_clinical(version: str, type_: str) -> None:
    """What is neither stands in this list, which was read property by property."""
    clinical = [
        "version",
        "linkId",
        "doseNumber",
        "doseNumberString",
        "seriesDoses",
        "seriesDosesString",
        "modelNumber",
        "manufacturer",
        "partNumber",
        "lotNumber",
        "relation",
        "ifMatch",
        "ifNoneMatch",
        "etag",
        "status",
        "software",
        "expression",
        "location",
        "eventNumber",
        "eventsSinceSubscriptionStart",
        "value",
    ]

    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        return place in parts or place in facts or place.rpartition(".")[2] in clinical

    assert failures(version, type_, "Zyx saw me", holds) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("Quantity", {"value": 7.4, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}),
        (
            "Coding",
            {"system": "http://snomed.info/sct", "code": "38341003", "display": "Hypertension", "version": "2024"},
        ),
        ("Range", {"low": {"value": 1}, "high": {"value": 2}}),
        ("Ratio", {"numerator": {"value": 1}, "denominator": {"value": 2}}),
        ("Money", {"value": 7, "currency": "EUR"}),
        ("SampledData", {"origin": {"value": 0}, "dimensions": 1, "data": "1 2 E U"}),
        ("boolean", True),
        ("positiveInt", 3),
        ("decimal", 3.5),
        ("integer", 3),
        ("time", "08:00:00"),
        ("canonical", "http://h.org/Questionnaire/q|1"),
        ("code", "abc"),
    ],
)
def test_clinical_and_structural_values_are_left_alone(version: str, type_: str, value: Any) -> None:
    """But for what 45 CFR 164.514 and ISO/IEC 20889 make a (quasi-)identifier."""
    exceptions = [
        "Patient.gender",
        "Person.gender",
        "RelatedPerson.gender",
        "Practitioner.gender",
        "Patient.contact.gender",
        "Location.position.longitude",
        "Location.position.latitude",
        "Location.position.altitude",
        "Condition.onsetRange",
        "Condition.abatementRange",
        "AllergyIntolerance.onsetRange",
        "Procedure.performedRange",
        "Procedure.occurrenceRange",
        "FamilyMemberHistory.ageRange",
        "FamilyMemberHistory.deceasedRange",
        "FamilyMemberHistory.condition.onsetRange",
        "FamilyMemberHistory.procedure.performedRange",
    ]

    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        return place in exceptions or (not facts and not parts)

    assert failures(version, type_, value, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_codes_in_concepts_are_left_alone_but_for_quasi_identifiers(version: str) -> None:
    quasi = [
        "Patient.maritalStatus",
        "Person.maritalStatus",
        "Patient.communication.language",
        "RelatedPerson.communication.language",
        "Person.communication.language",
        "Practitioner.communication",
        "Practitioner.communication.language",
        "Patient.contact.relationship",
        "RelatedPerson.relationship",
        "FamilyMemberHistory.relationship",
        "FamilyMemberHistory.sex",
        "Coverage.relationship",
    ]
    concept = {"coding": [{"system": "http://loinc.org", "code": "x-1", "display": "y"}], "text": "z"}

    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        if place in quasi:
            return not parts and {fact.value for fact in facts.values()} == {"x-1", "y", "z"}
        return not facts and parts == {f"{place}.text"}

    found = failures(version, "CodeableConcept", concept, holds)
    assert found == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("type_", ["Attachment", "Signature", "base64Binary"])
def test_bytes_that_nobody_can_read_are_never_left_alone(version: str, type_: str) -> None:
    value = "AAAA" if type_ == "base64Binary" else {"data": "AAAA", "hash": "AAAA", "url": "https://h.org/1"}
    if type_ == "Signature":
        value = {"data": "AAAA"}

    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        names = [""] if isinstance(value, str) else [f".{name}" for name in value]
        wanted = {Category.UNKNOWN, Category.PHOTO, Category.DEVICE, Category.URL}
        return all(f"{place}{name}" in facts and facts[f"{place}{name}"].category in wanted for name in names)

    assert failures(version, type_, value, holds) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_an_extension_that_nobody_defined_is_unknown_everywhere(version: str) -> None:
    extension = [{"url": "http://hospital.example/e", "valueCode": "zyx"}]

    def holds(place: str, facts: dict[str, Fact], parts: set[str]) -> bool:
        [fact] = facts.values()
        return not parts and fact.category is Category.UNKNOWN and fact.value == "zyx"

    assert failures(version, "Extension", extension, holds) == []
