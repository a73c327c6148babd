"""The standard's tables: hand-picked rows, and how versions that nobody knows are read."""

from __future__ import annotations

import pytest
from deidstream.formats.hl7v2.definition import DEFAULT_VERSION, components, fields, nearest


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2.1", "2.1"),
        ("2.5.1", "2.5.1"),
        ("2.8.2", "2.8.2"),
        ("2.7.1", "2.7"),
        ("2.9", "2.8.2"),
        ("2.3.z", "2.3"),
        ("2.3.2", "2.3.1"),
        ("3.0", "2.8.2"),
        ("1.0", "2.1"),
        ("", DEFAULT_VERSION),
        ("D.2.4", DEFAULT_VERSION),
        ("two", DEFAULT_VERSION),
    ],
)
def test_a_version_is_read_by_the_nearest_tables(written: str, read: str) -> None:
    assert nearest(written) == read


@pytest.mark.parametrize(
    ("version", "segment", "number", "type_"),
    [
        ("2.1", "PID", 5, "PN"),
        ("2.3", "PID", 5, "XPN"),
        ("2.2", "PV1", 7, "CN"),
        ("2.5", "PV1", 7, "XCN"),
        ("2.3", "PID", 7, "TS"),
        ("2.7", "PID", 7, "DTM"),
        ("2.3", "PID", 8, "IS"),
        ("2.8", "PID", 8, "CWE"),
        ("2.8", "PID", 19, "ST"),  # withdrawn in 2.7: as it was before
        ("2.8", "PID", 4, "CX"),
        ("2.8", "OBR", 27, "TQ"),
        ("2.1", "PID", 40, "XTN"),  # not there yet: as it will be
        ("2.5.1", "OBX", 33, "EIP"),  # of 2.9
        ("2.5.1", "OBX", 5, "varies"),
        ("2.1", "ORC", 2, "EI"),  # CM says nothing: as it became
    ],
)
def test_a_field_has_the_type_that_the_standard_gives_it(version: str, segment: str, number: int, type_: str) -> None:
    assert fields(version, segment)[number - 1].type == type_


@pytest.mark.parametrize("segment", ["ZPI", "QQQ", "", "..", "../", "LINE", "pid"])
def test_a_segment_that_no_version_has_has_no_fields(segment: str) -> None:
    assert fields("2.5.1", segment) == ()


def test_components_are_those_of_the_version_or_of_the_nearest_that_has_the_type() -> None:
    assert components("2.3", "XPN")[0] == "ST"
    assert components("2.5", "XPN")[0] == "FN"
    assert components("2.8", "CE") == ("ST", "ST", "ID", "ST", "ST", "ID")
    assert components("2.5", "ST") == ()
