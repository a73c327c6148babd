"""A backbone of three layers and a few words, and documents about people with names that stand where names stand."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import torch
from deidstream.adapters.onnx import OnnxInference
from deidstream.detection.text.tagger import Tagger
from deidstream.detection.text.tagger.description import described
from deidstream.detection.text.tagger.pieces import Pieces
from deidstream_training.__main__ import main
from deidstream_training.backbone.pieces import sentencepiece_model
from deidstream_training.backbone.recover import ENCODER, PIECES, WORDS
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from tests.detection.text.tagger.tiny import pieces_of

HIDDEN = 32
STEPS = 250
GIVEN = ("Anna", "Eva", "Lena", "Otto", "Paul", "Ida")
FAMILY = ("Lang", "Beck", "Roth", "Voss", "Kern", "Busch")
OTHERS = ("saw", "today", "calm", "with", "and", "Dr", "Parkinson", "disease", "May", "on", "well")
WORDS_KNOWN = (*GIVEN, *FAMILY, *OTHERS)


def small_backbone(folder: Path, layers: int = 3) -> Path:
    """As the step ``backbone`` leaves one; its numbers are drawn."""
    folder.mkdir(parents=True)
    pieces = pieces_of(WORDS_KNOWN)
    (folder / PIECES).write_bytes(sentencepiece_model(pieces, b""))
    shape = {"hidden_size": HIDDEN, "num_hidden_layers": layers, "num_attention_heads": 4, "intermediate_size": 64}
    shape |= {"vocab_size": len(pieces), "max_position_embeddings": 512, "pad_token_id": 1}
    (folder / "config.json").write_text(json.dumps(shape))
    torch.manual_seed(3)
    state = BertModel(BertConfig(**shape), add_pooling_layer=False).state_dict()
    del state["embeddings.word_embeddings.weight"]
    save_tensors(state, folder / ENCODER)
    drawn = np.random.default_rng(3)
    codes = drawn.integers(0, 16, (len(pieces), HIDDEN), dtype=np.uint8)
    save_file({"codes": codes, "scales": np.full((len(pieces), 1), 0.05, dtype=np.float16)}, folder / WORDS)
    return folder


def documents(path: Path, count: int, seed: int) -> Path:
    """Lines as ``synthesise`` writes them."""
    drawn = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            text, spans = "", []
            for _ in range(drawn.randint(1, 3)):
                name = f"{drawn.choice(GIVEN)} {drawn.choice(FAMILY)}"
                begin = text + drawn.choice(("saw ", "Dr Parkinson saw ", "Dr Parkinson and ", "on May with "))
                spans.append([len(begin), len(begin) + len(name), "name"])
                text = f"{begin}{name}{drawn.choice((' today. ', ' and Parkinson disease. ', '. '))}"
            spans += [[at, at + 9, "name"] for at in _doctors(text)]
            file.write(
                json.dumps({"id": f"{number}", "language": "en", "text": text.strip(), "spans": sorted(spans)}) + "\n"
            )
    return path


def _doctors(text: str) -> list[int]:
    """Parkinson is a doctor's name after Dr, and a disease else."""
    found, at = [], text.find("Dr Parkinson")
    while at >= 0:
        found.append(at + 3)
        at = text.find("Dr Parkinson", at + 1)
    return found


def steps(name: str, *arguments: object, folder: Path, code: int = 0) -> str:
    given = [name, *map(str, arguments), "--backbone", str(folder / "backbone")]
    if name != "export":
        given += ["--rate", "0.004", "--pieces", "512", "--window", "40", "--steps", str(STEPS)]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def released(folder: Path, model: str) -> Tagger:
    out = folder / f"released-{model}"
    arguments = ("--model", folder / model, "--held-out", folder / "test.jsonl", "--out", out)
    steps("export", *arguments, "--name", "small", "--version", "1", folder=folder)
    return Tagger(described(out), Pieces(out / "pieces.model.gz"), OnnxInference(out / "model.onnx.gz"))
