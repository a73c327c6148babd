"""A released model as the steps ``backbone`` and ``train`` left it: the inverse of ``export``, but for the 8 bits of its matrices.

So a site goes on training with what it runs, and needs nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from deidstream.detection.text.tagger.description import MODEL, PIECES
from deidstream.detection.text.tagger.packed import unpacked
from onnx import numpy_helper
from safetensors.numpy import save_file

from deidstream_training.backbone import recover
from deidstream_training.backbone.recover import WORDS
from deidstream_training.release.rounded import floats
from deidstream_training.train.model import SHAPE, WEIGHTS

__all__ = ["CONFIG", "unpack"]

CONFIG = "deidstream.model"
"""Metadata of the file: what ``train`` writes beside its weights."""

Arrays = dict[str, npt.NDArray[Any]]


def unpack(released: Path, backbone: Path, model: Path) -> None:
    """Writes the folders ``backbone`` (words and pieces) and ``model``. Raises ValueError where the file does not say its shape."""
    found = onnx.load_from_string(unpacked(released / MODEL))
    shape = next((one.value for one in found.metadata_props if one.key == CONFIG), None)
    if shape is None:
        raise ValueError(f"{MODEL} does not say of what shape it is: export it again")
    stored = {one.name: one for one in found.graph.initializer}
    for folder in (backbone, model):
        folder.mkdir(parents=True, exist_ok=True)
    (backbone / recover.PIECES).write_bytes(unpacked(released / PIECES))
    save_file(_words(stored), backbone / WORDS)
    save_file(_weights(found.graph, stored), model / WEIGHTS)
    (model / SHAPE).write_text(json.dumps(json.loads(shape), indent=1, sort_keys=True))


def _words(stored: dict[str, Any]) -> Arrays:
    """The embedding: codes uint8 ``[vocabulary, hidden]``, scales float16 ``[vocabulary, blocks]``."""
    packed = np.frombuffer(stored["words"].raw_data, dtype=np.uint8)
    signed = np.stack([packed & 0x0F, packed >> 4], axis=-1)
    codes = (signed ^ 0x08).reshape(tuple(stored["words"].dims))  # 8 was taken off, in four bits
    return {"codes": codes, "scales": numpy_helper.to_array(stored["word_scales"])}


def _weights(graph: Any, stored: dict[str, Any]) -> Arrays:
    """By the names that they have in the model."""
    whole = {name: numpy_helper.to_array(one) for name, one in stored.items() if name.endswith((".weight", ".bias"))}
    return whole | floats(graph)
