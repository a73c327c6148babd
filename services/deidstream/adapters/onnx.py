"""Models in this process, by ONNX Runtime on its processors."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from deidstream.core.errors import Misconfigured, Unavailable
from deidstream.detection.text.tagger.packed import unpacked
from deidstream.ports import Tensors

__all__ = ["OnnxInference"]


class OnnxInference:
    """The model at ``path``, compressed where its name ends in ``.gz``.

    ``threads``: processors that one call may use; one by default: several processes share a machine.

    Raises Misconfigured (``model-corrupt``) for a file that is no model.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # what it says of a failed call may hold content
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._name = f"{path.parent.name}/{path.name}"
        content = unpacked(path)
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception:  # noqa: BLE001 - its errors have no common kind
            raise Misconfigured("model-corrupt", self._name, "ONNX Runtime cannot load it") from None
        self._outputs = [output.name for output in self._session.get_outputs()]

    def infer(self, inputs: Tensors) -> Tensors:
        """See ``ports.Inference``."""
        try:
            return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))
        except Exception as error:  # noqa: BLE001
            raise Unavailable("model-failed", self._name, type(error).__name__) from None

    def close(self) -> None:
        """See ``ports.Inference``."""
        del self._session
