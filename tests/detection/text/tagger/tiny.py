"""A tagger of a few pieces: real SentencePiece, real ONNX Runtime, and a model that looks each piece up in a table."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from deidstream.adapters.onnx import OnnxInference
from deidstream.detection.text.tagger import Tagger
from deidstream.detection.text.tagger.description import described
from deidstream.detection.text.tagger.pieces import Pieces
from deidstream_training.backbone.pieces import sentencepiece_model
from onnx import TensorProto, helper, numpy_helper

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
CATEGORIES = ("name", "date")
LABELS = ("O", "B-name", "I-name", "B-date", "I-date")


def pieces_of(words: Sequence[str]) -> list[tuple[str, float]]:
    """Whole words, and single signs for all else."""
    signs = [chr(code) for code in range(33, 127)] + ["▁", "ü", "张"]
    return [
        *((name, 0.0) for name in SPECIAL),
        *((f"▁{word}", -2.0) for word in words),
        *((sign, -9.0) for sign in signs),
    ]


def save(folder: Path, words: Mapping[str, str], window: int = 16, margin: int = 4) -> Path:
    """A released tagger in ``folder`` that gives each of ``words`` its label, and O to every other piece."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = pieces_of(list(words))
    (folder / "pieces.model.gz").write_bytes(gzip.compress(sentencepiece_model(pieces, b"")))
    table = np.zeros((len(pieces), len(LABELS)), dtype=np.float32)
    table[:, 0] = 5.0
    for number, (text, _) in enumerate(pieces):
        if label := words.get(text.removeprefix("▁")):
            table[number] = 0.0
            table[number, LABELS.index(label)] = 5.0
    (folder / "model.onnx.gz").write_bytes(gzip.compress(_lookup(table)))
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in ("model.onnx.gz", "pieces.model.gz")
    }
    description = {"name": "tagger", "version": "1", "categories": CATEGORIES, "thresholds": [0.5, 0.5]}
    description |= {"temperature": 1.0, "window": window, "margin": margin, "files": files}
    (folder / "tagger.json").write_text(json.dumps(description))
    return folder


def opened(folder: Path) -> Tagger:
    return Tagger(described(folder), Pieces(folder / "pieces.model.gz"), OnnxInference(folder / "model.onnx.gz"))


def _lookup(table: np.ndarray) -> bytes:
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"]) for name in ("input_ids", "attention_mask")
    )
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", "t", table.shape[1]])
    node = helper.make_node("Gather", ["table", "input_ids"], ["logits"], axis=0)
    graph = helper.make_graph([node], "lookup", [ids, mask], [logits], [numpy_helper.from_array(table, "table")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
