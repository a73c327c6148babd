"""In this process: the contract, and what cannot be loaded."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from deidstream.adapters.onnx import OnnxInference
from deidstream.core.errors import Misconfigured
from deidstream.ports import Inference

from tests.adapters.inference.contract import InferenceContract
from tests.detection.text.tagger.tiny import save


class TestOnnx(InferenceContract):
    @pytest.fixture
    def inference(self, tmp_path: Path) -> Iterator[Inference]:
        model = OnnxInference(save(tmp_path / "tiny", {"Anna": "B-name"}) / "model.onnx.gz")
        yield model
        model.close()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    path = tmp_path / "tiny/model.onnx.gz"
    for content in (b"", b"no model", gzip.compress(b"no model"), gzip.compress(b"no model")[:-9]):
        path.write_bytes(content)
        with pytest.raises(Misconfigured, match="model-corrupt: tiny/model.onnx.gz"):
            OnnxInference(path)
