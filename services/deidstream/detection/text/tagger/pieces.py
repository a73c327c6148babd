"""Texts as the pieces of words that a model reads, with the code points that each stands for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sentencepiece import SentencePieceProcessor

from deidstream.core.errors import Misconfigured
from deidstream.detection.text.tagger.packed import unpacked

__all__ = ["Encoded", "Pieces"]

Integers = npt.NDArray[np.int64]


class Encoded(NamedTuple):
    """A text: int64 ``[pieces]`` each. The piece ``i`` stands for the code points ``[starts[i], ends[i])``."""

    ids: Integers
    starts: Integers
    ends: Integers


class Pieces:
    """The tokenizer of a model: a SentencePiece model file, compressed where its name ends in ``.gz``.

    ``begin``, ``end`` and ``pad`` are what frames and fills a window.
    Raises Misconfigured (``model-corrupt``) for a file of another kind.
    """

    def __init__(self, path: Path) -> None:
        place = f"{path.parent.name}/{path.name}"
        try:
            self._processor = SentencePieceProcessor(model_proto=unpacked(path))
        except RuntimeError:
            raise Misconfigured("model-corrupt", place, "not a SentencePiece model") from None
        self.begin, self.end, self.pad = self._processor.bos_id(), self._processor.eos_id(), self._processor.pad_id()
        if min(self.begin, self.end, self.pad) < 0:
            raise Misconfigured("model-corrupt", place, "begin, end and padding must be among the pieces")

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Each text, without what frames it. A lone surrogate, which no text of a message has, counts as a sign of its own."""
        return [self._encode(text.encode("utf-8", "replace").decode()) for text in texts]

    def _encode(self, text: str) -> Encoded:
        found = self._processor.encode(text, return_type="offset_mapping", return_bytes=False)
        places = np.array(found["offsets"], dtype=np.int64).reshape(-1, 2)
        return Encoded(np.array(found["ids"], dtype=np.int64), places[:, 0], places[:, 1])
