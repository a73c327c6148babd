"""``deidstream train`` on a small model: it learns how a site writes, and what is worse does not take the old one's place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from deidstream.adapters.onnx import OnnxInference
from deidstream.adapters.taggers import open_tagger
from deidstream.cli.train.reviewed import divided
from deidstream.core.document import Part
from deidstream.detection.text.tagger.description import described
from deidstream_training.adapt import adapting
from deidstream_training.release.unpacked import unpack
from deidstream_training.synthesise import command
from deidstream_training.synthesise.division import Split
from deidstream_training.train.model import trained

from tests.cli.command import Ran, run
from tests.training.torch.small import FAMILY, GIVEN, documents, released

NAMES = (*GIVEN, *FAMILY) * 3
"""One name alone, which no rule takes for one, and which the model has never seen so."""
QUICK = ("--steps", "200", "--rate", "0.002", "--synthetic", "800")


def notes(folder: Path) -> Path:
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / f"{number}.txt").write_text(f"well {name.lower()} calm, and calm with May today. Number {number}.")
    return folder


def reviewed(path: Path, marked: Callable[[str, int], list[dict[str, object]]], times: int = 8, first: int = 0) -> str:
    """Names where this site has them, and nowhere else: after a word that says nothing."""
    records = []
    for number in range(first, first + times * len(NAMES)):
        name = NAMES[number % len(NAMES)]
        text = f"on well {name} calm today, {number} times."
        records.append({"id": str(number), "text": text, "spans": marked(name, text.index(name))})
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return f"deidstream={path}"


def names(name: str, at: int) -> list[dict[str, object]]:
    return [{"start": at, "end": at + len(name), "label": "name"}]


@pytest.fixture(scope="module")
def tagger(made: Path) -> Path:
    released(made, "model")
    return made / "released-model"


@pytest.fixture(autouse=True)
def small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Synthetic documents as the model has learned from: it has no words for those of the real generator."""

    def written(out: Path, count: int, seed: int, split: Split = Split.TRAIN) -> None:
        documents(out, count, seed + 10 * (split is Split.TEST))

    monkeypatch.setattr(command, "synthesise", written)


def trained_on(tagger: Path, tmp_path: Path, *arguments: str) -> Ran:
    return run("train", "--from", notes(tmp_path / "notes"), "--tagger", tagger, *arguments, *QUICK)


def test_a_released_model_is_unpacked_as_it_was_but_for_rounding(made: Path, tagger: Path, tmp_path: Path) -> None:
    unpack(tagger, tmp_path / "backbone", tmp_path / "model")
    again = trained(tmp_path / "model", tmp_path / "backbone").eval()
    before = trained(made / "model", made / "backbone").eval()
    words = "encoder.embeddings.word_embeddings.weight"
    assert torch.equal(again.state_dict()[words], before.state_dict()[words])
    for name, tensor in before.state_dict().items():  # a column that what comes in seldom makes count is rounded more
        assert torch.allclose(again.state_dict()[name], tensor, atol=float(tensor.abs().max()) / 10), name
    ids = np.arange(4, 60, dtype=np.int64)[None]
    with torch.no_grad():
        mine = again(torch.from_numpy(ids), torch.ones_like(torch.from_numpy(ids))).numpy()
    inference = OnnxInference(tagger / "model.onnx.gz")
    theirs = inference.infer({"input_ids": ids, "attention_mask": np.ones_like(ids)})["logits"]
    assert np.abs(mine - theirs).mean() < 0.02 * np.abs(mine).mean()  # which rounds what it computes, too


def test_it_learns_how_the_site_writes_and_leaves_no_text_behind(tagger: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    ran = trained_on(tagger, tmp_path, "--out", str(out), "--reviewed", reviewed(tmp_path / "r.jsonl", names))
    assert ran.code == 0, ran.out + ran.err
    assert described(out).version == "2"
    assert ran.out.splitlines()[-1].startswith(f"trained: {out} small version=2")
    text = "on well Voss calm today, 7 times."
    before, after = (layer.find([Part("1", text, ())])[0] for layer in map(open_tagger, (tagger, out)))
    assert [text[one.span.start : one.span.end] for one in after if one.span] == ["Voss"]
    assert before != after
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "r.jsonl", "site"]


def test_a_model_that_is_worse_does_not_take_the_place_of_the_old_one(tagger: Path, tmp_path: Path) -> None:
    good = reviewed(tmp_path / "held.jsonl", names, 2)
    bad = reviewed(tmp_path / "bad.jsonl", lambda name, at: names("calm today", at + len(name) + 1), 3, first=1000)
    learned, site = tmp_path / "learned", tmp_path / "site"
    learned.mkdir()
    taught = reviewed(learned / "r.jsonl", names, first=2000)
    ran = trained_on(tagger, learned, "--out", str(site), "--reviewed", taught, "--held-out", good)
    assert ran.code == 0, ran.out + ran.err
    ran = trained_on(site, tmp_path, "--out", str(site), "--reviewed", bad, "--held-out", good)
    assert ran.code == 1, ran.out + ran.err
    assert "worse: " in ran.out
    assert "char_precision" in ran.out.splitlines()[-1].partition(";")[0]
    assert described(site).version == "2"
    work = site.with_name("site.work")
    assert [path.name for path in work.iterdir()] == ["candidate"]
    assert described(work / "candidate").version == "3"


def test_what_judges_it_is_not_learned_from_though_it_stands_among_the_notes(
    tagger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def stopped(_: Path, documents: Sequence[Path], *__: object) -> Path:
        seen.extend(one["text"] for path in documents for one in map(json.loads, path.read_text().splitlines()))
        raise ValueError("enough was seen")

    monkeypatch.setattr(adapting, "adapt", stopped)
    named = reviewed(tmp_path / "r.jsonl", names)
    folder = notes(tmp_path / "notes")
    texts = [json.loads(line)["text"] for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    for number, text in enumerate(texts):
        (folder / f"again-{number}.txt").write_text(text)
    ran = run("train", "--from", folder, "--tagger", tagger, "--out", tmp_path / "site", "--reviewed", named, *QUICK)
    assert "enough was seen" in ran.err
    assert list((tmp_path / "site.work").iterdir()) == []  # whatever happens, no text is left
    held_out = {one.text for one in divided([named], []).held_out}
    assert held_out <= set(texts)
    assert not held_out & set(seen)
    assert len([text for text in seen if "Number" in text]) == len(NAMES)
