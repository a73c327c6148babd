"""What a run must reach: ``[CORPUS.][DETECTOR.]FIGURE=VALUE``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deidstream.cli.evaluate.detectors import MERGED
from deidstream.core.errors import Misconfigured
from deidstream.evaluation.figures import FIGURES
from deidstream.evaluation.result import PATIENTS

__all__ = ["SPEED", "Threshold", "parse", "short"]

SPEED = "characters_a_second"
_NAMES = (*FIGURES, PATIENTS, SPEED)

Figures = Mapping[tuple[str, str], Mapping[str, float]]
"""By corpus and detector, by name."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """``figure`` of ``detector`` must be at least (``least``) or at most ``value``; ``corpus`` '': on every corpus that has it."""

    corpus: str
    detector: str
    figure: str
    value: float
    least: bool

    def __str__(self) -> str:
        corpus = f"{self.corpus}." if self.corpus else ""
        return f"{corpus}{self.detector}.{self.figure}{'>=' if self.least else '<='}{self.value:g}"

    def is_missed(self, found: float) -> bool:
        """Whether ``found`` falls short of it."""
        return found < self.value if self.least else found > self.value


def parse(option: str, given: str, least: bool) -> Threshold:
    """Of the value of ``--least`` or ``--most``. Raises Misconfigured ``no-such-figure`` or ``bad-threshold``."""
    name, _, number = given.partition("=")
    *scope, figure = name.split(".")
    if figure not in _NAMES or len(scope) > 2:
        raise Misconfigured("no-such-figure", option, f"[CORPUS.][DETECTOR.]FIGURE=VALUE, of {', '.join(_NAMES)}")
    try:
        value = float(number)
    except ValueError:
        raise Misconfigured("bad-threshold", option, f"{figure}=VALUE, a number") from None
    detector = scope[-1] if scope else MERGED
    return Threshold(scope[0] if len(scope) == 2 else "", detector, figure, value, least)


def short(thresholds: Iterable[Threshold], figures: Figures) -> list[str]:
    """Those that are missed, with where. Raises Misconfigured for one that nothing in this run can be held against."""
    missed: list[str] = []
    for threshold in thresholds:
        held = False
        for (corpus, detector), found in figures.items():
            if threshold.corpus not in ("", corpus) or detector != threshold.detector or threshold.figure not in found:
                continue
            held = True
            if threshold.is_missed(found[threshold.figure]):
                missed.append(f"{corpus}.{detector}.{threshold.figure}")
        if not held:
            raise Misconfigured("nothing-to-hold", str(threshold), "no corpus of this run has that figure")
    return list(dict.fromkeys(missed))
