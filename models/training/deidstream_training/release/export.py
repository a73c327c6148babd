"""A trained model as one ONNX file: the encoder with 8-bit matrices, the embedding of words with 4 bits as the backbone had it.

The embedding is exact (to float16 rounding of its scales, which are stored so).
"""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from torch import Tensor, nn

from deidstream_training.backbone.quantised import BLOCK
from deidstream_training.backbone.recover import WORDS
from deidstream_training.release.eightbit import eight_bit
from deidstream_training.release.unpacked import CONFIG
from deidstream_training.train.model import TokenClassifier, shape_of

__all__ = ["export"]

_OPSET = 17
_MICROSOFT = "com.microsoft"


class _Judge(nn.Module):
    """From embedded words on."""

    def __init__(self, model: TokenClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, embedded: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model.judged(embedded, attention_mask)


def export(model: TokenClassifier, backbone: Path, path: Path) -> None:
    """Writes ``path``, compressed: ``input_ids``, ``attention_mask`` int64 ``[n, t]`` to ``logits`` float32 ``[n, t, labels]``."""
    model.eval()
    model.encoder.set_attn_implementation("eager")  # plain operations, which every runtime knows
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "float.onnx"
        _traced(model, whole)
        found = onnx.load(whole)
    eight_bit(found.graph)
    _embed(found, backbone)
    helper.set_model_props(found, {CONFIG: json.dumps(shape_of(model), sort_keys=True)})
    onnx.checker.check_model(found)
    path.write_bytes(gzip.compress(found.SerializeToString(), mtime=0))


def _traced(model: TokenClassifier, path: Path) -> None:
    hidden = model.head.in_features
    sample = (torch.zeros(2, 7, hidden), torch.ones(2, 7, dtype=torch.int64))
    axes = {name: {0: "n", 1: "t"} for name in ("embedded", "attention_mask", "logits")}
    torch.onnx.export(
        _Judge(model).eval(),  # or it leaves the model in training
        sample,
        str(path),
        input_names=["embedded", "attention_mask"],
        output_names=["logits"],
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
    )


def _embed(found: onnx.ModelProto, backbone: Path) -> None:
    """Puts the embedding of words before what takes embedded words."""
    stored = load_file(backbone / WORDS)
    signed = (stored["codes"].astype(np.int8) - 8).reshape(-1)
    packed = (signed[0::2] & 0x0F | (signed[1::2] & 0x0F) << 4).astype(np.uint8)
    codes = TensorProto(name="words", data_type=TensorProto.INT4, dims=stored["codes"].shape, raw_data=packed.tobytes())
    scales = numpy_helper.from_array(stored["scales"], "word_scales")
    graph: Any = found.graph
    graph.initializer.extend([codes, scales])
    gather = helper.make_node(
        "GatherBlockQuantized",
        ["words", "input_ids", "word_scales"],
        ["half_embedded"],
        domain=_MICROSOFT,
        gather_axis=0,
        quantize_axis=1,
        block_size=BLOCK,
    )
    nodes = [gather, helper.make_node("Cast", ["half_embedded"], ["embedded"], to=TensorProto.FLOAT), *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    (place,) = (number for number, one in enumerate(graph.input) if one.name == "embedded")
    del graph.input[place]
    graph.input.insert(0, helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "t"]))
    if all(one.domain != _MICROSOFT for one in found.opset_import):
        found.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))
    found.ir_version = max(found.ir_version, 10)
