"""What may leave by its header alone."""

from __future__ import annotations

import struct

import pytest
from deidstream.core.policy import Dicom
from deidstream.detection.fields.dicom.pixels import ABSENT, EXAMINED, may_show_head, refusal, rules_out_head
from deidstream.detection.fields.dicom.profile import Action, action
from deidstream.formats.dicom import DicomDocument, split
from deidstream.formats.dicom.element import LONG

from tests.formats.dicom.files import report, written

_CT, _US, _SC = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.7"
_DX, _VL, _PDF = "1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.840.10008.5.1.4.1.1.104.1"
_CHEST = {"SOPClassUID": _CT, "Modality": "CT", "BodyPartExamined": "CHEST", "ImageType": ["ORIGINAL", "PRIMARY"]}
_RT = {"Modality": "RTIMAGE", "BodyPartExamined": "HEAD"}
_CLEAN = {"BurnedInAnnotation": "NO", "RecognizableVisualFeatures": "NO"}


@pytest.mark.parametrize(
    ("attributes", "released", "why"),
    [
        (_CHEST, True, "a chest in tomography shows no face, and its pixels no text"),
        (_CHEST | {"BodyPartExamined": "HEAD"}, False, "a face can be rendered"),
        (_CHEST | {"BodyPartExamined": ""}, False, "unknown means head"),
        (_CHEST | {"BodyPartExamined": "WHOLEBODY"}, False, "so has the whole body"),
        (_CHEST | {"BodyPartExamined": "HEAD", "RecognizableVisualFeatures": "NO"}, True, "somebody removed it"),
        (_CHEST | {"RecognizableVisualFeatures": "YES"}, False, "the header says so"),
        (_CHEST | {"BurnedInAnnotation": "YES"}, False, "the header says so"),
        (_CHEST | {"ImageType": ["DERIVED", "SECONDARY"]}, False, "a dose report is a CT image too"),
        (_CHEST | {"ImageType": ["ORIGINAL", "PRIMARY", "SCREEN SAVE"]}, False, "a screen with names on it"),
        (_CHEST | {"ImageType": None}, False, "nobody says that it is original"),
        (_CHEST | {"SOPClassUID": "1.3.12.2.1107.5.9.1"}, False, "a private class may be anything"),
        (_CHEST | {"ConversionType": "WSD"}, False, "captured"),
        (_CHEST | {"SOPClassUID": _DX, "Modality": "DX"}, False, "radiographs have text burned in"),
        (_CHEST | _CLEAN | {"SOPClassUID": _DX, "Modality": "DX"}, True, "but this one has none, it says"),
        (_CHEST | _CLEAN | {"SOPClassUID": _US, "Modality": "US"}, False, "ultrasound is never believed"),
        (_CHEST | _CLEAN | {"SOPClassUID": _SC, "Modality": "OT"}, False, "nor is secondary capture"),
        (_CHEST | _CLEAN | {"SOPClassUID": _VL, "Modality": "XC"}, False, "nor are photographs"),
        (_CHEST | _CLEAN | {"Modality": "US"}, False, "the modality contradicts the class"),
        (_RT | {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2"}, True, "a grid of doses shows nobody"),
        (_RT | {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.23"}, False, "Enhanced RT Image is a picture"),
    ],
)
def test_pixels_are_trusted_only_where_the_header_rules_out_text_and_faces(
    attributes: dict[str, object], released: bool, why: str
) -> None:
    made = report(PixelData=b"\0\0", **attributes)
    made["PixelData"].VR = "OW"
    document = split(written(made))
    assert refusal(document, Dicom(pixels="trust-header")) == ("" if released else "pixels-not-examined"), why
    assert refusal(document, Dicom()) == "pixels-not-examined"
    assert refusal(document, Dicom(pixels="keep")) == ""


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({}, ""),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.5"}, ""),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.9.1.1"}, ""),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.9.4.1"}, "sound-not-examined"),
        ({"SOPClassUID": _PDF}, "class-not-understood"),
        ({"SOPClassUID": _PDF, "EncapsulatedDocument": b"%PDF"}, "document-not-examined"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.68.1"}, "class-not-understood"),  # the surface of a face
        ({"SOPClassUID": "1.3.12.2.1107.5.9.1"}, "class-not-understood"),
        ({"SOPClassUID": "1.2.840.10008.1.3.10"}, "directory-unsupported"),
    ],
)
def test_instances_without_pixels_go_by_their_class(attributes: dict[str, object], reason: str) -> None:
    assert refusal(split(written(report(**attributes))), Dicom(pixels="keep")) == reason


def test_a_vr_that_hides_what_an_attribute_is_stops_the_instance() -> None:
    content = written(report(DerivationDescription="seen with Quiltrane "))
    assert refusal(split(content), Dicom()) == ""
    at = content.index(b"\x08\0\x11\x21ST")
    assert refusal(split(content[: at + 4] + b"CS" + content[at + 6 :]), Dicom()) == "wrong-vr"


_LYING = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
_CLASSES = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.parametrize(
    ("attributes", "possible", "why"),
    [
        ({"Modality": "CT", "SOPClassUID": _CT}, True, "says so"),
        ({"Modality": "", "SOPClassUID": _CT}, True, "its class is enough"),
        ({"Modality": "OT", "SOPClassUID": f"{_CLASSES}4.1"}, True, "Enhanced MR, whatever modality it says"),
        ({"Modality": "XA", "SOPClassUID": f"{_CLASSES}13.1.1"}, True, "a volume of angiography"),
        ({"Modality": "DX", "SOPClassUID": f"{_CLASSES}13.1.2"}, True, "a volume of teeth and jaws"),
        ({"Modality": "PT", "SOPClassUID": f"{_CLASSES}130"}, True, "Enhanced PET"),
        ({"Modality": "OT", "SOPClassUID": _SC} | _LYING, True, "captured slices say where they lie"),
        ({"Modality": "", "SOPClassUID": "1.3.12.2.1107.5.9.1"} | _LYING, True, "private slices too"),
        ({"Modality": "OT", "SOPClassUID": _SC}, False, "a picture that lies nowhere is no slice"),
        ({"Modality": "US", "SOPClassUID": _US} | _LYING, False, "no head fits into a probe"),
        ({"Modality": "MG", "SOPClassUID": f"{_CLASSES}13.1.3"} | _LYING, False, "slices of a breast"),
        ({"Modality": "RTDOSE", "SOPClassUID": f"{_CLASSES}481.2"} | _LYING, False, "a grid of doses shows nobody"),
        ({"Modality": "CT", "SOPClassUID": _CT, "BodyPartExamined": "CHEST"}, True, "whatever it says"),
        ({"Modality": "CT", "SOPClassUID": _CT, "RecognizableVisualFeatures": "NO"}, True, "whatever it says"),
    ],
)
def test_what_may_be_a_slice_of_a_head(attributes: dict[str, object], possible: bool, why: str) -> None:
    made = report(PixelData=b"\0\0", **attributes)
    made["PixelData"].VR = "OW"
    assert may_show_head(split(written(made))) is possible, why


@pytest.mark.parametrize(
    ("attributes", "ruled_out"),
    [
        ({"BodyPartExamined": "CHEST"}, True),
        ({"BodyPartExamined": "L SPINE"}, True),
        ({"BodyPartExamined": "HEAD", "RecognizableVisualFeatures": "NO"}, True),
        ({"BodyPartExamined": "CHEST", "RecognizableVisualFeatures": "YES"}, False),
        ({"BodyPartExamined": "WHOLEBODY"}, False),
        ({"BodyPartExamined": ""}, False),
    ],
)
def test_what_a_header_says_is_a_hint_and_is_not_enough(attributes: dict[str, object], ruled_out: bool) -> None:
    made = report(PixelData=b"\0\0", SOPClassUID=_CT, Modality="CT", **attributes)
    made["PixelData"].VR = "OW"
    document = split(written(made))
    assert rules_out_head(document) is ruled_out
    assert refusal(document, Dicom(), EXAMINED) == "head-not-examined"
    assert refusal(document, Dicom(), EXAMINED, "head-contradicts-header") == "head-contradicts-header"
    assert refusal(document, Dicom(heads="quarantine"), EXAMINED) == "head-possible"
    for chosen in (Dicom(), Dicom(heads="quarantine")):
        assert refusal(document, chosen, EXAMINED, ABSENT) == ""


def _built(tag: int, vr: str, value: bytes) -> DicomDocument:
    """With an element as it is: pydicom writes none that breaks the rules, and no lengths of groups."""
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    length = struct.pack("<HI", 0, len(value)) if vr in LONG else struct.pack("<H", len(value))
    return split(written(report()) + head + length + value)


_OFFSET = struct.Struct("<3Q")


@pytest.mark.parametrize(
    ("tag", "vr", "value", "stops"),
    [
        (0x00280010, "US", b"\2\0", False),
        (0x00280010, "US", b"\2\0\3\0", False),
        (0x00189073, "FD", b"Quil", True),
        (0x00189073, "FD", b"\0" * 16, False),
        (0x00182010, "DS", b"0.5", False),
        (0x00280009, "AT", b"Quillt", True),
        (0x00280009, "AT", b"\x18\0\x63\x10", False),
        (0x00189098, "UL", b"Quillt", True),
        (0x00280000, "UL", b"Quilltra", True),
        (0x00280000, "UL", b"\4\0\0\0", False),
        (0x7FE00001, "OV", _OFFSET.pack(0, 10, 30), False),
        (0x7FE00001, "OV", b"Quilltra", True),
        (0x7FE00001, "OV", _OFFSET.pack(0, 30, 10), True),
        (0x7FE00001, "OV", b"Quil", True),
        (0x7FE00002, "OV", _OFFSET.pack(10, 30, 10), False),
        (0x7FE00002, "OV", b"Quilltra", True),
        (0x7FE00003, "UV", b"Quilltra", True),
        (0x7FE00003, "UV", b"\x20\0\0\0\0\0\0\0", False),
    ],
)
def test_bytes_that_are_no_numbers_of_their_kind_stop_the_instance(
    tag: int, vr: str, value: bytes, stops: bool
) -> None:
    assert refusal(_built(tag, vr, value), Dicom()) == ("value-contradicts-vr" if stops else "")


@pytest.mark.parametrize("tag", [0x7F000010, 0x7F000020, 0x7F020010, 0x7FE00020, 0x7FE00030, 0x7FE00040])
def test_of_the_groups_of_pixels_only_pixels_stay(tag: int) -> None:
    assert action(tag, "OW", ()) is Action.REMOVE
    for one in (0x7FE00001, 0x7FE00002, 0x7FE00003, 0x7FE00008, 0x7FE00009, 0x7FE00010):
        assert action(one, "OW", ()) is None
