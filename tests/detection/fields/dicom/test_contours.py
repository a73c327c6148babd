"""Structure sets: what follows the skin of a head shows a face, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import cos, pi, sin

import pytest
from deidstream.core.policy import Dicom
from deidstream.detection.fields.dicom.pixels import refusal
from deidstream.formats.dicom import split
from pydicom.dataset import Dataset

from tests.formats.dicom.files import report, written

_CLASSES = "1.2.840.10008.5.1.4.1.1."


@pytest.mark.parametrize(
    ("name", "kind", "widths", "reason"),
    [
        ("BODY", "", [160], "contours-of-skin"),
        ("BODY", "EXTERNAL", [350, 380, 170], "contours-of-skin"),  # trunk and head
        ("BODY", "EXTERNAL", [11111], "contours-of-skin"),  # see below: nobody can read it
        ("Structure 1", "EXTERNAL", [160], "contours-of-skin"),
        ("Haut_aussen", "ORGAN", [160], "contours-of-skin"),
        ("BODY", "EXTERNAL", [350, 20], ""),  # a trunk
        ("Brainstem", "ORGAN", [40], ""),
        ("Brain", "ORGAN", [150], ""),
        ("Brain", "EXTERNAL", [150], "contours-of-skin"),  # its type says otherwise
        ("CTVn 45", "", [150], ""),
        ("Ziel", "PTV", [150], ""),
        ("Struct 7", "ORGAN", [140], "contours-of-skin"),  # neither name nor type says where it ends
        ("antibody dose", "", [140], "contours-of-skin"),
        ("", "", [11111], "contours-of-skin"),
        ("Struct 7", "", [90, 300], ""),  # no head is so wide, or so narrow
    ],
)
def test_contours_of_the_skin_of_a_head_are_a_face(name: str, kind: str, widths: list[int], reason: str) -> None:
    structure, observed, contours = Dataset(), Dataset(), Dataset()
    structure.ROINumber, structure.ROIName = 1, name
    observed.ReferencedROINumber, observed.RTROIInterpretedType = 1, kind
    contours.ReferencedROINumber, contours.ContourSequence = 1, [_contour(one) for one in widths]
    made = report(SOPClassUID=f"{_CLASSES}481.3", Modality="RTSTRUCT")
    made.StructureSetROISequence, made.RTROIObservationsSequence, made.ROIContourSequence = (
        [structure],
        [observed],
        [contours],
    )
    document = split(written(made).replace(b"11111", b"1-2-1"))
    assert refusal(document, Dicom()) == reason
    assert refusal(document, Dicom(pixels="keep")) == ""


@pytest.mark.parametrize(
    ("place", "reason", "why"),
    [
        (5, "", "the outline in its slice is that of a trunk"),
        (8, "", "and between two slices too"),
        (40, "contours-of-skin", "where the outline has no slice nobody knows"),
    ],
)
def test_a_structure_within_a_trunk_is_no_face(place: int, reason: str, why: str) -> None:
    outline, inside = Dataset(), Dataset()
    outline.ReferencedROINumber, outline.ContourSequence = 1, [_contour(350)]
    inside.ReferencedROINumber, inside.ContourSequence = 2, [_contour(150, place)]
    named = [Dataset(), Dataset()]
    for number, (one, name) in enumerate(zip(named, ("BODY", "Struct 7"), strict=True), 1):
        one.ROINumber, one.ROIName = number, name
    made = report(SOPClassUID=f"{_CLASSES}481.3", Modality="RTSTRUCT")
    made.StructureSetROISequence, made.ROIContourSequence = named, [outline, inside]
    assert refusal(split(written(made)), Dicom()) == reason, why


def test_contours_across_the_slices_are_measured_and_lie_in_no_slice() -> None:
    outline, upright = Dataset(), Dataset()
    outline.ReferencedROINumber, outline.ContourSequence = 1, [_contour(350)]
    contour = Dataset()
    contour.ContourData = [5, 0, 0, 5, 0, 180, 5, 90, 180, 5, 90, 0]
    upright.ReferencedROINumber, upright.ContourSequence = 2, [contour]
    named = Dataset()
    named.ROINumber, named.ROIName = 1, "BODY"
    made = report(SOPClassUID=f"{_CLASSES}481.3", Modality="RTSTRUCT")
    made.StructureSetROISequence, made.ROIContourSequence = [named], [outline, upright]
    assert refusal(split(written(made)), Dicom()) == "contours-of-skin"


# Extents in millimetres: left to right, front to back, and where the middle lies (from the left; from the front).
_HEAD, _BRAIN = (155, 195, 0, 0), (138, 172, 0, 2)
_CHILD, _NEWBORN = (130, 165, 0, 0), (88, 112, 0, 0)
_EYE, _CORD = (24, 24, -32, -82), (12, 12, 0, 60)
_LEVELS = range(0, 60, 3)


@pytest.mark.parametrize(
    ("structures", "reason", "why"),
    [
        ([("Brain", "ORGAN", _HEAD)], "contours-of-skin", "the widest of its slice, and as large as a head"),
        ([("PTV_all", "PTV", _HEAD)], "contours-of-skin", "a target may follow the skin too"),
        ([("Brain", "ORGAN", _BRAIN)], "contours-of-skin", "a brain, and as large as the head of a child"),
        ([("Brain", "", _CHILD)], "contours-of-skin", "the head of a child, and as large as a brain"),
        ([("Brain", "", _NEWBORN)], "contours-of-skin", "the smallest head"),
        ([("Liver", "", _HEAD), ("GTV", "GTV", _CORD)], "contours-of-skin", "a head whatever it is called"),
        (
            [("Brain", "", _HEAD), ("Eye_L", "ORGAN", (24, 24, -32, -78))],
            "contours-of-skin",
            "the skin is before the eye",
        ),
        ([("Brain", "", _HEAD), ("Brain_in", "", _BRAIN)], "contours-of-skin", "one of both is the outermost"),
        (
            [("Brain", "", _HEAD), ("Couch", "SUPPORT", (530, 60, 0, 150))],
            "contours-of-skin",
            "a couch is beside every skin",
        ),
        (
            [("Brain", "", _HEAD), ("PTV", "PTV", (20, 20, -90, 0))],
            "contours-of-skin",
            "a target may reach beyond the skin",
        ),
        (
            [("Brain", "", _HEAD), ("Struct", "", (20, 20, -90, 0))],
            "contours-of-skin",
            "nobody says what lies beside it",
        ),
        ([("Brain", "", _BRAIN), ("Eye_L", "ORGAN", (24, 24, -32, -98))], "", "skin would surround an eye"),
        ([("Brain", "", _BRAIN), ("GTV", "GTV", _CORD), ("Lens_R", "", (9, 5, 32, -105))], "", "and a lens"),
        (
            [("Brain", "", _BRAIN), ("CTV", "CTV", (110, 140, 0, 2)), ("Eye_L", "", (24, 24, -32, -98))],
            "",
            "what lies within a structure that is not the skin is not either",
        ),
        (
            [("Brain", "", _HEAD), ("PTV", "PTV", (165, 205, 0, 0)), ("Eye_L", "", (24, 24, -32, -78))],
            "contours-of-skin",
            "a margin around the skin",
        ),
        ([("Lungs", "", (130, 180, -80, 0)), ("Heart", "", (110, 100, 20, -20))], "", "organs beside one another"),
        ([("Brain", "", (64, 172, 0, 0))], "", "half a brain"),
        ([("Brain", "", (70, 95, 0, 0))], "", "no head is so small"),
        ([("Couch", "SUPPORT", (260, 60, 0, 0))], "", "no head is so flat"),
    ],
)
def test_what_lies_inside_is_told_by_its_slice_not_by_its_name(
    structures: Sequence[tuple[str, str, tuple[int, int, int, int]]], reason: str, why: str
) -> None:
    drawn = [(name, kind, [_ellipse(size, level) for level in _LEVELS]) for name, kind, size in structures]
    assert refusal(split(written(_set(drawn))), Dicom()) == reason, why


@pytest.mark.parametrize(("levels", "reason"), [(2, "contours-of-skin"), (3, "")])
def test_an_organ_outside_of_one_badly_drawn_slice_is_no_proof(levels: int, reason: str) -> None:
    brain = [_ellipse(_BRAIN, level) for level in _LEVELS]
    eye = [_ellipse((24, 24, -32, -98), level) for level in _LEVELS[:levels]]
    made = _set([("Brain", "", brain), ("Eye_L", "", eye)])
    assert refusal(split(written(made)), Dicom()) == reason


def test_organs_of_another_frame_of_reference_prove_nothing() -> None:
    made = _set([(name, "", [_ellipse(size, z) for z in _LEVELS]) for name, size in (("Brain", _BRAIN), ("Eye", _EYE))])
    assert refusal(split(written(made)), Dicom()) == ""
    made.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "1.2.3"
    assert refusal(split(written(made)), Dicom()) == "contours-of-skin"


@pytest.mark.parametrize(
    ("data", "written_as"),
    [([0, 0, 0, 11111], b"11111"), ([0, 0, 11111], b"1e999"), ([0, 0, 11111], b"1-2-1")],
)
def test_points_that_nobody_understands_may_be_those_of_a_head(data: list[int], written_as: bytes) -> None:
    contour = Dataset()
    contour.ContourData = data
    source = written(_set([("Brain", "ORGAN", [contour])]))
    assert refusal(split(source.replace(b"11111", written_as)), Dicom()) == "contours-of-skin"


def _set(structures: Iterable[tuple[str, str, list[Dataset]]]) -> Dataset:
    made = report(SOPClassUID=f"{_CLASSES}481.3", Modality="RTSTRUCT")
    made.StructureSetROISequence, made.RTROIObservationsSequence, made.ROIContourSequence = [], [], []
    for number, (name, kind, contours) in enumerate(structures, 1):
        structure, observed, drawn = Dataset(), Dataset(), Dataset()
        structure.ROINumber, structure.ROIName = number, name
        observed.ReferencedROINumber, observed.RTROIInterpretedType = number, kind
        drawn.ReferencedROINumber, drawn.ContourSequence = number, contours
        made.StructureSetROISequence.append(structure)
        made.RTROIObservationsSequence.append(observed)
        made.ROIContourSequence.append(drawn)
    return made


def _ellipse(size: tuple[int, int, int, int], level: int) -> Dataset:
    wide, deep, x, y = size
    turns = [number * pi / 30 for number in range(60)]
    made = Dataset()
    made.ContourData = [
        round(one, 2) for turn in turns for one in (x + wide / 2 * cos(turn), y + deep / 2 * sin(turn), level)
    ]
    return made


def _contour(width: int, place: int = 5) -> Dataset:
    made = Dataset()
    made.ContourData = [0, 0, place, width, 0, place, width, 30, place, 0, 30, place]
    return made
