"""``python -m deidstream_training everything``: all steps in their order. One that is done is not done again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deidstream_training.backbone.command import backbone
from deidstream_training.backbone.recover import ENCODER
from deidstream_training.release.command import export
from deidstream_training.synthesise.command import inject, synthesise
from deidstream_training.synthesise.division import Split
from deidstream_training.train.command import distil, train

__all__ = ["everything"]


def everything(
    out: Annotated[Path, typer.Option(help="Folder for all that the steps make; one that broke off is continued.")],
    documents: Annotated[int, typer.Option(min=1, help="Synthetic documents to learn from.")] = 60_000,
    steps: Annotated[int, typer.Option(min=1, help="Batches of the standard model.")] = 3_000,
    fast_steps: Annotated[
        int, typer.Option(min=1, help="Batches of the fast model, which is quicker to train.")
    ] = 2_500,
    fast_layers: Annotated[int, typer.Option(min=2, help="Layers of the fast model; the standard one has 12.")] = 4,
    notes: Annotated[
        Path | None, typer.Option(exists=True, help="English notes that name nobody, to put people into.")
    ] = None,
    version: Annotated[str, typer.Option(help="Of both models: a whole number.")] = "1",
    seed: Annotated[int, typer.Option(help="Of documents and training.")] = 1,
) -> None:
    """Make a standard and a fast tagger from nothing: documents, training, calibration. About two hours on two processors.

    Both lie in OUT/phi-tagger afterwards. Then: deidstream evaluate --tagger, and the step card.
    """
    out.mkdir(parents=True, exist_ok=True)
    base, held_out = out / "backbone", out / "held-out.jsonl"
    if not (base / ENCODER).exists():
        backbone(base)
    files = [out / "train.jsonl"]
    synthesise(files[0], documents, seed)
    synthesise(held_out, max(200, documents // 15), seed, split=Split.TEST)
    if notes is not None:
        files.append(out / "injected.jsonl")
        inject(notes, files[1], max(1, documents // 6), seed)
    train(files, base, out / "standard", steps, seed=seed)
    distil(files, base, out / "standard", out / "fast", fast_layers, fast_steps, seed=seed)
    for tier in ("standard", "fast"):
        export(out / tier, base, held_out, out / "phi-tagger" / tier, f"phi-tagger-{tier}", version)
