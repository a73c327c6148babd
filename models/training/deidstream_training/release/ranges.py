"""How great what a model multiplies gets, on documents that it has not learned from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from deidstream_training.train.examples import Batch
from deidstream_training.train.model import TokenClassifier

__all__ = ["greatest"]

Floats = npt.NDArray[np.float32]


def greatest(model: TokenClassifier, batches: Iterable[Batch]) -> dict[str, Floats]:
    """By the name of each linear layer, float32 ``[in]``: the greatest of each input, without its sign; padding counts too.

    Raises ValueError without a batch.
    """
    found: dict[str, Floats] = {}
    layers = [(name, one) for name, one in model.named_modules() if isinstance(one, nn.Linear)]
    hooks = [one.register_forward_pre_hook(_kept(found, name)) for name, one in layers]
    try:
        with torch.no_grad():
            for batch in batches:
                model(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask))
    finally:
        for hook in hooks:
            hook.remove()
    if not found:
        raise ValueError("no held-out document to see with how great numbers get")
    return found


def _kept(found: dict[str, Floats], name: str) -> Any:
    def keep(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        seen = inputs[0].flatten(0, -2).abs().amax(dim=0).numpy()
        found[name] = np.maximum(found[name], seen) if name in found else seen

    return keep
