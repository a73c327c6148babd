"""How pictures are looked at: where the models are, and what a look may cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deidstream.adapters.triton_server import TritonServer

__all__ = ["RELEASED", "PictureLimits", "PictureSetting"]

RELEASED = Path(__file__).parents[4] / "models"
"""Where the models that come with deidstream lie."""


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """``seconds``: for one source, all frames. ``memory``: bytes of the child, models included."""

    seconds: float = 600.0
    memory: int = 6 * 2**30


@dataclass(frozen=True, slots=True)
class PictureSetting:
    """``models``: the folder with ``ocr`` and ``faces``. ``server``: runs them; files are checked all the same."""

    models: Path
    threads: int = 1
    limits: PictureLimits = PictureLimits()
    server: TritonServer | None = None
