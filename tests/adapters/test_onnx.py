from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deidstream.adapters.onnx import OnnxInference
from deidstream.core.errors import Misconfigured, Unavailable

from tests.detection.text.tagger.tiny import save


def test_it_answers_by_the_name_of_each_output(tmp_path: Path) -> None:
    model = OnnxInference(save(tmp_path / "tiny", {"Anna": "B-name"}) / "model.onnx")
    ids = np.array([[0, 4, 2], [0, 2, 1]])
    logits = model.infer({"input_ids": ids, "attention_mask": np.ones_like(ids)})["logits"]
    assert logits.shape == (2, 3, 5)
    assert list(logits.argmax(axis=-1)[0]) == [0, 1, 0]


def test_a_call_that_fails_says_nothing_of_what_was_asked(tmp_path: Path) -> None:
    model = OnnxInference(save(tmp_path / "tiny", {"Anna": "B-name"}) / "model.onnx")
    with pytest.raises(Unavailable, match=r"^model-failed: tiny/model.onnx: \w+$"):
        model.infer({"input_ids": np.array([[987654]]), "attention_mask": np.array([[1]])})
    with pytest.raises(Unavailable, match="model-failed"):
        model.infer({"input_ids": np.array([[1]])})


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    path = tmp_path / "tiny/model.onnx"
    for content in (b"", b"no model"):
        path.write_bytes(content)
        with pytest.raises(Misconfigured, match="model-corrupt: tiny/model.onnx"):
            OnnxInference(path)
