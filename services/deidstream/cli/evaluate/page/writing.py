"""From what was compared to one file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from deidstream.cli.evaluate.compared import Compared
from deidstream.cli.evaluate.corpora import Corpus
from deidstream.core.errors import Misconfigured
from deidstream.evaluation.annotated import Annotated, Predicted
from deidstream.evaluation.mistakes import mistakes

__all__ = ["page", "write"]

_OWNER_ONLY = 0o600
_Json = Any  # what JSON holds


def write(path: Path, corpora: Sequence[Corpus], compared: Sequence[Compared]) -> None:
    """Writes the page of ``corpora`` and of what each detector said about them, readable by its owner alone.

    Raises Misconfigured ``cannot-write``.
    """
    content = page(corpora, compared).encode("utf-8")
    try:
        # A file that is there keeps its mode when it is opened, and must not hold content for a moment under a wider one.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _OWNER_ONLY)
            file.truncate()
            file.write(content)
    except OSError as error:
        raise Misconfigured("cannot-write", str(path), f"errno {error.errno}") from None


def page(corpora: Sequence[Corpus], compared: Sequence[Compared]) -> str:
    """The whole file. Texts are data in it, never markup."""
    data = json.dumps(_data(corpora, compared), ensure_ascii=False, separators=(",", ":"))
    # Inside a script element only "<" could end the data.
    pieces = {"style": _file("page.css"), "script": _file("page.js"), "data": data.replace("<", "\\u003c")}
    return "".join(pieces.get(piece, piece) for piece in _file("page.html").split("@"))


def _data(corpora: Sequence[Corpus], compared: Sequence[Compared]) -> dict[str, _Json]:
    documents = [
        _document(document, {one.detector: one.predicted[number] for one in compared if one.corpus == corpus.name})
        for corpus in corpora
        for number, document in enumerate(corpus.documents)
    ]
    return {
        "corpora": [corpus.name for corpus in corpora],
        "detectors": list(dict.fromkeys(one.detector for one in compared)),
        "categories": sorted(_categories(corpora, compared)),
        "documents": documents,
    }


def _categories(corpora: Iterable[Corpus], compared: Iterable[Compared]) -> set[str]:
    gold = {str(gold.category) for corpus in corpora for document in corpus.documents for gold in document.gold}
    return gold | {str(span.category) for one in compared for spans in one.predicted for span in spans}


def _document(document: Annotated, by: Mapping[str, Sequence[Predicted]]) -> dict[str, _Json]:
    return {
        "id": document.id,
        "corpus": document.corpus,
        "language": document.language,
        "text": document.text,
        "gold": [[*gold.span, str(gold.category), gold.label] for gold in document.gold],
        "by": {
            detector: {
                "predicted": [[*one.span, str(one.category)] for one in predicted],
                "errors": [[str(one.kind), *one.span, str(one.category)] for one in mistakes(document, predicted)],
            }
            for detector, predicted in by.items()
        },
    }


def _file(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8").rstrip("\n")
