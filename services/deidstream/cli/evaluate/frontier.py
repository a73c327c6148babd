"""Speed against recall, one mark a detector, its area by the size of its model: an SVG that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

__all__ = ["Mark", "drawn", "undominated"]

_WIDTH, _HEIGHT = 760, 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 150, 30, 55
_LEAST_RADIUS, _RADIUS_A_ROOT_MB = 4.0, 1.6
_TITLE = "Found of what identifies, against speed"


class Mark(NamedTuple):
    """A detector. ``speed``: code points a second, above 0; ``recall``: share of spans that are wholly covered; ``size``: MB."""

    name: str
    speed: float
    recall: float
    size: float


def undominated(marks: Sequence[Mark]) -> list[Mark]:
    """Those than which no other is at least as fast, finds at least as much, and is better in one; the fastest first."""
    best: list[Mark] = []
    for one in sorted(marks, key=lambda mark: (-mark.speed, -mark.recall)):
        if not best or one.recall > best[-1].recall:
            best.append(one)
    return best


def drawn(marks: Sequence[Mark], corpora: str) -> str:
    """The figure. ``corpora``: what was read, for the caption. Raises ValueError without a mark."""
    if not marks:
        raise ValueError("there is nothing to draw")
    place = _Place.of(marks)
    front = " ".join(f"{place.x(one.speed):.1f},{place.y(one.recall):.1f}" for one in undominated(marks))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            f'<text x="{_LEFT}" y="18" font-size="14">{_TITLE}</text>',
            *_grid(place),
            f'<polyline points="{front}" fill="none" stroke="#888" stroke-dasharray="4 3"/>',
            *(_mark(one, place) for one in marks),
            _caption(corpora),
            "</svg>",
            "",
        ]
    )


class _Place(NamedTuple):
    """Where values are: speeds by their logarithm, recalls as they are."""

    slowest: float
    fastest: float
    lowest: float

    @classmethod
    def of(cls, marks: Sequence[Mark]) -> _Place:
        speeds = [math.log10(one.speed) for one in marks]
        lowest = min(one.recall for one in marks)
        return cls(
            math.floor(min(speeds)), math.floor(max(speeds)) + 1, math.floor(lowest * 10) / 10 if lowest < 1 else 0.9
        )

    def x(self, speed: float) -> float:
        share = (math.log10(speed) - self.slowest) / (self.fastest - self.slowest)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, recall: float) -> float:
        share = (recall - self.lowest) / (1 - self.lowest)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _grid(place: _Place) -> list[str]:
    lines = []
    for power in range(int(place.slowest), int(place.fastest) + 1):
        x = place.x(10.0**power)
        lines += [_line(x, _TOP, x, _HEIGHT - _BOTTOM), _label(x, _HEIGHT - _BOTTOM + 16, f"{10**power:,}", "middle")]
    steps = round((1 - place.lowest) * 10)
    for step in range(steps + 1):
        recall = place.lowest + step / 10
        y = place.y(recall)
        lines += [_line(_LEFT, y, _WIDTH - _RIGHT, y), _label(_LEFT - 8, y + 4, f"{recall:.1f}", "end")]
    middle = _LEFT + (_WIDTH - _LEFT - _RIGHT) / 2
    lines.append(_label(middle, _HEIGHT - 20, "code points a second", "middle"))
    turned = (
        f'<text transform="translate(18 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">spans wholly covered</text>'
    )
    return [*lines, turned]


def _mark(one: Mark, place: _Place) -> str:
    x, y = place.x(one.speed), place.y(one.recall)
    radius = _LEAST_RADIUS + _RADIUS_A_ROOT_MB * math.sqrt(one.size)
    said = f"{one.name} ({one.size:.0f} MB)" if one.size >= 1 else one.name
    circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#2b6cb0" fill-opacity="0.55"/>'
    return circle + _label(x + radius + 4, y + 4, said, "start")


def _caption(corpora: str) -> str:
    return _label(_LEFT, _HEIGHT - 4, f"{corpora}; the dashed line joins what no other beats in both", "start", "#555")


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _label(x: float, y: float, text: str, anchor: str, colour: str = "#000") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
