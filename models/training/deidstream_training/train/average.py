"""``python -m deidstream_training average``: one model out of several along one training (Wortsman et al. 2022, Model soups)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from deidstream_training.train.command import TRAINED

__all__ = ["average"]


def average(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", exists=True, file_okay=False, help="Each went on from the one before."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the mean.")],
) -> None:
    """Write the mean of the weights of trained models. It errs less than each where one began with another; else it is nonsense."""
    from deidstream_training.train.model import SHAPE, WEIGHTS

    shapes = [json.loads((one / SHAPE).read_text()) for one in models]
    if any(shape != shapes[0] for shape in shapes):
        raise typer.BadParameter("these models are not of one shape")
    _mean([one / WEIGHTS for one in models], out / WEIGHTS)
    (out / SHAPE).write_bytes((models[-1] / SHAPE).read_bytes())
    *before, last = [_record(one / TRAINED) for one in models]
    (out / TRAINED).write_text(json.dumps({**last, "mean_with": before}, indent=1) + "\n")
    print(f"model: {out} mean of {len(models)}")


def _record(path: Path) -> dict[str, object]:
    """How a model was trained; an unpacked one does not know."""
    if not path.exists():
        return {"unpacked": path.parent.name}
    found: dict[str, object] = json.loads(path.read_text())
    return found


def _mean(files: Sequence[Path], out: Path) -> None:
    """Computed with 64 bits: the order of ``files`` changes nothing."""
    import torch
    from safetensors.torch import load_file, save_file

    out.parent.mkdir(parents=True, exist_ok=True)
    states = [load_file(file) for file in files]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(tensor.dtype)
        for name, tensor in states[0].items()
    }
    save_file(mean, out)
