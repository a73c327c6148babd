"""What a server has to know of a released model: its inputs and outputs, and how many it may take at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deidstream.adapters.pictures.models import Description as PictureModel
from deidstream.detection.text.tagger.description import MODEL
from deidstream.detection.text.tagger.description import Description as Tagger

__all__ = ["Served", "Tensor", "served"]

_TEXTS = 256
"""In one call of a tagger."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """``type`` as Triton writes it. ``dims`` without the batch, which is the first axis of each; -1: of any length."""

    name: str
    type: str
    dims: Sequence[int]

    def __str__(self) -> str:
        dims = ", ".join(map(str, self.dims))
        return f'{{ name: "{self.name}" data_type: TYPE_{self.type} dims: [ {dims} ] }}'


@dataclass(frozen=True, slots=True)
class Served:
    """``digest``: SHA-256 of its file as released. ``most``: the largest batch."""

    name: str
    version: str
    digest: str
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    most: int


def served(found: Tagger | PictureModel) -> Served:
    """``found`` as a server sees it."""
    if isinstance(found, PictureModel):
        inputs, outputs = _floats(found.inputs), _floats(found.outputs)
        return Served(found.name, found.version, found.files[MODEL], inputs, outputs, found.most)
    pieces = [Tensor(name, "INT64", (-1,)) for name in ("input_ids", "attention_mask")]
    labels = 1 + 2 * len(found.categories)
    return Served(
        found.name, found.version, found.files[MODEL], pieces, [Tensor("logits", "FP32", (-1, labels))], _TEXTS
    )


def _floats(shapes: Mapping[str, Sequence[int]]) -> list[Tensor]:
    return [Tensor(name, "FP32", dims) for name, dims in shapes.items()]
