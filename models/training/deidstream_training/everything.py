"""``python -m deidstream_training everything``: all steps in their order. One that is done is not done again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from deidstream_training.backbone.command import backbone
from deidstream_training.backbone.recover import ENCODER
from deidstream_training.gold.command import gold
from deidstream_training.release.command import export
from deidstream_training.synthesise.command import inject, synthesise
from deidstream_training.synthesise.division import Split
from deidstream_training.train.command import distil, train

__all__ = ["everything"]


_FROZEN = 4
"""The lowest layers stay as they are: a fifth of the time less, and languages that training has not seen keep more."""
_GOLD_RATE = 1.5e-4
"""What begins with a trained model learns more slowly."""
_RENEWED = 2
"""Copies with other values of each document that somebody has annotated."""


def everything(
    out: Annotated[Path, typer.Option(help="Folder for all that the steps make; one that broke off is continued.")],
    documents: Annotated[int, typer.Option(min=1, help="Synthetic documents to learn from.")] = 60_000,
    steps: Annotated[int, typer.Option(min=1, help="Batches of the standard model.")] = 1_250,
    gold_steps: Annotated[int, typer.Option(min=1, help="Batches of what goes on with --corpus.")] = 450,
    fast_steps: Annotated[int, typer.Option(min=1, help="Batches of the fast model, which is quicker to train.")] = 550,
    fast_layers: Annotated[int, typer.Option(min=2, help="Layers of the fast model; the standard one has 12.")] = 4,
    notes: Annotated[
        Path | None, typer.Option(exists=True, help="English notes that name nobody, to put people into.")
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(metavar="[SCHEME=]PATH", help="Gold spans to learn from at the end; again for more."),
    ] = None,
    version: Annotated[str, typer.Option(help="Of the models: a whole number.")] = "1",
    seed: Annotated[int, typer.Option(help="Of documents and training.")] = 1,
) -> None:
    """Make a standard and a fast tagger from nothing: documents, training, calibration. Under two hours on two processors.

    Both lie in OUT/phi-tagger afterwards; with --corpus the standard one that
    no gold span has taught is beside them, as annotation-free. Then: deidstream
    evaluate --tagger, and the step card.
    """
    out.mkdir(parents=True, exist_ok=True)
    made = _Made(out, out / "backbone", out / "held-out.jsonl", version, seed)
    if not (made.base / ENCODER).exists():
        backbone(made.base)
    files = [out / "train.jsonl"]
    synthesise(files[0], documents, seed)
    synthesise(made.held_out, max(200, documents // 60), seed, split=Split.TEST)
    if notes is not None:
        files.append(out / "injected.jsonl")
        inject(notes, files[1], max(1, documents // 6), seed)
    train(files, made.base, out / "annotation-free", steps, frozen=_FROZEN, seed=seed)
    made.release("annotation-free" if corpus else "standard", "annotation-free")
    teacher = out / "annotation-free"
    held_out: list[Path] = []
    if corpus:
        files, held_out = made.gold(corpus, max(1, documents // 10))
        teacher = out / "standard"
        train(
            files, made.base, teacher, gold_steps, _GOLD_RATE, frozen=_FROZEN, begin=out / "annotation-free", seed=seed
        )
        made.release("standard", "standard", held_out)
    distil(files, made.base, teacher, out / "fast", fast_layers, fast_steps, seed=seed)
    made.release("fast", "fast", held_out)


class _Made(NamedTuple):
    """Where the steps put what they make."""

    out: Path
    base: Path
    held_out: Path
    version: str
    seed: int

    def release(self, tier: str, model: str, more: Sequence[Path] = ()) -> None:
        """Calibrated with synthetic documents, and before them with ``more``."""
        released = self.out / "phi-tagger" / tier
        export(self.out / model, self.base, [*more, self.held_out], released, f"phi-tagger-{tier}", self.version)

    def gold(self, corpus: list[str], synthetic: int) -> tuple[list[Path], list[Path]]:
        """Files to learn from and to calibrate with; those to learn from hold new synthetic documents too, against forgetting."""
        learn, calibrate, more = (self.out / f"{name}.jsonl" for name in ("gold", "gold-held-out", "more"))
        gold(corpus, learn, calibrate, self.out / "phi-tagger" / "annotation-free", _RENEWED)
        synthesise(more, synthetic, self.seed + 1)
        return [more, learn], [calibrate]
