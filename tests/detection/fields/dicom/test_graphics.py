"""What may stay of overlays and annotations."""

from __future__ import annotations

import pytest
from deidstream.detection.fields.dicom.graphics import drawn_freely, overlay_elements
from deidstream.formats.dicom import split
from pydicom.dataset import Dataset

from tests.formats.dicom.files import report, written


def _overlaid(**more: object) -> Dataset:
    made = report(Rows=4, Columns=4, PixelData=b"\0" * 16)
    made["PixelData"].VR = "OW"
    values = {
        "rows": (0x10, "US", 4),
        "columns": (0x11, "US", 4),
        "description": (0x22, "LO", "Quiltrane"),
        "kind": (0x40, "CS", "G"),
        "origin": (0x50, "SS", [1, 1]),
        "allocated": (0x100, "US", 1),
        "position": (0x102, "US", 0),
        "label": (0x1500, "LO", "Quiltrane"),
        "data": (0x3000, "OW", b"\x10\x02"),
    }
    for name, (number, vr, value) in values.items():
        made.add_new(0x60000000 | number, vr, more.get(name, value))
    return made


def test_of_an_overlay_bits_and_numbers_may_stay_and_no_texts() -> None:
    found = overlay_elements(split(written(_overlaid())))
    assert sorted(path[-5:-1] for path in found) == ["0010", "0011", "0040", "0050", "0100", "0102", "3000"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (_overlaid(allocated=16), "nobody can see its bits"),
        (_overlaid(data=b"\0" * 40), "something stands behind its bits"),
    ],
)
def test_an_overlay_that_nobody_can_look_at_goes(made: Dataset, why: str) -> None:
    assert not overlay_elements(split(written(made))), why


def test_where_nobody_looks_at_pixels_overlays_go() -> None:
    made = _overlaid()
    del made.PixelData
    assert not overlay_elements(split(written(made)))


def test_a_word_in_the_place_of_a_code_goes() -> None:
    found = overlay_elements(split(written(_overlaid(kind="QUILTRANE"))))
    assert not any("0040" in path for path in found)


def _annotated(*graphics: tuple[str, int]) -> list[str]:
    objects = []
    for kind, points in graphics:
        one = Dataset()
        one.GraphicDimensions, one.NumberOfGraphicPoints, one.GraphicType = 2, points, kind
        one.GraphicData = [float(n) for n in range(2 * points)]
        objects.append(one)
    annotation = Dataset()
    annotation.GraphicObjectSequence = objects
    document = split(written(report(GraphicAnnotationSequence=[annotation])))
    sequence = document.element("GraphicAnnotationSequence")
    assert sequence is not None
    return [element.path.split(".")[1] for element in drawn_freely(document, sequence)]


def test_lines_that_measure_stay_and_the_points_of_those_that_may_be_letters_go() -> None:
    assert _annotated(("POINT", 1), ("CIRCLE", 2), ("ELLIPSE", 4), ("POLYLINE", 2), ("POLYLINE", 4)) == []
    assert _annotated(("POLYLINE", 2), ("POLYLINE", 5)) == ["GraphicObjectSequence[2]"]
    assert _annotated(("INTERPOLATED", 40)) == ["GraphicObjectSequence[1]"]
    assert _annotated(*[("POLYLINE", 2)] * 20) == [f"GraphicObjectSequence[{n}]" for n in range(17, 21)]
