"""The generative route on a model of two layers: it is tuned, loaded and asked, and what it writes never leaves its text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from deidstream.core.document import Part
from deidstream_training.__main__ import main
from deidstream_training.generative import layer
from deidstream_training.generative.layer import Generative
from deidstream_training.generative.marking import Aligned, aligned
from deidstream_training.generative.model import prompt
from deidstream_training.generative.tune import Box, tune
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from typer.testing import CliRunner

from tests.training.torch.small import documents

TEXT = "Ada Quill came today. " * 30


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generative") / "base"
    words = Tokenizer(models.BPE())
    words.pre_tokenizer, words.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=alphabet)
    words.train_from_iterator([prompt(TEXT)], trainer)
    PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<|end|>").save_pretrained(folder)
    size = {"vocab_size": 400, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    shape = LlamaConfig(**size, num_attention_heads=4, num_key_value_heads=2, eos_token_id=0)
    LlamaForCausalLM(shape).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapter(base: Path) -> Path:
    documents(base.parent / "train.jsonl", 40, seed=1)
    assert tune(base, [base.parent / "train.jsonl"], Box(minutes=0.05), base.parent / "adapter") > 0
    return base.parent / "adapter"


def test_what_an_untaught_model_writes_counts_as_not_read(base: Path, adapter: Path) -> None:
    free = Generative(base, adapter, copies=False)
    (found,) = free.find([Part("1", TEXT, ())])
    assert free.preserved < 0.5
    assert free.read == 0.0
    spans = sorted(one.span for one in found if one.span)
    assert "".join(TEXT[start:end] for start, end in spans) == TEXT


def test_an_untaught_model_can_only_copy(base: Path, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[tuple[str, str]] = []

    def kept(text: str, answer: str) -> Aligned:
        answers.append((text, answer))
        return aligned(text, answer)

    monkeypatch.setattr(layer, "aligned", kept)
    Generative(base, adapter, signs=40).find([Part("1", TEXT, ())])
    assert answers
    for text, answer in answers:
        assert text.startswith(re.sub(r"\[\[\w+: |\]\]|\[\[?\w*:?$|\]$", "", answer))


def test_pieces_of_several_texts_come_back_to_where_they_were(base: Path, adapter: Path) -> None:
    class Taught(Generative):
        def _answers(self, texts: Sequence[str]) -> list[Aligned]:
            return [aligned(text, text.replace("Ada Quill", "[[name: Ada Quill]]")) for text in texts]

    texts = (TEXT, "Nothing.", "", "x Ada Quill")
    taught = Taught(base, adapter)
    found = taught.find([Part(str(number), text, ()) for number, text in enumerate(texts)])
    spans = [[texts[number][slice(*one.span)] for one in some if one.span] for number, some in enumerate(found)]
    assert spans == [["Ada Quill"] * 30, [], [], ["Ada Quill"]]
    assert (taught.preserved, taught.read) == (1.0, 1.0)


def test_one_command_tunes_measures_and_tunes_only_once(base: Path, adapter: Path, tmp_path: Path) -> None:
    lines = [
        json.dumps(
            {"id": str(n), "text": f"Seen by Ada Quill, {n}.", "spans": [{"start": 8, "end": 17, "label": "name"}]}
        )
        for n in range(4)
    ]
    (tmp_path / "some.jsonl").write_text("\n".join(lines))
    arguments = [str(base.parent / "train.jsonl"), "--out", str(base.parent), "--documents", "4", "--minutes", "0.05"]
    done = CliRunner().invoke(main, ["generative", *arguments, "--corpus", f"deidstream={tmp_path / 'some.jsonl'}"])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "tuned:" not in done.stdout  # what is there is not done again
    *table, last = done.stdout.strip().splitlines()
    assert last.startswith("generative: preserved=0.")
    assert {line.split()[1] for line in table[1:]} == {"rules", "generative", "merged", "merged-generative"}
