"""Speed against recall: what no other beats, and a drawing with a mark for each."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest
from deidstream.cli.evaluate.frontier import Mark, drawn, undominated

SLOW = Mark("standard", 9_000, 0.97, 76)
FAST = Mark("fast", 30_000, 0.93, 65)
WORSE = Mark("a <baseline>", 8_000, 0.60, 12)


def test_what_is_beaten_in_both_is_on_no_frontier() -> None:
    assert undominated([WORSE, SLOW, FAST]) == [FAST, SLOW]
    assert undominated([SLOW, SLOW._replace(name="same")]) == [SLOW]
    assert undominated([SLOW, SLOW._replace(name="slower", speed=1.0)]) == [SLOW]


def _circles(marks: list[Mark]) -> dict[str, tuple[float, float, float]]:
    """Centre and radius of each mark, by the label beside it."""
    root = ElementTree.fromstring(drawn(marks, "two corpora"))
    found, last = {}, None
    for element in root:
        kind = element.tag.rpartition("}")[2]
        if last is not None:
            found[element.text or ""] = last
        last = tuple(float(element.attrib[name]) for name in ("cx", "cy", "r")) if kind == "circle" else None
    return {label.partition(" (")[0]: place for label, place in found.items()}  # type: ignore[misc]  # of three


def test_a_mark_lies_where_its_numbers_are() -> None:
    circles = _circles([SLOW, FAST, WORSE])
    assert set(circles) == {"standard", "fast", "a <baseline>"}
    (x, y, radius), (faster_x, lower_y, smaller), (slower_x, lowest_y, smallest) = (
        circles[one.name] for one in (SLOW, FAST, WORSE)
    )
    assert y < lower_y < lowest_y
    assert radius > smaller > smallest
    assert (faster_x - x) / (x - slower_x) == pytest.approx(math.log(30 / 9) / math.log(9 / 8), rel=0.02)
    assert (lower_y - y) / (lowest_y - y) == pytest.approx((0.97 - 0.93) / (0.97 - 0.60), rel=0.02)


def test_the_dashed_line_joins_the_frontier_from_right_to_left() -> None:
    svg = drawn([SLOW, FAST, WORSE], "two corpora")
    (points,) = re.findall(r'points="([^"]*)"', svg)
    xs = [float(point.partition(",")[0]) for point in points.split()]
    assert len(xs) == 2
    assert xs == sorted(xs, reverse=True)


@pytest.mark.parametrize("mark", [Mark("all", 10.0, 1.0, 0.0), Mark("none", 1e7, 0.0, 0.0)])
def test_a_single_mark_at_an_edge_is_drawn_within(mark: Mark) -> None:
    ((x, y, _),) = _circles([mark]).values()
    assert 0 <= x <= 760
    assert 0 <= y <= 480


def test_without_a_mark_there_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        drawn([], "")
