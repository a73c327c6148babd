"""What a release carries besides its content: security label, Provenance; and how bulk files are cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from deidstream.core.errors import Malformed
from deidstream.formats.fhir import label, members, provenance, split
from hypothesis import given
from hypothesis import strategies as st

SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
PSEUDED = {"system": SYSTEM, "code": "PSEUDED", "display": "pseudonymized"}
OTHER = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
SAMPLES = sorted((Path(__file__).parents[2] / "data/fhir").glob("*.json"))


@pytest.mark.parametrize(
    ("meta", "security"),
    [
        (None, [PSEUDED]),
        ({}, [PSEUDED]),
        ({"versionId": "1"}, [PSEUDED]),
        ({"security": []}, [PSEUDED]),
        ({"security": [OTHER], "versionId": "1"}, [OTHER, PSEUDED]),
        ({"security": [{"system": SYSTEM, "code": "PSEUDED"}]}, [{"system": SYSTEM, "code": "PSEUDED"}]),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_the_label_is_added_once(meta: Any, security: Any, indent: int | None) -> None:
    resource = {"resourceType": "Patient", "active": True} | ({} if meta is None else {"meta": meta})
    labelled = label(json.dumps(resource, indent=indent).encode())
    assert json.loads(labelled) == {**resource, "meta": {**(meta or {}), "security": security}}
    assert label(labelled) == labelled


def test_each_resource_of_a_bundle_is_labelled() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Patient", "id": "a"}}, {"fullUrl": "x"}],
    }
    out = json.loads(label(json.dumps(bundle).encode(), "ANONYED"))
    codes = [one["meta"]["security"][0]["code"] for one in (out, out["entry"][0]["resource"])]
    assert codes == ["ANONYED", "ANONYED"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_labelled_example_differs_in_nothing_else(path: Path) -> None:
    source = path.read_bytes()
    before, after = json.loads(source), json.loads(label(source))
    assert PSEUDED in after["meta"].pop("security")
    before.get("meta", {}).pop("security", None)
    if before["resourceType"] != "Bundle":
        assert after | {"meta": None} == before | {"meta": None}


def test_a_meta_that_is_no_object_is_malformed() -> None:
    with pytest.raises(Malformed):
        label(b'{"resourceType":"Patient","meta":"x"}')


@pytest.mark.parametrize(("version", "field"), [("", "deviceName"), ("4.3", "deviceName"), ("5.0", "name")])
def test_the_provenance_is_a_resource_of_its_version(version: str, field: str) -> None:
    source = provenance("Patient/s1", "r1", 1_700_000_000.5, "hipaa 1a2b", version)
    document = split(source, version=version)
    assert all(leaf.type for leaf in document.leaves)
    resource = json.loads(source)
    assert resource["target"][0]["reference"] == "Patient/s1"
    assert resource["recorded"] == "2023-11-14T22:13:20.500Z"
    assert resource["policy"] == ["urn:deidstream:policy:hipaa%201a2b"]
    assert resource["activity"]["coding"][0]["code"] == "pseudonymize"
    assert field in resource["contained"][0]


def test_a_target_without_id_is_named_by_its_release() -> None:
    [target] = json.loads(provenance("Bundle", "r1", 0, "p"))["target"]
    assert target == {"type": "Bundle", "identifier": {"system": "urn:deidstream:release", "value": "r1"}}


@given(
    st.lists(st.sampled_from([b'{"a":1}\n', b"\n", b"  \r\n", b'{"b":2}\r\n', b'{"c":3}']), max_size=8).map(b"".join)
)
def test_members_follow_one_another_without_a_gap(source: bytes) -> None:
    ranges = list(members(source))
    pieces = [source[start:end] for start, end in ranges]
    filled = [line for line in source.split(b"\n") if line.strip()]
    assert len(ranges) == len(filled)
    assert b"".join(pieces) == (source if filled else b"")
    assert [piece.strip() for piece in pieces] == [line.strip() for line in filled]
