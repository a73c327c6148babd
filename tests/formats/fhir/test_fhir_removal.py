"""Whatever is removed, what is left is JSON, holds nothing empty, and is otherwise as it was."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.errors import Unsafe
from deidstream.formats.fhir import split
from hypothesis import given, settings
from hypothesis import strategies as st

SAMPLES = sorted((Path(__file__).parents[2] / "data/fhir").glob("*.json"))


def without(resource: dict[str, Any], *paths: str, indent: int | None = None) -> dict[str, Any]:
    source = json.dumps(resource, indent=indent).encode()
    out: dict[str, Any] = json.loads(splice(split(source), [Edit(path, None, None) for path in paths]))
    return out


NAMED = {
    "resourceType": "Patient",
    "id": "a",
    "name": [{"family": "F", "given": ["G1", "G2", "G3"]}, {"text": "T"}],
    "active": True,
    "extension": [{"url": "http://x.org/1", "valueString": "v"}, {"url": "http://x.org/2", "valueString": "w"}],
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">t</div>'},
}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["name[0].given[0]"], {"name": [{"family": "F", "given": ["G2", "G3"]}, {"text": "T"}]}),
        (["name[0].given[2]"], {"name": [{"family": "F", "given": ["G1", "G2"]}, {"text": "T"}]}),
        (["name[0].given[1]", "name[0].given[2]"], {"name": [{"family": "F", "given": ["G1"]}, {"text": "T"}]}),
        (["name[0].given[0]", "name[0].given[2]"], {"name": [{"family": "F", "given": ["G2"]}, {"text": "T"}]}),
        (["name[0].family"], {"name": [{"given": ["G1", "G2", "G3"]}, {"text": "T"}]}),
        ([f"name[0].given[{n}]" for n in range(3)], {"name": [{"family": "F"}, {"text": "T"}]}),
        (["name[1].text"], {"name": [{"family": "F", "given": ["G1", "G2", "G3"]}]}),
        (["name[0]", "name[0].family", "name[0].given[1]"], {"name": [{"text": "T"}]}),
        (["name[0]", "name[1]"], {"name": None}),
        (["id", "name", "active"], {"id": None, "name": None, "active": None}),
        (["extension[0].?1"], {"extension": [{"url": "http://x.org/2", "valueString": "w"}]}),
        (["extension[0].?1", "extension[1].?1"], {"extension": None}),
        (["text.div"], {"text": None}),
    ],
)
def test_removals_leave_no_gap_and_nothing_empty(
    paths: list[str], expected: dict[str, Any], indent: int | None
) -> None:
    out = without(NAMED, *(f"Patient.{path}" for path in paths), indent=indent)
    assert out == {key: value for key, value in {**NAMED, **expected}.items() if value is not None}


EXTENDED = [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]


@pytest.mark.parametrize(
    ("paths", "given_", "companion"),
    [
        (["given[0]"], [None, "B", "C"], [{"extension": EXTENDED}, None, {"id": "c"}]),
        (["given[1]"], ["A", "C"], [{"extension": EXTENDED}, {"id": "c"}]),
        (["_given[0].extension[0]"], ["A", "B", "C"], [None, None, {"id": "c"}]),
        (["_given[0].extension[0].valueCode", "_given[2].id"], ["A", "B", "C"], None),
        (["given[0]", "given[1]", "given[2]"], None, [{"extension": EXTENDED}, {"id": "c"}]),
        (["given[0]", "_given[0]"], ["B", "C"], [None, {"id": "c"}]),
        (["given[1]", "given[2]", "_given[2]"], ["A"], [{"extension": EXTENDED}]),
        (["given", "_given"], None, None),
    ],
)
def test_an_array_and_its_companion_stay_in_step(paths: list[str], given_: Any, companion: Any) -> None:
    name = {"family": "F", "given": ["A", "B", "C"], "_given": [{"extension": EXTENDED}, None, {"id": "c"}]}
    out = without({"resourceType": "Patient", "name": [name]}, *(f"Patient.name[0].{path}" for path in paths))
    expected = {"family": "F", "given": given_, "_given": companion}
    assert out["name"] == [{key: value for key, value in expected.items() if value is not None}]


def test_the_companion_of_a_single_value_stays_without_it() -> None:
    resource = {"resourceType": "Patient", "birthDate": "1815-12-10", "_birthDate": {"extension": EXTENDED}}
    assert without(resource, "Patient.birthDate") == {"resourceType": "Patient", "_birthDate": {"extension": EXTENDED}}


@pytest.mark.parametrize(
    "path", ["Patient.birthDate", "Patient.name[2]", "Patient.nam", "Patient.?9", "Patient.name.family"]
)
def test_an_unknown_locator_is_refused(path: str) -> None:
    with pytest.raises(Unsafe):
        without(NAMED, path)


def test_a_resource_is_never_removed_whole() -> None:
    with pytest.raises(Unsafe):
        without({"resourceType": "Patient"}, "Patient")


def has_empty(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return not value or any(map(has_empty, value.values() if isinstance(value, dict) else value))
    return False


@given(st.sampled_from(SAMPLES), st.integers(0, 2**32), st.floats(0.01, 0.9))
@settings(max_examples=80, deadline=None)
def test_any_set_of_values_can_be_removed_and_another_replaced(path: Path, seed: int, share: float) -> None:
    source = path.read_bytes()
    document = split(source)
    chance = random.Random(seed)
    gone = [leaf for leaf in document.leaves if leaf.type != "code" and chance.random() < share]
    names = {leaf.path for leaf in gone}
    kept = [leaf for leaf in document.leaves if leaf.admits_text and leaf.nested is None and leaf.path not in names]
    edits = [Edit(leaf.path, None, None) for leaf in gone]
    edits += [Edit(leaf.path, None, "§§§") for leaf in kept[:1] if not leaf.path.endswith(("url", "status", ".id"))]
    out = splice(document, edits)
    assert not has_empty(json.loads(out))
    assert len(split(out).leaves) <= len(document.leaves) - len(gone)
    if kept and len(edits) > len(gone) and kept[0].type == "string":
        assert out.count("§§§".encode()) == 1
