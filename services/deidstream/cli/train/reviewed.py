"""Documents that people have looked at, in three parts: to learn from, to calibrate with, and to be judged by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from deidstream.cli.evaluate.corpora import opened
from deidstream.core.document import Part
from deidstream.core.errors import Misconfigured
from deidstream.core.finding import Finding
from deidstream.core.merge import merge
from deidstream.evaluation.annotated import Annotated, Gold
from deidstream.ports import TextLayer

__all__ = ["LEAST_SPANS", "Reviewed", "completed", "divided"]

LEAST_SPANS = 50
"""What a model is judged by has so many identifiers at least: a share of fewer says nothing."""
_HELD_OUT, _CALIBRATE = 3, 2
"""Of ten documents, where none are held out by name."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Each document is in one of them, the same each time."""

    learn: tuple[Annotated, ...] = field(repr=False)
    calibrate: tuple[Annotated, ...] = field(repr=False)
    held_out: tuple[Annotated, ...] = field(repr=False)

    @property
    def texts(self) -> frozenset[str]:
        """Of all of them. Where they stand among a site's notes, they are not learned from as such."""
        return frozenset(one.text for one in (*self.learn, *self.calibrate, *self.held_out))


def divided(reviewed: Sequence[str], held_out: Sequence[str]) -> Reviewed:
    """Corpora as ``deidstream evaluate`` names them. Without ``held_out``, three in ten of the ``reviewed`` are.

    Raises Misconfigured where the documents that are held out say too little, and as ``opened`` does.
    """
    documents, apart = _read(reviewed), _read(held_out)
    texts = {one.text for one in apart}
    parts: tuple[list[Annotated], list[Annotated], list[Annotated]] = ([], [], apart)
    for one in documents:
        drawn = _drawn(one)
        if one.text in texts:  # whatever it is called
            continue
        if not held_out and drawn < _HELD_OUT:
            apart.append(one)
        else:
            parts[_HELD_OUT <= drawn < _HELD_OUT + _CALIBRATE].append(one)
    spans = sum(len(one.gold) for one in apart)
    if spans < LEAST_SPANS:
        hint = f"{spans} identifiers in documents that are held out, {LEAST_SPANS} are needed: review more, or name --held-out"
        raise Misconfigured("too-few-held-out", "--reviewed", hint)
    return Reviewed(*map(tuple, parts))


def completed(documents: Sequence[Annotated], layers: Sequence[TextLayer]) -> list[Annotated]:
    """With what ``layers`` find of the categories that a corpus leaves unmarked: that nobody marked them says nothing."""
    parts = [Part(str(number), one.text, ()) for number, one in enumerate(documents)]
    found = zip(documents, *(layer.find(parts) for layer in layers), strict=True)
    return [_completed(document, [one for of_layer in findings for one in of_layer]) for document, *findings in found]


def _read(named: Iterable[str]) -> list[Annotated]:
    return [document for one in named for document in opened(one, 0).documents]


def _drawn(document: Annotated) -> int:
    """0 to 9, by the text: the same document under another name stays where it was."""
    return hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).digest()[0] * 10 // 256


def _completed(document: Annotated, findings: Iterable[Finding]) -> Annotated:
    more = [
        Gold(one.span, (one.category,), str(one.category))
        for one in merge(findings)
        if one.span is not None
        and one.category in document.unmarked
        and not any(one.span.overlaps(gold.span) for gold in document.gold)
    ]
    return replace(document, gold=(*document.gold, *more))
