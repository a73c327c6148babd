"""What a run comes to: a table for people, JSON for programs, one line for whoever greps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from deidstream.cli.evaluate.baselines import Missing
from deidstream.cli.evaluate.compared import Compared
from deidstream.cli.evaluate.corpora import Corpus
from deidstream.cli.evaluate.detectors import MERGED
from deidstream.cli.evaluate.frontier import Mark, drawn
from deidstream.cli.evaluate.thresholds import SPEED
from deidstream.core.errors import Misconfigured
from deidstream.evaluation.bootstrap import Interval
from deidstream.evaluation.counting import Counts
from deidstream.evaluation.figures import FIGURES
from deidstream.evaluation.result import PATIENTS, Result, pooled

__all__ = ["Run", "line"]

_Json = Any  # what JSON holds
_SHOWN = (*FIGURES, PATIENTS, SPEED)
_IN_LINE = ("covered", "strict_f1", "char_precision", "leaking", "clinical", "hard_negatives", SPEED)
_OF_GROUPS = {
    "covered": "covered",
    "strict_f1": "strict",
    "overlap_f1": "overlap",
    "char_precision": "char P",
    "char_recall": "char R",
}
"""Figure to the head of its column: what fits into eighty columns."""
_PLUS_MINUS = " (± half of the 95 % interval)"


class Run:
    """Everything that one run has compared, with intervals at 95 %."""

    def __init__(
        self,
        corpora: Sequence[Corpus],
        compared: Sequence[Compared],
        missing: Sequence[Missing],
        resamples: int,
        only: Sequence[str] = (),
    ) -> None:
        self.corpora = corpora
        self.compared = compared
        self.missing = missing
        self._resamples = resamples
        self._only = only
        self._intervals = [one.result.intervals(resamples, seed=1) for one in compared]

    def figures(self) -> dict[tuple[str, str], dict[str, float]]:
        """By corpus and detector."""
        return {(one.corpus, one.detector): one.figures() for one in self.compared}

    def left_out(self) -> list[str]:
        """What one might look for in vain, and why."""
        detectors = self._only or dict.fromkeys(("identity", *(one.detector for one in self.compared)))
        absent = {one.name for one in self.missing}
        there = {(one.corpus, one.detector) for one in self.compared}
        lines = [
            f"{detector}: left out on {corpus.name}: " + _why(detector)
            for corpus in self.corpora
            for detector in detectors
            if (corpus.name, detector) not in there and detector not in absent
        ]
        return lines + [f"{one.name}: not installed, or not all that it needs: {one.install}" for one in self.missing]

    def overview(self, corpus: str) -> Table:
        """One row for each figure that is defined on ``corpus``, one column for each detector."""
        columns = [
            (one.detector, one.figures(), intervals)
            for one, intervals in zip(self.compared, self._intervals, strict=True)
            if one.corpus == corpus
        ]
        heads = [Column(name, justify="right", no_wrap=True) for name, _, _ in columns]
        table = Table(Column("figure", no_wrap=True), *heads, title=f"{corpus}{_PLUS_MINUS if self._resamples else ''}")
        for name in _SHOWN:
            if any(name in figures for _, figures, _ in columns):
                table.add_row(name, *(_cell(name, figures.get(name), found.get(name)) for _, figures, found in columns))
        return table

    def breakdown(self, detector: str) -> Table:
        """Of ``detector`` over all corpora: each category, then each language."""
        results = [one.result for one in self.compared if one.detector == detector]
        table = Table(
            Column("category, language"),
            *(Column(title, justify="right", no_wrap=True) for title in ("gold", "found", *_OF_GROUPS.values())),
            title=f"{detector}, all corpora together (strict and overlap: F1)",
        )
        if not results:
            return table
        together = pooled(results)
        for category, counts in together.categories.items():
            table.add_row(str(category), *_group(counts))
        table.add_section()
        for language, counts in together.languages.items():
            table.add_row(language or "not said", *_group(counts))
        return table

    def as_json(self) -> dict[str, _Json]:
        """Names, counts and figures; no content."""
        detectors = dict.fromkeys(one.detector for one in self.compared)
        return {
            "corpora": [
                {"name": corpus.name, "documents": len(corpus.documents), "of": corpus.read} for corpus in self.corpora
            ],
            "resamples": self._resamples,
            "meaning": {name: figure.meaning for name, figure in FIGURES.items()},
            "left_out": self.left_out(),
            "results": [
                {"corpus": one.corpus, "detector": one.detector}
                | _result(one.result, intervals)
                | {"seconds": one.took.wall, "cpu_seconds": one.took.cpu, SPEED: one.figures()[SPEED]}
                for one, intervals in zip(self.compared, self._intervals, strict=True)
            ],
            "all_corpora": [
                {"detector": detector}
                | _result(pooled(one.result for one in self.compared if one.detector == detector), {})
                for detector in detectors
            ],
        }

    def frontier(self, sizes: Mapping[str, float]) -> str:
        """Speed and recall of each detector over all corpora that it read, as SVG. ``sizes``: MB of its model, by its name."""
        marks = []
        for detector in dict.fromkeys(one.detector for one in self.compared):
            mine = [one for one in self.compared if one.detector == detector]
            together, seconds = pooled(one.result for one in mine), sum(one.took.wall for one in mine)
            recall = FIGURES["covered"].share(together.counts)
            if recall is not None and seconds and together.counts.characters:
                speed = together.counts.characters / seconds
                marks.append(Mark(detector, speed, recall, sizes.get(detector.removeprefix(f"{MERGED}-"), 0.0)))
        return drawn(marks, ", ".join(corpus.name for corpus in self.corpora))

    def write(self, path: Path) -> None:
        """The JSON. Raises Misconfigured ``cannot-write``."""
        try:
            path.write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise Misconfigured("cannot-write", str(path), f"errno {error.errno}") from None


def line(figures: Mapping[tuple[str, str], Mapping[str, float]], short: Sequence[str]) -> str:
    """Everything in one line; ``short`` are the figures that fall short."""
    said = [
        f"{corpus}.{detector}.{name}={_number(name, found[name])}"
        for (corpus, detector), found in figures.items()
        for name in _IN_LINE
        if name in found
    ]
    return f"evaluate: {' '.join(said)} {'FALLS SHORT: ' + ','.join(short) if short else 'ok'}"


def _why(detector: str) -> str:
    return "it does not give the subjects" if detector == "identity" else "not all of its languages are read"


def _result(result: Result, intervals: Mapping[str, Interval]) -> dict[str, _Json]:
    return {
        "figures": {
            name: {"value": value} | (intervals[name]._asdict() if name in intervals else {})
            for name, value in result.figures().items()
        },
        "counts": result.counts._asdict(),
        "patients": {"with_gold": len(result.patients), "leaking": sum(result.patients.values())},
        "categories": {str(category): _counts(counts) for category, counts in result.categories.items()},
        "languages": {
            language or "not said": _counts(counts, every=True) for language, counts in result.languages.items()
        },
    }


def _counts(counts: Counts, every: bool = False) -> dict[str, _Json]:
    figures = {
        name: value
        for name, one in FIGURES.items()
        if (every or one.of_spans) and (value := one.share(counts)) is not None
    }
    return {"figures": figures, "counts": {name: number for name, number in counts._asdict().items() if number}}


def _group(counts: Counts) -> list[str]:
    shares = [FIGURES[name].share(counts) for name in _OF_GROUPS]
    return [str(counts.gold), str(counts.predicted), *("" if one is None else f"{one:.3f}" for one in shares)]


def _cell(name: str, value: float | None, interval: Interval | None) -> str:
    if value is None:
        return ""
    said = _number(name, value)
    return f"{said} ±{(interval.high - interval.low) / 2:.3f}" if interval else said


def _number(name: str, value: float) -> str:
    return f"{value:.0f}" if name == SPEED else f"{value:.4f}"
