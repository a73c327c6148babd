"""Documents as the files that training reads. They hold a site's texts: readable by their owner alone, deleted at the end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from deidstream.core.category import Category
from deidstream.core.span import Span
from deidstream.evaluation.annotated import Annotated, Gold

__all__ = ["proposal", "read", "written"]

_OWNER_ONLY = 0o600


def written(path: Path, documents: Iterable[Annotated], categories: Iterable[Category]) -> int:
    """As ``synthesise`` writes them; marks of other ``categories`` are left out. How many there were."""
    told = frozenset(categories)
    return _lines(path, (_plain(one, told) for one in documents))


def proposal(path: Path, documents: Iterable[Annotated]) -> int:
    """As ``deidstream evaluate deidstream=FILE`` and ``--reviewed deidstream=FILE`` read them, for people to correct."""
    return _lines(
        path,
        (
            {
                "id": one.id,
                "language": one.language,
                "text": one.text,
                "spans": [{"start": gold.span.start, "end": gold.span.end, "label": gold.label} for gold in one.gold],
            }
            for one in documents
        ),
    )


def read(path: Path, corpus: str) -> Iterator[Annotated]:
    """What ``synthesise`` wrote."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            one = json.loads(line)
            gold = tuple(Gold(Span(start, end), (Category(name),), name) for start, end, name in one["spans"])
            yield Annotated(one["id"], corpus, one["text"], gold, one["language"])


def _plain(document: Annotated, told: frozenset[Category]) -> dict[str, object]:
    spans = sorted((*one.span, str(one.category)) for one in document.gold if one.category in told)
    return {"text": document.text, "spans": spans}


def _lines(path: Path, records: Iterable[object]) -> int:
    count = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, _OWNER_ONLY)
        for one in records:
            file.write(json.dumps(one) + "\n")
            count += 1
    return count
