"""``python -m deidstream_training train`` and ``distil``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from deidstream.detection.text.tagger.pieces import Pieces

from deidstream_training.backbone.recover import PIECES

if TYPE_CHECKING:  # PyTorch takes seconds to load, and is not there where documents are only written
    from deidstream_training.train.learn import Loss, Plan
    from deidstream_training.train.model import TokenClassifier

__all__ = ["TRAINED", "digest", "distil", "train"]

TRAINED = "training.json"
"""How a model was trained, beside it."""

Files = Annotated[list[Path], typer.Argument(metavar="DOCUMENTS...", exists=True, help="Of synthesise and inject.")]
Backbone = Annotated[Path, typer.Option(exists=True, file_okay=False, help="The folder of the step backbone.")]
Out = Annotated[Path, typer.Option(help="Folder of the model; one that broke off is continued.")]
Steps = Annotated[int, typer.Option(min=1, help="How many batches.")]
Rate = Annotated[float, typer.Option(min=0, help="The greatest learning rate.")]
Most = Annotated[int, typer.Option("--pieces", min=64, help="Pieces of words in a batch, with what fills it.")]
Window = Annotated[int, typer.Option(min=16, max=510, help="Pieces of words in an example at most.")]
Seed = Annotated[int, typer.Option(help="Of the order of documents and of what is dropped.")]


def train(
    documents: Files,
    backbone: Backbone,
    out: Out,
    steps: Steps = 6_000,
    rate: Rate = 3e-4,
    pieces: Most = 2_048,
    window: Window = 254,
    frozen: Annotated[int, typer.Option(min=0, help="So many of the first layers do not learn.")] = 0,
    begin: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A trained model, to go on with; else the backbone."),
    ] = None,
    seed: Seed = 1,
) -> None:
    """Train the tagger over a backbone, on documents whose spans are known. The same command goes on with what broke off."""
    import torch

    from deidstream_training.train.labels import LABELS
    from deidstream_training.train.learn import Gold, Plan
    from deidstream_training.train.model import WEIGHTS, of_backbone, trained

    torch.manual_seed(seed)  # the head is drawn
    read = [*documents, *([begin / WEIGHTS] if begin else [])]
    plan = Plan(steps, rate, pieces, window, frozen=frozen, seed=seed, documents=digest(read))
    model = trained(begin, backbone) if begin else of_backbone(backbone, len(LABELS))
    _run(model, Gold(), plan, documents, backbone, out)


def distil(
    documents: Files,
    backbone: Backbone,
    teacher: Annotated[Path, typer.Option(exists=True, file_okay=False, help="The folder of a trained model.")],
    out: Out,
    layers: Annotated[int, typer.Option(min=2, help="Of the model that is trained, without --begin.")] = 4,
    steps: Steps = 6_000,
    rate: Rate = 3e-4,
    pieces: Most = 2_048,
    window: Window = 254,
    begin: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="What was distilled before, to go on with; else layers of the teacher."
        ),
    ] = None,
    seed: Seed = 1,
) -> None:
    """Train a model of fewer layers to say what a trained one says. The same command goes on with what broke off."""
    from deidstream_training.train.learn import Plan, Taught
    from deidstream_training.train.model import WEIGHTS, narrowed, trained

    model = trained(teacher, backbone)
    read = [*documents, teacher / WEIGHTS, *([begin / WEIGHTS] if begin else [])]
    plan = Plan(steps, rate, pieces, window, seed=seed, documents=digest(read))
    try:
        student = trained(begin, backbone) if begin else narrowed(model, layers)
    except ValueError as error:
        raise typer.BadParameter(f"--layers: {error}") from error
    _run(student, Taught(model), plan, documents, backbone, out)


def _run(model: TokenClassifier, loss: Loss, plan: Plan, documents: Sequence[Path], backbone: Path, out: Path) -> None:
    from deidstream_training.train.learn import learn
    from deidstream_training.train.model import save
    from deidstream_training.train.stream import batches

    out.mkdir(parents=True, exist_ok=True)
    found = batches(documents, Pieces(backbone / PIECES), plan.window, plan.pieces, plan.seed)
    try:
        learn(model, loss, plan, found, out)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    save(model, out)
    layers = model.encoder.config.num_hidden_layers
    record = {**asdict(plan), "layers": layers, "files": [path.name for path in documents]}
    (out / TRAINED).write_text(json.dumps(record, indent=1) + "\n")
    print(
        f"model: {out} steps={plan.steps} layers={layers} parameters={sum(one.numel() for one in model.parameters())}"
    )


def digest(paths: Sequence[Path]) -> str:
    """Of all of the files, in their order."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
