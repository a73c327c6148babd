"""The model of faces that comes along, from its folder."""

from __future__ import annotations

from pathlib import Path

from deidstream.adapters.pictures.models import FACES, open_model
from deidstream.adapters.triton_server import TritonServer
from deidstream.ports import Inference

__all__ = ["open_faces"]

_RELEASED = Path(__file__).parents[3] / "models" / FACES


def open_faces(folder: Path | None = None, threads: int = 1, server: TritonServer | None = None) -> Inference:
    """The model in ``folder``, or the one that comes along, in this process or on ``server``.

    Raises Misconfigured where it is not as it was released.
    """
    return open_model(folder or _RELEASED, threads, server)
