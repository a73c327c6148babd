"""A tuned model as a layer of text detection, to be measured as others are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from deidstream.core.category import Category
from deidstream.core.document import Part
from deidstream.core.finding import Finding
from deidstream.core.span import Span

from deidstream_training.generative.copying import Copying, bytes_of
from deidstream_training.generative.marking import Aligned, aligned, chunks
from deidstream_training.generative.model import Theirs, loaded, prompt

__all__ = ["Generative"]

_DETECTOR = "text.generative/1"
_SCORE = 0.9
_LEAST_PRESERVED = 0.5
"""A text of which less was written again was not read: it counts as one finding."""


class Generative:
    """``signs``: code points that are asked about at once; ``together``: how many such pieces.

    ``copies``: nothing can be written but the text and marks in it; else whatever the model likes, which is aligned afterwards.
    """

    def __init__(self, base: Path, adapter: Path, signs: int = 240, together: int = 8, copies: bool = True) -> None:
        self._model, self._tokenizer = loaded(base, adapter)
        self._copying = _copying(self._tokenizer) if copies else None
        self._signs, self._together = signs, together
        self._shares: list[tuple[int, float]] = []

    @property
    def preserved(self) -> float:
        """The share of what was asked about that was written again, weighed by length."""
        return sum(size * share for size, share in self._shares) / max(1, sum(size for size, _ in self._shares))

    @property
    def read(self) -> float:
        """The share of pieces of which enough was written again."""
        return sum(share >= _LEAST_PRESERVED for _, share in self._shares) / max(1, len(self._shares))

    def find(self, parts: Sequence[Part]) -> list[list[Finding]]:
        """See ``ports.TextLayer``."""
        pieces = [
            (number, start, piece)
            for number, part in enumerate(parts)
            for start, piece, _ in chunks(part.text, (), self._signs)
        ]
        found: list[list[Finding]] = [[] for _ in parts]
        ordered = sorted(pieces, key=lambda one: len(one[2]))
        for at in range(0, len(ordered), self._together):
            some = ordered[at : at + self._together]
            for (number, start, piece), answer in zip(
                some, self._answers([piece for _, _, piece in some]), strict=True
            ):
                found[number] += self._findings(parts[number], start, piece, answer)
        return found

    def _findings(self, part: Part, start: int, piece: str, answer: Aligned) -> list[Finding]:
        self._shares.append((len(piece), answer.preserved))
        if answer.preserved < _LEAST_PRESERVED:
            whole = Span(start, start + len(piece))
            return [Finding(part.locator, whole, Category.UNKNOWN, _SCORE, _DETECTOR, subject=part.subject)]
        return [
            Finding(
                part.locator, Span(start + first, start + last), Category(name), _SCORE, _DETECTOR, subject=part.subject
            )
            for first, last, name in answer.marks
        ]

    def _answers(self, texts: Sequence[str]) -> list[Aligned]:
        asked = self._tokenizer([prompt(text) for text in texts], return_tensors="pt", padding=True)
        most = 16 + 2 * max(len(self._tokenizer(text)["input_ids"]) for text in texts)
        with torch.no_grad():
            written = self._model.generate(
                input_ids=asked["input_ids"],
                attention_mask=asked["attention_mask"],
                max_new_tokens=most,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
                eos_token_id=self._tokenizer.eos_token_id,
                prefix_allowed_tokens_fn=self._following(texts, asked["input_ids"].shape[1]),
            )
        answers = self._tokenizer.batch_decode(written[:, asked["input_ids"].shape[1] :], skip_special_tokens=True)
        return [aligned(text, answer) for text, answer in zip(texts, answers, strict=True)]

    def _following(self, texts: Sequence[str], asked: int) -> Callable[[int, torch.Tensor], list[int]] | None:
        """What may come next in each of ``texts``, whose prompts have ``asked`` tokens; None: whatever the model likes."""
        if self._copying is None:
            return None
        copies = [self._copying.of(text) for text in texts]

        def following(number: int, ids: torch.Tensor) -> list[int]:
            if len(ids) > asked:
                copies[number].write(int(ids[-1]))
            return copies[number].following()

        return following


def _copying(tokenizer: Theirs) -> Copying:
    special = set(tokenizer.all_special_ids)
    vocabulary = tokenizer.get_vocab().items()
    return Copying(
        {number: bytes_of(token) for token, number in vocabulary if number not in special}, tokenizer.eos_token_id
    )
