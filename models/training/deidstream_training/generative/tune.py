"""LoRA on pairs of a text and the same text marked (Hu et al. 2021, Low-Rank Adaptation of Large Language Models)."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor

from deidstream_training.generative.marking import chunks, marked
from deidstream_training.generative.model import Theirs, loaded, prompt
from deidstream_training.train.examples import IGNORED, read
from deidstream_training.train.learn import quick_in_16_bits

__all__ = ["Box", "tune"]

_TOLD_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Box:
    """What it may take. ``pairs``: in a batch; ``signs``: code points of a text at most."""

    minutes: float = 30.0
    rate: float = 2e-4
    pairs: int = 4
    signs: int = 240
    rank: int = 16
    seed: int = 1


def tune(base: Path, documents: Sequence[Path], box: Box, out: Path) -> int:
    """Writes the adapter to ``out``. How many pairs it has learned from when the time was over."""
    torch.manual_seed(box.seed)
    model, tokenizer = loaded(base)
    layers = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model = get_peft_model(model, LoraConfig(r=box.rank, lora_alpha=2 * box.rank, target_modules=layers)).train()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    optimiser = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=box.rate)
    began = told = time.monotonic()
    learned = 0
    for batch in _batches(documents, tokenizer, box):
        spent = (time.monotonic() - began) / 60
        if spent >= box.minutes:
            break
        for group in optimiser.param_groups:
            group["lr"] = box.rate * min(1.0, 20 * spent / box.minutes + 0.05, (1 - spent / box.minutes) + 0.01)
        ids, mask, labels = (tensor.to(device) for tensor in batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=quick_in_16_bits(device)):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        learned += len(ids)
        if time.monotonic() - told >= _TOLD_SECONDS:
            told = time.monotonic()
            print(f"{learned} pairs, loss {float(loss):.3f}, {box.minutes - spent:.0f} min left", file=sys.stderr)
    model.save_pretrained(out)
    return learned


def _batches(documents: Sequence[Path], tokenizer: Theirs, box: Box) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Without end: ids, mask and labels int64 ``[n, t]``, of which only the answer counts."""
    for epoch in count():
        drawn = random.Random(f"{box.seed}-{epoch}")
        pairs = [
            (piece, marked(piece, inside))
            for path in documents
            for text, marks in read(path)
            for _, piece, inside in chunks(text, marks, box.signs)
            if piece.strip() and (inside or drawn.random() < 0.5)  # half of what has nothing to mark says that
        ]
        if not pairs:
            raise ValueError("there is no document in these files")
        drawn.shuffle(pairs)
        for start in range(0, len(pairs), box.pairs):
            yield _framed(pairs[start : start + box.pairs], tokenizer)


def _framed(pairs: Sequence[tuple[str, str]], tokenizer: Theirs) -> tuple[Tensor, Tensor, Tensor]:
    rows = []
    for text, answer in pairs:
        asked = tokenizer(prompt(text))["input_ids"]
        said = [*tokenizer(answer)["input_ids"], tokenizer.eos_token_id]
        rows.append(([*asked, *said], [*[IGNORED] * len(asked), *said]))
    longest = max(len(ids) for ids, _ in rows)
    shape = (len(rows), longest)
    ids, labels = torch.full(shape, tokenizer.pad_token_id), torch.full(shape, IGNORED)
    mask = torch.zeros(shape, dtype=torch.int64)
    for number, (row, told) in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        labels[number, : len(row)] = torch.tensor(told)
        mask[number, : len(row)] = 1
    return ids, mask, labels
