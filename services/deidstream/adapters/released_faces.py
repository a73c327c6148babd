"""The model of faces that comes along, from its folder."""

from __future__ import annotations

from pathlib import Path

from deidstream.adapters.pictures.models import FACES, MODEL, described
from deidstream.ports import Inference

__all__ = ["open_faces"]

_RELEASED = Path(__file__).parents[3] / "models" / FACES


def open_faces(folder: Path | None = None, threads: int = 1) -> Inference:
    """The model in ``folder``, or the one that comes along. Raises Misconfigured where it is not as it was released."""
    from deidstream.adapters.onnx import OnnxInference

    folder = folder or _RELEASED
    described(folder)
    return OnnxInference(folder / MODEL, threads)
