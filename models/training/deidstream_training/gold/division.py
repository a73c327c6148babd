"""Which documents are held out, and whether one that is learned from is written by the same template."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from deidstream.evaluation.annotated import Annotated

__all__ = ["divided", "held_out", "template"]

_HELD_OUT = Path(__file__).with_name("held_out")
_WORD = re.compile(r"\w+")


def held_out(corpus: str) -> frozenset[str]:
    """Ids of the corpus' documents that nothing learns from; none where nobody has divided it."""
    path = _HELD_OUT / f"{corpus}.txt"
    return frozenset(path.read_text(encoding="utf-8").split("\n")) - {""} if path.exists() else frozenset()


def divided(corpus: str, documents: Iterable[Annotated]) -> list[Annotated]:
    """Those to learn from. Raises ValueError where one has the template of a document that is held out."""
    ids = held_out(corpus)
    learn: list[Annotated] = []
    apart: set[str] = set()
    for one in documents:
        if one.id in ids:
            apart.add(template(one))
        else:
            learn.append(one)
    shared = sum(template(one) in apart for one in learn)
    if shared:
        raise ValueError(f"{corpus}: {shared} documents to learn from have a template of one that is held out")
    return learn


def template(document: Annotated) -> str:
    """The words of a document without what its gold spans hold, and without digits."""
    return " ".join(_WORD.findall(re.sub(r"\d", "", _without(document).casefold())))


def _without(document: Annotated) -> str:
    text, parts, at = document.text, [], 0
    for start, end in sorted(gold.span for gold in document.gold):
        parts.append(text[at:start] if start > at else "")
        at = max(at, end)
    return " ".join([*parts, text[at:]])
