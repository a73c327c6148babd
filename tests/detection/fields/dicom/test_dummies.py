"""A dummy is a value of its VR, never empty: the type may be 1 (PS3.15, E.1.1)."""

from __future__ import annotations

import io

import pydicom
import pytest
from deidstream.core.document import Edit, splice
from deidstream.detection.fields.dicom.dummies import dummy
from deidstream.formats.dicom import split
from deidstream.formats.dicom.element import VRS

from tests.formats.dicom.files import SYNTAXES, report, written


@pytest.mark.parametrize("vr", sorted(VRS - {"SQ"}))
def test_every_vr_has_one(vr: str) -> None:
    assert dummy(vr)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("keyword", "before", "after"),
    [
        ("Rows", 512, 0),  # US
        ("TagAngleSecondAxis", -7, 0),  # SS
        ("RegionFlags", 7, 0),  # UL
        ("ReferencePixelX0", -7, 0),  # SL
        ("TableOfParameterValues", [1.5, 2.5], [0.0, 0.0]),  # FL
        ("DiffusionGradientOrientation", [0.1, 0.2, 0.3], [0.0, 0.0, 0.0]),  # FD
        ("PixelSpacing", ["0.5", "0.7"], [0, 0]),  # DS
        ("InstanceNumber", "12", 0),  # IS
    ],
)
def test_a_dummy_number_is_read_as_zero(syntax: str, keyword: str, before: object, after: object) -> None:
    document = split(written(report(**{keyword: before}), syntax))
    element = document.element(keyword)
    assert element is not None
    values = len(before) if isinstance(before, list) else 1
    instead = dummy(element.vr, element.end - element.value, values)
    read = pydicom.dcmread(io.BytesIO(splice(document, [Edit(keyword, None, instead)])))
    made = read[keyword].value
    assert (list(made) if isinstance(after, list) else made) == after
