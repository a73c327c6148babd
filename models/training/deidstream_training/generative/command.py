"""``python -m deidstream_training generative``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["generative"]


def generative(
    documents: Annotated[
        list[Path], typer.Argument(metavar="DOCUMENTS...", exists=True, help="Of synthesise and inject.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder of the model and what it was tuned to; what is there is not done again.")
    ],
    corpus: Annotated[list[str], typer.Option(metavar="[SCHEME=]PATH", help="Measured on; again for another.")],
    tagger: Annotated[Path | None, typer.Option(exists=True, help="A released tagger, for the same table.")] = None,
    minutes: Annotated[float, typer.Option(min=0, help="How long it may learn.")] = 30.0,
    most: Annotated[int, typer.Option("--documents", min=1, help="Of each corpus: writing a text again is slow.")] = 40,
    seed: Annotated[int, typer.Option(help="Of pairs and what is dropped.")] = 1,
) -> None:
    """Tune a small causal model to write texts again with marks in them, and measure it beside the rules and a tagger."""
    from deidstream_training.generative.measure import measure
    from deidstream_training.generative.model import recover
    from deidstream_training.generative.tune import Box, tune

    base, adapter = out / "base", out / "adapter"
    recover(base, out / "cache")
    if not (adapter / "adapter_config.json").exists():
        pairs = tune(base, documents, Box(minutes=minutes, seed=seed), adapter)
        print(f"tuned: {adapter} pairs={pairs}")
    print(measure(base, adapter, corpus, tagger, most))
