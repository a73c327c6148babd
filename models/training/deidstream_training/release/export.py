"""A trained model as one ONNX file: the encoder with 7-bit matrices, the embedding of words with 4 bits as the backbone had it.

The embedding is exact (to float16 rounding of its scales, which are stored so). The graph is written by hand: what PyTorch traces
has three times as many nodes, and none of ONNX Runtime's for attention.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto
from safetensors.numpy import load_file

from deidstream_training.backbone.quantised import BLOCK
from deidstream_training.backbone.recover import WORDS
from deidstream_training.release.graph import Graph
from deidstream_training.release.ranges import greatest
from deidstream_training.release.unpacked import CONFIG
from deidstream_training.train.examples import Batch
from deidstream_training.train.model import TokenClassifier, shape_of

__all__ = ["export"]

_IDS, _MASK, _LOGITS = "input_ids", "attention_mask", "logits"
_EMBEDDINGS, _LAYERS = "encoder.embeddings.", "encoder.encoder.layer."
Floats = npt.NDArray[np.float32]


def export(model: TokenClassifier, backbone: Path, path: Path, batches: Iterable[Batch]) -> None:
    """Writes ``path``, compressed: ``input_ids``, ``attention_mask`` int64 ``[n, t]`` to ``logits`` float32 ``[n, t, labels]``.

    ``batches``: of documents that training has not seen; a few hundred show how great numbers get.
    """
    model.eval()
    found = _Encoder(model, greatest(model, batches)).written(backbone)
    onnx.helper.set_model_props(found, {CONFIG: json.dumps(shape_of(model), sort_keys=True)})
    onnx.checker.check_model(found)
    path.write_bytes(gzip.compress(found.SerializeToString(), mtime=0))


class _Encoder:
    """A BERT encoder and the layer over it, in a graph. ``ranges``: by linear layer, as ``greatest`` finds them."""

    def __init__(self, model: TokenClassifier, ranges: dict[str, Floats]) -> None:
        self._weights = {name: one.detach().numpy() for name, one in model.state_dict().items()}
        self._config = model.encoder.config
        self._ranges = ranges
        self._graph = Graph()

    def written(self, backbone: Path) -> Any:
        """The model."""
        graph = self._graph
        mask = graph.node("Cast", "mask", [_MASK], to=TensorProto.INT32)
        least = graph.node("ReduceMin", "least", [mask], keepdims=0)
        full = graph.node("Cast", "full", [least], to=TensorProto.BOOL)
        seen = self._embedded(backbone)
        for number in range(self._config.num_hidden_layers):
            seen = self._layer(f"{_LAYERS}{number}.", seen, mask, full)
        (logits,) = self._linear(seen, "head")
        graph.node("Identity", _LOGITS, [logits])
        return graph.model([_IDS, _MASK], _LOGITS, len(self._weights["head.bias"]))

    def _embedded(self, backbone: Path) -> str:
        graph = self._graph
        stored = load_file(backbone / WORDS)
        signed = (stored["codes"].astype(np.int8) - 8).reshape(-1)
        packed = (signed[0::2] & 0x0F | (signed[1::2] & 0x0F) << 4).astype(np.uint8)
        codes = TensorProto(
            name="words", data_type=TensorProto.INT4, dims=stored["codes"].shape, raw_data=packed.tobytes()
        )
        names = [graph.packed(codes), _IDS, graph.constant("word_scales", stored["scales"])]
        half = graph.node("GatherBlockQuantized", "half", names, gather_axis=0, quantize_axis=1, block_size=BLOCK)
        words = graph.node("Cast", "embedded", [half], to=TensorProto.FLOAT)
        kinds = self._constant(_EMBEDDINGS + "token_type_embeddings.weight")
        kind = graph.node("Gather", "kind", [kinds, graph.constant("0", np.array([0]))], axis=0)
        typed = graph.node("Add", "typed", [words, kind])
        return self._normal(_EMBEDDINGS + "LayerNorm", typed, self._positions())

    def _positions(self) -> str:
        """Those of as many places as there are pieces."""
        graph = self._graph
        zero, one, two = (graph.constant(str(number), np.array([number])) for number in (0, 1, 2))
        shape = graph.node("Shape", "shape", [_IDS])
        length = graph.node("Slice", "length", [shape, one, two])
        return graph.node(
            "Slice", "positions", [self._constant(_EMBEDDINGS + "position_embeddings.weight"), zero, length, zero]
        )

    def _layer(self, layer: str, seen: str, mask: str, full: str) -> str:
        """Attention that knows no padding is quicker: what has none takes it."""
        own = layer + "attention.self."
        asked = self._linear(seen, *(own + one for one in ("query", "key", "value")))
        heads = {"num_heads": self._config.num_attention_heads}
        plain = ("MultiHeadAttention", asked, heads)
        masked = ("MultiHeadAttention", [*asked, "", mask], heads)
        looked = self._graph.either(layer + "looked", full, plain, masked)
        (out,) = self._linear(looked, layer + "attention.output.dense")
        seen = self._normal(layer + "attention.output.LayerNorm", seen, out)
        (wide,) = self._linear(seen, layer + "intermediate.dense")
        bent = self._graph.node("Gelu", layer + "bent", [wide])
        (narrow,) = self._linear(bent, layer + "output.dense")
        return self._normal(layer + "output.LayerNorm", seen, narrow)

    def _linear(self, given: str, *names: str) -> list[str]:
        weights = {f"{name}.weight": self._weights[f"{name}.weight"] for name in names}
        biases = [self._weights[f"{name}.bias"] for name in names]
        return self._graph.products(given, weights, biases, self._ranges[names[0]])

    def _normal(self, name: str, one: str, other: str) -> str:
        both = self._graph.node("Add", f"{name}.sum", [one, other])
        names = [both, self._constant(f"{name}.weight"), self._constant(f"{name}.bias")]
        return self._graph.node(
            "LayerNormalization", f"{name}.normal", names, epsilon=self._config.layer_norm_eps, axis=-1
        )

    def _constant(self, name: str) -> str:
        return self._graph.constant(name, self._weights[name])
