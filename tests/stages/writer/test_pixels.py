"""What is painted, and what is made of what is still seen afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from deidstream.core.category import Category
from deidstream.core.decision import Decision, Method
from deidstream.core.region import Region
from deidstream.detection.text.identity import Identity
from deidstream.detection.text.rules import Rules
from deidstream.ports import Sight, TextLine
from deidstream.stages.writer.pixels import Painter

_NAME = Region("PixelData", 1, 10, 10, 90, 20)
_OTHER = Region("PixelData", 1, 10, 100, 90, 20)


class _Seen:
    """Sees one thing after the other, whatever was painted; remembers what was."""

    def __init__(self, *sights: Sequence[TextLine]) -> None:
        self._sights = list(sights)
        self.painted_: list[Sequence[Region]] = []

    def look(self, format_: str, source: bytes, faces: bool = False) -> Sight:
        return Sight(tuple(self._sights.pop(0)), (), 1)

    def painted(self, format_: str, source: bytes, regions: Sequence[Region]) -> bytes:
        self.painted_.append(tuple(regions))
        return source + b"+"

    def shown(self, format_: str, source: bytes, frames: Sequence[int]) -> list[bytes]:
        raise NotImplementedError

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    return Rules(compiled=Path(tmp_path_factory.mktemp("compiled")))


def _line(region: Region, score: float = 0.99) -> TextLine:
    text = "Wexelbaum"
    return TextLine(region, text, score, tuple((number + 0.5) / len(text) for number in range(len(text))))


def _decision(region: Region, method: Method = Method.REDACT) -> Decision:
    return Decision(region.locator, None, Category.NAME, method, None, "category:name", ("image.text",))


def _checked(
    rules: Rules, seen: _Seen, *decisions: Decision
) -> tuple[bytes, tuple[Decision, ...], tuple[Decision, ...]]:
    return Painter(lambda: seen, [rules], Identity()).checked("dicom", b"source", decisions, ())


def test_what_nothing_is_seen_in_any_more_goes(rules: Rules) -> None:
    seen = _Seen([])
    assert _checked(rules, seen, _decision(_NAME)) == (b"source+", (_decision(_NAME),), ())
    assert seen.painted_ == [(_NAME,)]


def test_what_is_still_seen_is_painted_too(rules: Rules) -> None:
    seen = _Seen([_line(_OTHER)], [])
    _, every, left = _checked(rules, seen, _decision(_NAME))
    assert [one.rule for one in every] == ["category:name", "residue"]
    assert left == ()
    assert seen.painted_ == [(_NAME,), (_NAME, _OTHER)]


def test_what_is_seen_again_and_again_holds_the_case(rules: Rules) -> None:
    places = [_OTHER._replace(y=100 + 40 * number) for number in range(5)]
    _, _, left = _checked(rules, _Seen(*([_line(place)] for place in places)), _decision(_NAME))
    assert [Region.parse(one.locator) for one in left] == [places[4]]


def test_a_pattern_elsewhere_that_nobody_can_read_does_not(rules: Rules) -> None:
    places = [_OTHER._replace(y=100 + 40 * number) for number in range(5)]
    _, every, left = _checked(rules, _Seen(*([_line(place, 0.3)] for place in places)), _decision(_NAME))
    assert left == ()
    assert len(every) == 6, "it is painted over"
    beside = [_NAME._replace(x=80, width=120), _NAME._replace(y=26), _NAME._replace(y=0, height=14)]
    beside += [_NAME._replace(x=95, y=2, width=120, height=50), _NAME._replace(x=0, y=25, width=200, height=60)]
    _, _, left = _checked(rules, _Seen(*([_line(place, 0.3)] for place in beside)), _decision(_NAME))
    assert left != (), "but what touches a name may be a piece of it"


def test_what_the_policy_keeps_is_neither_painted_nor_residue(rules: Rules) -> None:
    seen = _Seen([_line(_OTHER)])
    made, _, left = _checked(rules, seen, _decision(_NAME), _decision(_OTHER, Method.KEEP))
    assert (made, left) == (b"source+", ())
    assert seen.painted_ == [(_NAME,)]


def test_where_nothing_is_painted_nobody_looks_again(rules: Rules) -> None:
    assert _checked(rules, _Seen(), _decision(_OTHER, Method.KEEP))[0] == b"source"
