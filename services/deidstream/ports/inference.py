"""Models, wherever they run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:  # processes without a model do not load it
    import numpy.typing as npt

__all__ = ["Inference", "Tensors"]

Tensors: TypeAlias = "Mapping[str, npt.NDArray[Any]]"


class Inference(Protocol):
    """One model that is loaded. Threads may share it."""

    def infer(self, inputs: Tensors) -> Tensors:
        """The outputs by name. The first axis of every input is the batch, and so is that of every output.

        Raises Unavailable when there is no answer in time; what was asked about then counts as unseen.
        """

    def close(self) -> None:
        """Gives back what it holds."""
