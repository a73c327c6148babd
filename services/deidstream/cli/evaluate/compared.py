"""All detectors over one corpus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from deidstream.cli.evaluate.baselines import Baseline
from deidstream.cli.evaluate.corpora import Corpus
from deidstream.cli.evaluate.detectors import Answer, Layers, Took
from deidstream.cli.evaluate.thresholds import SPEED
from deidstream.evaluation.annotated import Predicted
from deidstream.evaluation.result import Result, result
from deidstream.evaluation.words import words

__all__ = ["Compared", "compared"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One detector on one corpus."""

    corpus: str
    detector: str
    result: Result
    took: Took
    predicted: tuple[tuple[Predicted, ...], ...] = field(repr=False)

    def figures(self) -> dict[str, float]:
        """Those of the result, and the speed."""
        return self.result.figures() | {SPEED: self.result.counts.characters / max(self.took.wall, 1e-9)}


def compared(corpus: Corpus, layers: Layers, baselines: Sequence[Baseline], only: Sequence[str]) -> Iterator[Compared]:
    """One for each detector that can read the corpus; ``only`` those, where any is named."""
    read = [words(document.text) for document in corpus.documents]
    for answer in _answers(corpus, layers, baselines, only):
        yield Compared(
            corpus.name, answer.name, result(corpus.documents, read, answer.predicted), answer.took, answer.predicted
        )


def _answers(corpus: Corpus, layers: Layers, baselines: Sequence[Baseline], only: Sequence[str]) -> Iterator[Answer]:
    if not only or set(only) & set(layers.names):
        yield from (one for one in layers.answers(corpus.documents) if not only or one.name in only)
    for baseline in baselines:
        if baseline.reads(corpus.documents):
            yield baseline.answer(corpus.documents)
