"""The model of faces that comes along, from its folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from deidstream.core.errors import Misconfigured
from deidstream.ports import Inference

__all__ = ["open_faces"]

_RELEASED = Path(__file__).parents[3] / "models" / "faces" / "centerface"
_DESCRIPTION, _MODEL = "picture.json", "model.onnx.gz"


def open_faces(folder: Path | None = None, threads: int = 1) -> Inference:
    """The model in ``folder``, or the one that comes along. Raises Misconfigured where it is not as it was released."""
    from deidstream.adapters.onnx import OnnxInference

    folder = folder or _RELEASED
    place = f"{folder.name}/{_DESCRIPTION}"
    try:
        expected = json.loads((folder / _DESCRIPTION).read_bytes())["files"][_MODEL]
        with (folder / _MODEL).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise Misconfigured("model-missing", place, "is the folder one of a released model?") from None
    except (ValueError, KeyError, TypeError):
        raise Misconfigured("model-corrupt", place, "not a description") from None
    if digest != expected:
        raise Misconfigured("model-corrupt", place, f"SHA-256 is {digest}, expected {expected}")
    return OnnxInference(folder / _MODEL, threads)
