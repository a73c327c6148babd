"""No replacement makes a value longer than its VR allows (PS3.5, table 6.2-1)."""

from __future__ import annotations

import io

import pydicom
import pytest
from deidstream.core.document import Edit, splice
from deidstream.core.span import Span
from deidstream.formats.dicom import split

from tests.formats.dicom.files import report, written


@pytest.mark.parametrize(
    ("keyword", "longest"),
    [
        ("StationName", 16),  # SH
        ("Modality", 16),  # CS
        ("RetrieveAETitle", 16),  # AE
        ("InstitutionName", 64),  # LO
        ("PatientName", 64),  # PN, one group
        ("InstitutionAddress", 1024),  # ST
        ("PatientComments", 10240),  # LT
    ],
)
@pytest.mark.parametrize("charset", ["", "ISO_IR 192", "ISO 2022 IR 87"])
def test_a_replacement_is_cut_to_characters_not_to_bytes(keyword: str, longest: int, charset: str) -> None:
    letter = "山" if charset and keyword not in ("Modality", "RetrieveAETitle") else "A"
    terms = ["", charset] if "2022" in charset else charset
    made = report(SpecificCharacterSet=terms, **{keyword: "X"})
    document = split(written(made))
    read = pydicom.dcmread(io.BytesIO(splice(document, [Edit(keyword, Span(0, 1), letter * (longest + 7))])))
    assert str(read[keyword].value) == letter * longest


def test_each_value_and_each_group_of_a_name_has_its_own_limit() -> None:
    made = report(OtherPatientIDs=["a", "b"], PatientName="A^B=C")
    edits = [
        Edit("OtherPatientIDs", Span(0, 1), "1" * 70),
        Edit("PatientName", Span(0, 1), "A" * 70),
        Edit("PatientName", Span(4, 5), "C" * 60),
    ]
    read = pydicom.dcmread(io.BytesIO(splice(split(written(made)), edits)))
    assert list(read.OtherPatientIDs) == ["1" * 64, "b"]
    assert str(read.PatientName) == "A" * 64 + "=" + "C" * 60
