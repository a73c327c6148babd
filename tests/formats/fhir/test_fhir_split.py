"""Splitting keeps every byte, finds every value, and says what is text."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Malformed, Unsafe
from deidstream.core.span import Span
from deidstream.formats.fhir import FhirDocument, split

SAMPLES = sorted((Path(__file__).parents[2] / "data/fhir").glob("*.json"))


def doc(resource: dict[str, Any], version: str = "") -> FhirDocument:
    return split(json.dumps(resource).encode(), version=version)


def scalars(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(scalars, value.values()))
    if isinstance(value, list):
        return sum(map(scalars, value))
    return value is not None


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_official_examples_are_understood_whole(path: Path) -> None:
    source = path.read_bytes()
    document = split(source)
    assert splice(document, ()) == source
    assert len(document.leaves) == scalars(json.loads(source))
    assert len({leaf.path for leaf in document.leaves}) == len(document.leaves)
    assert [leaf.start for leaf in document.leaves] == sorted(leaf.start for leaf in document.leaves)
    assert document.version == "4.0"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_replacing_one_value_changes_only_it(path: Path) -> None:
    document = split(path.read_bytes())
    for leaf in document.leaves[:: max(1, len(document.leaves) // 20)]:
        if leaf.admits_text and leaf.nested is None:
            out = splice(document, [Edit(leaf.path, None, 'Zoë "Q" \\')])
            assert out[: leaf.start] == document.source[: leaf.start]
            assert out.endswith(document.source[leaf.end :])
            assert split(out).leaf(leaf.path).text == 'Zoë "Q" \\'


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_part_is_made_of_leaves(path: Path) -> None:
    document = split(path.read_bytes())
    seen = set()
    for part in document.parts:
        for start, end, at, offset in part.pieces:
            assert document.leaf(at).text[offset : offset + end - start] == part.text[start:end]
            seen.add((at, offset))
    assert len(seen) == sum(len(part.pieces) for part in document.parts)


def test_locators_are_fhirpath_with_types_and_indices() -> None:
    document = doc(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [
                {
                    "resource": {
                        "resourceType": "Observation",
                        "contained": [{"resourceType": "Patient", "id": "p", "name": [{"given": ["Ada", "B"]}]}],
                        "subject": {"reference": "#p"},
                        "_status": {"extension": [{"url": "http://x.org/e", "valueString": "v"}]},
                    }
                }
            ],
        }
    )
    inner = "Bundle.entry[0].resource.ofType(Observation)"
    assert document.leaf(f"{inner}.contained[0].ofType(Patient).name[0].given[1]").text == "B"
    assert document.leaf(f"{inner}.subject.reference").text == "#p"
    assert document.leaf(f"{inner}._status.extension[0].url").text == "http://x.org/e"


def test_a_property_that_nobody_defined_is_not_named_in_its_locator() -> None:
    document = doc({"resourceType": "Patient", "id": "a", "John Smith": {"phone": "555"}})
    assert [leaf.path for leaf in document.leaves][2:] == ["Patient.?2.?0"]
    assert document.leaves[2].type == ""


@pytest.mark.parametrize("empty", [None, {}, []])
def test_an_empty_value_of_an_unknown_property_is_a_leaf_that_can_be_removed(empty: Any) -> None:
    document = doc({"resourceType": "Patient", "John Smith": empty})
    assert document.leaves[1].type == ""
    assert splice(document, [Edit(document.leaves[1].path, None, None)]) == b'{"resourceType": "Patient"}'


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({"resourceType": "Patient", "birthDate": "John Smith"}, "Patient.birthDate"),
        ({"resourceType": "Patient", "gender": "call John 555"}, "Patient.gender"),
        ({"resourceType": "Patient", "id": "John Smith"}, "Patient.id"),
        ({"resourceType": "Patient", "active": "John"}, "Patient.active"),
        ({"resourceType": "Patient", "identifier": [{"value": 5551234}]}, "Patient.identifier[0].value"),
        ({"resourceType": "Patient", "name": "John"}, "Patient.name"),
        ({"resourceType": "Patient", "birthDate": {"x": "John"}}, "Patient.birthDate.?0"),
        ({"resourceType": "Patient", "name": [[{"family": "X"}]]}, "Patient.name[0][0].?0"),
        (
            {"resourceType": "Patient", "contained": [{"resourceType": "Nobody", "x": "John"}]},
            "Patient.contained[0].?1",
        ),
        ({"resourceType": "Patient", "contained": [{"x": "John"}]}, "Patient.contained[0].?0"),
        ({"resourceType": "Binary", "contentType": "text/plain", "data": "###"}, "Binary.data"),
        ({"resourceType": "Patient", "text": {"status": "generated", "div": "<div><b></div>"}}, "Patient.text.div"),
        ({"resourceType": "Observation", "effectiveInstant": "2020-01-01"}, "Observation.effectiveInstant"),
    ],
)
def test_a_value_that_breaks_its_type_is_not_understood(resource: dict[str, Any], path: str) -> None:
    assert doc(resource).leaf(path).type == ""


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"{}", "no-resource-type"),
        (b'{"resourceType":5}', "no-resource-type"),
        (b'{"resourceType":"John Smith"}', "unknown-resource-type"),
        (b'{"resourceType":"DomainResource"}', "unknown-resource-type"),
        (b'{"resourceType":"Bundle","entry":[' + b"{}," * 20_000 + b"{}]}", "too-many-entries"),
        (b'{"resourceType":"Patient"', "invalid-json"),
    ],
)
def test_what_is_no_resource_is_malformed(source: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        split(source)
    assert caught.value.code == code
    assert "Smith" not in str(caught.value)


@pytest.mark.parametrize(
    ("resource", "version"),
    [
        ({"resourceType": "Encounter", "class": {"code": "AMB"}}, "4.0"),
        ({"resourceType": "Ingredient", "manufacturer": []}, "4.3"),
        ({"resourceType": "Encounter", "actualPeriod": {"start": "2020"}}, "5.0"),
        ({"resourceType": "Transport", "status": "planned"}, "5.0"),
        ({"resourceType": "Encounter", "class": [{"text": "ambulatory"}]}, "5.0"),
        ({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "SubscriptionStatus"}}]}, "4.3"),
        ({"resourceType": "CapabilityStatement", "fhirVersion": "4.3.0"}, "4.3"),
    ],
)
def test_the_version_that_knows_all_properties_is_taken(resource: dict[str, Any], version: str) -> None:
    assert doc(resource).version == version


@pytest.mark.parametrize(("stated", "version"), [("R5", "5.0"), ("4.3.0", "4.3"), ("4.0", "4.0")])
def test_a_stated_version_is_taken(stated: str, version: str) -> None:
    assert doc({"resourceType": "Patient"}, stated).version == version


def parts_of(resource: dict[str, Any]) -> dict[str, str]:
    return {part.locator: part.text for part in doc(resource).parts}


def test_free_text_is_a_part_and_a_terminology_display_is_not() -> None:
    loinc = {"system": "http://loinc.org", "code": "1-8", "display": "Acyclovir"}
    local = {"system": "http://hospital.org/codes", "code": "x", "display": "as Dr House said"}
    wordy = {"system": "http://hospital.org/codes", "code": "seen by House"}
    texts = parts_of(
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [loinc, local, wordy], "text": "one"},
            "note": [{"text": "two", "authorString": "Dr House"}],
            "valueString": "three",
            "referenceRange": [{"text": "four"}],
            "component": [{"valueQuantity": {"value": 1, "unit": "mg"}, "valueString": "five"}],
            "subject": {"reference": "Patient/1", "display": "Ada Byron"},
            "focus": [{"reference": "Condition/1", "display": "six"}],
        }
    )
    assert texts == {
        "Observation.code.coding[1].display": "as Dr House said",
        "Observation.code.coding[2].code": "seen by House",
        "Observation.code.text": "one",
        "Observation.note[0].text": "two",
        "Observation.valueString": "three",
        "Observation.referenceRange[0].text": "four",
        "Observation.component[0].valueString": "five",
        "Observation.focus[0].display": "six",
    }


def test_the_narrative_is_one_part_as_people_read_it() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="de"><p>Frau Ada &amp; Kind</p><p>geb. 1815</p></div>'
    document = doc({"resourceType": "Patient", "text": {"status": "generated", "div": div}})
    [part] = document.parts
    assert part.text.split("\n") == ["Frau Ada & Kind", "geb. 1815"]
    assert part.language == "de"
    piece = part.pieces[0]
    out = splice(document, [Edit(piece.path, Span(5, 8), '"X"<ö>')])
    assert json.loads(out)["text"]["div"] == div.replace("Ada", '"X"&lt;ö&gt;', 1)


def test_a_part_has_the_language_of_its_resource() -> None:
    document = doc({"resourceType": "Observation", "language": "fr", "valueString": "bonjour"})
    assert [part.language for part in document.parts] == ["fr"]


@pytest.mark.parametrize("lines", [0, 8])
def test_a_text_in_base64_is_edited_and_written_anew_with_its_size_and_hash(lines: int) -> None:
    content = b"Patient: Ada Byron, wohl"
    data = base64.b64encode(content).decode()
    if lines:
        data = "\r\n".join(data[at : at + lines] for at in range(0, len(data), lines))
    attachment = {
        "contentType": "text/plain; charset=utf-8",
        "data": data,
        "size": len(content),
        "hash": "AAAA",
        "title": "t",
    }
    document = doc({"resourceType": "DocumentReference", "content": [{"attachment": attachment}]})
    text, title = document.parts
    assert (text.text, title.text) == (content.decode(), "t")
    [piece] = text.pieces
    out = json.loads(splice(document, [Edit(piece.path, Span(9, 18), "Eva Ö")]))["content"][0]["attachment"]
    assert base64.b64decode(out["data"]).decode() == "Patient: Eva Ö, wohl"
    assert out["size"] == len("Patient: Eva Ö, wohl".encode())
    assert base64.b64decode(out["hash"]) != b"\0\0\0"
    assert ("\r\n" in out["data"]) == bool(lines)


@pytest.mark.parametrize("media_type", ["image/png", "application/pdf", "", "application/octet-stream"])
def test_an_attachment_of_another_kind_is_not_understood(media_type: str) -> None:
    attachment = {"contentType": media_type, "data": "AAAA"} if media_type else {"data": "AAAA"}
    document = doc({"resourceType": "Media", "content": attachment})
    assert document.leaf("Media.content.data").type == ""


def test_a_resource_inside_a_binary_is_a_document_of_its_own() -> None:
    inner = json.dumps({"resourceType": "Patient", "name": [{"text": "Ada"}]}).encode()
    data = base64.b64encode(inner).decode()
    document = doc({"resourceType": "Binary", "contentType": "application/fhir+json", "data": data})
    assert document.leaf("Binary.data!Patient.name[0].text").text == "Ada"
    out = json.loads(splice(document, [Edit("Binary.data!Patient.name[0].text", None, "Eva")]))
    assert json.loads(base64.b64decode(out["data"]))["name"][0]["text"] == "Eva"


def test_numbers_take_numbers_and_nothing_else() -> None:
    document = doc({"resourceType": "Condition", "onsetAge": {"value": 93}})
    assert json.loads(splice(document, [Edit("Condition.onsetAge.value", None, "90")]))["onsetAge"]["value"] == 90
    with pytest.raises(Unsafe):
        splice(document, [Edit("Condition.onsetAge.value", None, "[AGE]")])


def test_reprs_show_no_content() -> None:
    document = doc({"resourceType": "Patient", "id": "ada", "name": [{"family": "Byron"}], "managingOrganization": {}})
    shown = repr(
        (document, document.leaves, document.parts, document.elements, document.people, document.elements[-1].aim)
    )
    assert "Byron" not in shown
    assert "'ada'" not in shown
