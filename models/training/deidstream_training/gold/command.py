"""``python -m deidstream_training gold``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["gold"]

_CALIBRATE = 26
"""Of 256 documents so many are not learned from, but calibrated with."""


def gold(
    corpora: Annotated[
        list[str], typer.Argument(metavar="[SCHEME=]PATH...", help="As deidstream evaluate names them.")
    ],
    out: Annotated[Path, typer.Option(help="File of documents to learn from.")],
    calibrate: Annotated[Path, typer.Option(help="File of documents to calibrate with: one in ten.")],
    tagger: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A released tagger, for what a corpus leaves unmarked."),
    ] = None,
    renew: Annotated[int, typer.Option(min=0, help="So many more copies of each, with other values in them.")] = 0,
) -> None:
    """Write the documents of corpora with gold spans as synthesise writes its own. Those that models are judged by are left out.

    What a corpus leaves unmarked by its scheme (ages, say) is marked where rules and the tagger find it.
    """
    from deidstream.adapters.taggers import open_tagger
    from deidstream.cli.evaluate.corpora import opened
    from deidstream.cli.train.files import written
    from deidstream.cli.train.reviewed import completed
    from deidstream.detection.text.rules import Rules
    from deidstream.evaluation.annotated import Annotated as Document
    from deidstream.ports import TextLayer

    from deidstream_training.gold.division import divided
    from deidstream_training.gold.joined import joined
    from deidstream_training.gold.renewed import copies
    from deidstream_training.train.labels import CATEGORIES

    layers: list[TextLayer] = [Rules(), *([open_tagger(tagger, threads=2)] if tagger else [])]
    learn: list[Document] = []
    apart: list[Document] = []
    for corpus in (opened(named, 0) for named in corpora):
        try:
            documents = divided(corpus.name, corpus.documents)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        whole = [joined(one) for one in completed(documents, layers)]
        apart += (one for one in whole if _drawn(one.id) < _CALIBRATE)
        kept = [one for one in whole if _drawn(one.id) >= _CALIBRATE]
        learn += [*kept, *copies(kept, renew)]
    print(f"gold: learn={written(out, learn, CATEGORIES)} calibrate={written(calibrate, apart, CATEGORIES)}")


def _drawn(name: str) -> int:
    """0 to 255."""
    return hashlib.sha256(name.encode()).digest()[0]
