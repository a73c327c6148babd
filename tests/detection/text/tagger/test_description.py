from __future__ import annotations

import json
from pathlib import Path

import pytest
from deidstream.core.errors import Misconfigured
from deidstream.detection.text.tagger.description import described
from deidstream.detection.text.tagger.pieces import Pieces

from tests.detection.text.tagger.tiny import save


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return save(tmp_path / "tiny", {"Anna": "B-name"})


@pytest.mark.parametrize("name", ["model.onnx.gz", "pieces.model.gz"])
def test_a_file_that_is_another_one_is_named_with_the_hash_it_should_have(made: Path, name: str) -> None:
    expected = described(made).files[name]
    (made / name).write_bytes((made / name).read_bytes() + b"\0")
    with pytest.raises(Misconfigured, match=f"model-corrupt: tiny/{name}: SHA-256 is .*, expected {expected}"):
        described(made)
    (made / name).unlink()
    with pytest.raises(Misconfigured, match=f"model-missing: tiny/{name}: .*{expected}"):
        described(made)


@pytest.mark.parametrize(
    "change",
    [
        {"categories": ["shoe size"]},
        {"thresholds": [0.5]},
        {"thresholds": [0.5, 1.5]},
        {"thresholds": [0.5, float("nan")]},
        {"temperature": 0.0},
        {"window": 8},
        {"files": {}},
        {"more": 1},
    ],
    ids=["category", "too few", "never reached", "no number", "temperature", "window", "unseen files", "unknown"],
)
def test_a_description_that_makes_no_sense_is_refused(made: Path, change: dict[str, object]) -> None:
    path = made / "tagger.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
    with pytest.raises(Misconfigured, match="model-corrupt: tiny/tagger.json"):
        described(made)


def test_a_folder_without_one_and_a_tokenizer_that_is_none_are_refused(made: Path) -> None:
    (made / "tagger.json").unlink()
    with pytest.raises(Misconfigured, match="model-missing: tiny/tagger.json"):
        described(made)
    with pytest.raises(Misconfigured, match="model-corrupt: tiny/model.onnx.gz"):
        Pieces(made / "model.onnx.gz")
