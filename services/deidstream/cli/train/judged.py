"""Whether a new tagger may take the place of the old one: both with the rules, as a deployment has them, on the same documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deidstream.adapters.taggers import open_tagger
from deidstream.cli.evaluate.detectors import MERGED, Layers
from deidstream.detection.text.rules import Rules
from deidstream.evaluation.annotated import Annotated
from deidstream.evaluation.result import result
from deidstream.evaluation.words import words

__all__ = ["FIGURES", "Verdict", "judged"]

FIGURES: Mapping[str, float] = {"covered": 0.0, "char_recall": 0.0, "char_precision": 0.005, "strict_f1": 0.02}
"""What is compared, and how much less is no worse: of what is missed nothing, of what is spoiled little."""
_ELSEWHERE = 0.01
"""How much less is no worse on synthetic documents, which show whether what was known before has been forgotten."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """By figure: the old tagger's, the new one's."""

    site: Mapping[str, tuple[float, float]]
    elsewhere: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def worse(self) -> list[str]:
        """Figures in which the new one falls short."""
        here = [name for name, (old, new) in self.site.items() if new < old - FIGURES[name]]
        there = [f"synthetic.{name}" for name, (old, new) in self.elsewhere.items() if new < old - _ELSEWHERE]
        return here + there


def judged(old: Path, new: Path, site: Sequence[Annotated], elsewhere: Sequence[Annotated]) -> Verdict:
    """Of two released taggers. Raises Misconfigured where one is not as it was released."""
    before, after = (open_tagger(folder, threads=2) for folder in (old, new))
    layers = Layers({"rules": Rules(), "before": before}, others={"after": after})
    return Verdict(_both(layers, site), _both(layers, elsewhere))


def _both(layers: Layers, documents: Sequence[Annotated]) -> dict[str, tuple[float, float]]:
    read = [words(document.text) for document in documents]
    plain = [Annotated(one.id, one.corpus, one.text, one.gold, unmarked=one.unmarked) for one in documents]
    found = {
        answer.name: result(plain, read, answer.predicted).figures()
        for answer in layers.answers(plain)
        if answer.name.startswith(MERGED)
    }
    old, new = found[MERGED], found[f"{MERGED}-after"]
    return {name: (old[name], new[name]) for name in FIGURES if name in old and name in new}
