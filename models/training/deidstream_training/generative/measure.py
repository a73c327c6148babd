"""The tuned model beside the layers of the product, on the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deidstream.adapters.taggers import open_tagger
from deidstream.cli.evaluate.compared import compared
from deidstream.cli.evaluate.corpora import opened
from deidstream.cli.evaluate.detectors import Layers
from deidstream.cli.evaluate.thresholds import SPEED
from deidstream.detection.text.rules import Rules
from deidstream.ports import TextLayer

from deidstream_training.generative.layer import Generative

__all__ = ["measure"]

_FIGURES = ("covered", "strict_f1", "char_precision", "char_recall", "clinical", SPEED)


def measure(base: Path, adapter: Path, corpora: Sequence[str], tagger: Path | None, documents: int) -> str:
    """A table, a line for each detector on each corpus; last, in one line, how much of the texts was written again."""
    layer = Generative(base, adapter)
    texts: dict[str, TextLayer] = {"rules": Rules()}
    if tagger is not None:
        texts["tagger"] = open_tagger(tagger, threads=2)
    layers = Layers(texts, others={"generative": layer})
    lines = [f"{'corpus':<18} {'detector':<18} " + " ".join(f"{name:>21}" for name in _FIGURES)]
    for named in corpora:
        for one in compared(opened(named, documents), layers, (), ()):
            figures = one.figures()
            cells = " ".join(f"{figures[name]:>21.3f}" if name in figures else f"{'':>21}" for name in _FIGURES)
            lines.append(f"{one.corpus:<18} {one.detector:<18} {cells}")
    return "\n".join([*lines, f"generative: preserved={layer.preserved:.3f} read={layer.read:.3f}"])
