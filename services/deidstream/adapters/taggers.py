"""A released tagger from its folder, with its model in this process or on a Triton server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deidstream.adapters import signature
from deidstream.adapters.triton_server import TritonServer
from deidstream.core.errors import Misconfigured
from deidstream.detection.text.tagger import Tagger
from deidstream.detection.text.tagger.description import DESCRIPTION, MODEL, PIECES, described
from deidstream.detection.text.tagger.pieces import Pieces
from deidstream.ports import Inference, Tensors

__all__ = ["TIERS", "folder_of", "open_tagger"]

TIERS = ("standard", "fast")
"""Of the taggers that come with deidstream."""
_SERVED = 1 << 13
"""Pieces in one call of a server: each goes over the network, and a graphics processor wants many."""
_RELEASED = Path(__file__).parents[3] / "models" / "phi-tagger"


def folder_of(named: str | Path) -> Path:
    """Of a tagger: the folder that ``named`` says, or that of a tier that comes with deidstream, by its name.

    Raises Misconfigured for a tier that this installation lacks.
    """
    folder = Path(named)
    if str(named) not in TIERS or (folder / DESCRIPTION).exists():
        return folder
    if not (_RELEASED / folder / DESCRIPTION).exists():
        raise Misconfigured(
            "model-missing", str(named), "this installation has no taggers: name the folder of one, or none"
        )
    return _RELEASED / folder


def open_tagger(
    folder: Path,
    threads: int = 1,
    key: Path | None = None,
    server: TritonServer | None = None,
    stir: Callable[[], None] = lambda: None,
) -> Tagger:
    """The tagger in ``folder``. ``key``: it must be signed with it. ``server``: runs the model; its file is checked all the same.

    ``threads``: calls of the model at once in this process, each on one processor (one call on several takes half as long again).
    ``stir`` is told before each call of the model: a long text takes many.

    Raises Misconfigured, which names the file, where anything is not as it was released.
    """
    found = described(folder)
    if key is not None:
        signature.verify(folder / DESCRIPTION, key)
    pieces = Pieces(folder / PIECES)
    if server is not None:
        served = _served(server, found.name, found.version, found.files[MODEL])
        return Tagger(found, pieces, _Stirring(served, stir), _SERVED)
    from deidstream.adapters.onnx import OnnxInference

    return Tagger(found, pieces, _Stirring(OnnxInference(folder / MODEL), stir), calls=threads)


@dataclass(frozen=True, slots=True)
class _Stirring:
    """``inner``, whose every call is told."""

    inner: Inference
    stir: Callable[[], None]

    def infer(self, inputs: Tensors) -> Tensors:
        """See ``ports.Inference``."""
        self.stir()
        return self.inner.infer(inputs)

    def close(self) -> None:
        """See ``ports.Inference``."""
        self.inner.close()


def _served(server: TritonServer, model: str, version: str, digest: str) -> Inference:
    try:
        from deidstream.adapters.triton import TritonInference  # gRPC is loaded where a server is asked
    except ModuleNotFoundError:
        raise Misconfigured("triton-missing", "text.tagger.triton", "pip install 'deidstream[triton]'") from None
    return TritonInference(server, model, version, digest)
