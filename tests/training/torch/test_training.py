"""The steps that need PyTorch, on a small backbone: what was trained finds names, what broke off ends as if it had not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from deidstream.adapters.onnx import OnnxInference
from deidstream.core.document import Part
from deidstream.detection.text.tagger import Tagger
from deidstream.detection.text.tagger.description import described
from deidstream.detection.text.tagger.pieces import Pieces
from deidstream_training.__main__ import main
from deidstream_training.train.examples import Batch
from deidstream_training.train.labels import LABELS
from deidstream_training.train.learn import Gold, Plan, learn
from deidstream_training.train.model import TokenClassifier, narrowed, of_backbone, trained, words
from deidstream_training.train.stream import batches
from typer.testing import CliRunner

from tests.training.torch.small import released, small_backbone, steps


class BrokeOff(Exception):
    """As if the machine had gone."""


def found(tagger: Tagger, text: str) -> list[str]:
    (findings,) = tagger.find([Part("1", text, ())])
    return [text[one.span.start : one.span.end] for one in findings if one.span is not None]


TEXT = "Dr Parkinson saw Ida Busch and Parkinson disease. on May with Otto Voss today."


def test_what_was_trained_released_and_loaded_finds_names_and_leaves_an_eponym(made: Path) -> None:
    assert found(released(made, "model"), TEXT) == ["Parkinson", "Ida Busch", "Otto Voss"]


def test_a_student_of_fewer_layers_finds_them_too(made: Path) -> None:
    arguments = ("--teacher", made / "model", "--layers", 2, "--out", made / "student")
    steps("distil", made / "train.jsonl", *arguments, folder=made)
    assert found(released(made, "student"), TEXT) == ["Parkinson", "Ida Busch", "Otto Voss"]


def test_a_student_is_gone_on_with(made: Path) -> None:
    begun = ("--teacher", made / "model", "--layers", 2, "--out", made / "begun")
    steps("distil", made / "train.jsonl", *begun, folder=made)
    arguments = (
        "--teacher",
        made / "model",
        "--begin",
        made / "begun",
        "--out",
        made / "gone-on",
    )  # four layers are refused
    steps("distil", made / "train.jsonl", *arguments, folder=made)
    assert found(released(made, "gone-on"), TEXT) == ["Parkinson", "Ida Busch", "Otto Voss"]
    first, second = (json.loads((made / name / "training.json").read_text()) for name in ("begun", "gone-on"))
    assert (first["layers"], second["layers"]) == (2, 2)
    assert first["documents"] != second["documents"]


def test_the_mean_of_two_models_lies_between_them_and_knows_what_they_know(made: Path) -> None:
    more = ("--begin", made / "model", "--out", made / "more-of-it", "--seed", 3)
    steps("train", made / "train.jsonl", *more, folder=made)
    both = (made / "model", made / "more-of-it")
    assert "mean of 2" in averaged(*both, out=made / "mean")
    first, second, mean = (trained(one, made / "backbone").head.weight for one in (*both, made / "mean"))
    assert not torch.equal(first, second)
    torch.testing.assert_close(mean, (first + second) / 2)
    assert found(released(made, "mean"), TEXT) == ["Parkinson", "Ida Busch", "Otto Voss"]
    record = json.loads((made / "mean/training.json").read_text())
    assert ([one["seed"] for one in record["mean_with"]], record["seed"]) == ([1], 3)


def test_models_of_different_shapes_have_no_mean(made: Path) -> None:
    steps(
        "distil", made / "train.jsonl", "--teacher", made / "model", "--layers", 2, "--out", made / "two", folder=made
    )
    assert "not of one shape" in averaged(made / "model", made / "two", out=made / "none", code=2)
    assert not (made / "none").exists()


def test_a_released_model_is_unpacked_into_one_to_go_on_with(made: Path) -> None:
    released(made, "model")
    again = (made / "released-model", "--backbone", made / "backbone-again", "--out", made / "unpacked")
    done = CliRunner().invoke(main, ["unpack", *map(str, again)])
    assert done.exit_code == 0, (done.output, done.exception)
    assert found(released(made, "unpacked"), TEXT) == ["Parkinson", "Ida Busch", "Otto Voss"]
    averaged(made / "unpacked", made / "model", out=made / "mean-of-both")
    record = json.loads((made / "mean-of-both/training.json").read_text())
    assert record["mean_with"] == [{"unpacked": "unpacked"}]


def averaged(*models: Path, out: Path, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["average", *map(str, models), "--out", str(out)])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_more_layers_than_the_teacher_has_are_refused(made: Path) -> None:
    arguments = ("--teacher", made / "model", "--layers", 4, "--out", made / "deeper")
    assert "between 2 and 3 layers" in steps("distil", made / "train.jsonl", *arguments, folder=made, code=2)


def test_the_released_file_says_nearly_what_the_model_says(made: Path) -> None:
    released(made, "model")
    model = trained(made / "model", made / "backbone").eval()
    inference = OnnxInference(made / "released-model/model.onnx.gz")
    batch = next(stream(made))
    with torch.no_grad():
        exact = model(torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)).numpy()
    quantised = inference.infer({"input_ids": batch.ids, "attention_mask": batch.mask})["logits"]
    real = batch.mask == 1
    assert np.abs(exact - quantised)[real].mean() < 0.02 * np.abs(exact[real]).mean()
    first, second = np.sort(exact[real], axis=-1)[:, :-3:-1].T
    sure = first - second > 0.05 * np.abs(exact[real]).max()
    assert sure.mean() > 0.5
    assert (exact.argmax(-1) == quantised.argmax(-1))[real][sure].all()


def test_words_do_not_learn_nor_do_frozen_layers(made: Path, tmp_path: Path) -> None:
    before, model = fresh(made), fresh(made)
    learn(model, Gold(), plan(3, frozen=1), stream(made), tmp_path)
    changed = {
        name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before.state_dict()[name])
    }
    assert changed
    assert all(name.startswith(("encoder.encoder.layer.1.", "encoder.encoder.layer.2.", "head.")) for name in changed)
    assert torch.equal(
        trained(made / "model", made / "backbone").encoder.embeddings.word_embeddings.weight, words(made / "backbone")
    )


def stream(folder: Path) -> Iterator[Batch]:
    return batches([folder / "train.jsonl"], Pieces(folder / "backbone/pieces.model"), 40, 512, 1)


def plan(count: int, frozen: int = 0, rate: float = 0.001) -> Plan:
    return Plan(count, rate, 512, 40, frozen=frozen)


def test_what_broke_off_ends_as_if_it_had_not(made: Path, tmp_path: Path) -> None:
    whole, broken = (tmp_path / name for name in ("whole", "broken"))
    for folder in (whole, broken):
        folder.mkdir()
    with pytest.raises(BrokeOff):
        learn(fresh(made), Gold(), plan(6), breaking(made, 4), broken, every=0)
    resumed, expected = fresh(made, seed=8), fresh(made)
    learn(resumed, Gold(), plan(6), stream(made), broken)
    learn(expected, Gold(), plan(6), stream(made), whole)
    assert all(map(torch.equal, resumed.state_dict().values(), expected.state_dict().values()))


def test_what_another_plan_began_is_not_gone_on_with(made: Path) -> None:
    again = ("--out", made / "model", "--seed", 2)
    assert "another plan" in steps("train", made / "train.jsonl", *again, folder=made, code=2)


def fresh(folder: Path, seed: int = 7) -> TokenClassifier:
    torch.manual_seed(seed)
    return of_backbone(folder / "backbone", len(LABELS))


def breaking(folder: Path, at: int) -> Iterator[Batch]:
    yield from islice(stream(folder), at)
    raise BrokeOff


@pytest.mark.parametrize(("deep", "kept"), [(5, [0, 1, 2, 3, 4]), (3, [0, 2, 4]), (2, [0, 4])])
def test_a_student_begins_with_layers_of_the_whole_depth(tmp_path: Path, deep: int, kept: list[int]) -> None:
    teacher = of_backbone(small_backbone(tmp_path / "backbone", layers=5), len(LABELS))
    student = narrowed(teacher, deep)
    there, begun = (
        [layer.attention.self.query.weight for layer in model.encoder.encoder.layer] for model in (teacher, student)
    )
    assert [number for number, one in enumerate(there) if any(torch.equal(one, each) for each in begun)] == kept


def test_the_rate_rises_and_falls_to_nothing() -> None:
    shares = [plan(100).rate_at(step) for step in range(100)]
    assert shares.index(max(shares)) == 5
    assert max(shares) == 1.0
    assert 0 < shares[-1] < 0.02


def test_what_begins_with_a_trained_model_knows_what_it_knew(made: Path) -> None:
    arguments = [
        "train",
        str(made / "train.jsonl"),
        "--backbone",
        str(made / "backbone"),
        "--begin",
        str(made / "model"),
    ]
    arguments += ["--out", str(made / "more"), "--steps", "1", "--rate", "0"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    before, after = (trained(made / name, made / "backbone").state_dict() for name in ("model", "more"))
    assert all(map(torch.equal, before.values(), after.values()))


def test_with_a_corpus_there_is_a_model_that_it_has_not_taught(tmp_path: Path) -> None:
    small_backbone(tmp_path / "backbone")
    records = [
        {"id": str(n), "text": "saw Anna Lang", "spans": [{"start": 4, "end": 13, "label": "name"}]} for n in range(40)
    ]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    sizes = ("--documents", "60", "--steps", "2", "--gold-steps", "2", "--fast-steps", "2", "--fast-layers", "2")
    corpus = ("--corpus", f"deidstream={tmp_path / 'mine.jsonl'}")
    done = CliRunner().invoke(main, ["everything", "--out", str(tmp_path), *sizes, *corpus])
    assert done.exit_code == 0, (done.output, done.exception)
    for model, read in (("annotation-free", ["train.jsonl"]), ("standard", ["more.jsonl", "gold.jsonl"])):
        assert json.loads((tmp_path / model / "training.json").read_text())["files"] == read
        assert described(tmp_path / "phi-tagger" / model).name == f"phi-tagger-{model}"
    assert described(tmp_path / "phi-tagger/fast").name == "phi-tagger-fast"


def test_one_command_makes_both_models_and_does_nothing_twice(tmp_path: Path) -> None:
    small_backbone(tmp_path / "backbone")
    sizes = ("--documents", "60", "--steps", "2", "--fast-steps", "2", "--fast-layers", "2")
    for _ in range(2):
        done = CliRunner().invoke(main, ["everything", "--out", str(tmp_path), *sizes])
        assert done.exit_code == 0, (done.output, done.exception)
    for tier, layers in (("standard", 3), ("fast", 2)):
        assert described(tmp_path / "phi-tagger" / tier).name == f"phi-tagger-{tier}"
        assert f"steps=2 layers={layers} " in done.output
