"""Which private elements are safe: by creator, number and VR, and by nothing less (PS3.15, E.3.10)."""

from __future__ import annotations

import struct

import pytest
from deidstream.detection.fields.dicom.private import safe_elements
from deidstream.formats.dicom import split
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from tests.formats.dicom.files import report, written

_PET = "Philips PET Private Group"


def _with(group: int, creator: str, number: int, vr: str, value: object) -> Dataset:
    made = report()
    made.private_block(group, creator, create=True).add_new(number, vr, value)
    return made


@pytest.mark.parametrize(
    ("made", "safe", "why"),
    [
        (_with(0x7053, _PET, 0x00, "DS", "0.000276"), True, "SUV factor"),
        (_with(0x7053, _PET, 0x01, "DS", "0.000276"), False, "its neighbour is in no table"),
        (_with(0x7053, _PET, 0x00, "LO", "Quiltrane"), False, "a text where a number should be"),
        (_with(0x7053, "Philips", 0x00, "DS", "1"), False, "another creator"),
        (_with(0x7055, _PET, 0x00, "DS", "1"), False, "another group"),
        (_with(0x0019, "GEMS_ACQU_01", 0x9E, "LO", "Quiltrane"), False, "a text that nobody reads"),
        (_with(0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000"), True, "b-value"),
        (_with(0x0019, "SIEMENS MR HEADER", 0x0E, "FD", [0.5, -0.25, 0.125]), True, "direction of diffusion"),
        (_with(0x2001, "Philips Imaging DD 001", 0x03, "FL", 800.0), True, "b-factor"),
        (_with(0x2001, "Philips Imaging DD 001", 0x04, "CS", "QUILTRANE"), False, "a code that nobody reads"),
        (_with(0x2005, "Philips Imaging DD 001", 0x30, "FL", 1.0), False, "in the dictionary, and not in the table"),
        (_with(0x2005, "Philips MR Imaging DD 001", 0x0E, "FL", 0.0041), True, "scale slope"),
        (_with(0x0019, "SIEMENS MR HEADER", 0x0A, "US", 4), False, "in no table"),
    ],
)
def test_an_element_is_safe_by_creator_number_and_vr(made: Dataset, safe: bool, why: str) -> None:
    assert bool(safe_elements(split(written(made)))) is safe, why


def test_a_text_that_is_written_as_a_decimal_string_is_not_safe() -> None:
    content = written(_with(0x7053, _PET, 0x00, "DS", "12345678"))
    assert safe_elements(split(content))
    assert not safe_elements(split(content.replace(b"12345678", b"Adabel^Q")))


def test_letters_that_are_written_as_a_binary_number_are_not_safe() -> None:
    number = _with(0x0019, "SIEMENS MR HEADER", 0x27, "FD", [1.5] * 6)
    content = written(number)
    assert safe_elements(split(content))
    inside = struct.pack("<6d", *[1.5] * 6)
    assert content.count(inside) == 1
    assert not safe_elements(split(content.replace(inside, b"Quiltrane, Adabel, born 1942-03-12, MRN 4711081 ")))


def test_where_no_vr_is_written_nothing_is_safe() -> None:
    made = _with(0x7053, _PET, 0x00, "DS", "1")
    assert not safe_elements(split(written(made, ImplicitVRLittleEndian)))
