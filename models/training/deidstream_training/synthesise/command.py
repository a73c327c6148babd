"""The steps ``synthesise`` and ``inject``: files of documents, for training or for the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from httpx import HTTPError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deidstream_training.synthesise.division import Split
from deidstream_training.synthesise.document import Document
from deidstream_training.synthesise.endpoint import Asked
from deidstream_training.synthesise.generate import KINDS, LANGUAGES, Plan
from deidstream_training.synthesise.inject import Injection
from deidstream_training.synthesise.inject import notes as find_notes
from deidstream_training.synthesise.writing import Figures, write

__all__ = ["inject", "synthesise"]


def synthesise(
    out: Annotated[Path, typer.Option(help="File of JSON lines; one that broke off is continued.")],
    documents: Annotated[int, typer.Option(min=1, help="How many documents.")],
    seed: Annotated[int, typer.Option(help="The same seed and arguments give the same file.")] = 0,
    languages: Annotated[str, typer.Option(help="Codes with commas between.")] = ",".join(LANGUAGES),
    kinds: Annotated[str, typer.Option(help="Kinds of documents with commas between.")] = ",".join(KINDS),
    split: Annotated[Split, typer.Option(help="Which part: the two share no value and no sentence.")] = Split.TRAIN,
    endpoint: Annotated[
        str, typer.Option(help="Asks the language model of this OpenAI-compatible endpoint (http://.../v1).")
    ] = "",
    model: Annotated[str, typer.Option(help="The endpoint's model.")] = "",
) -> None:
    """Writes synthetic clinical documents whose identifying spans are known."""
    some = chosen(languages, LANGUAGES), chosen(kinds, KINDS)
    if not endpoint:
        report(out, Plan(seed, split, documents, *some).after, documents)
    elif out.exists():
        raise typer.BadParameter("what a model answers is not written on from a file that is there; name another")
    else:
        report(out, Asked(endpoint, model, seed, split, documents, *some).after, documents)


def inject(
    notes: Annotated[
        Path, typer.Option(exists=True, help="Notes in which nobody is named: a file or folder (txt, csv, jsonl).")
    ],
    out: Annotated[Path, typer.Option(help="File of JSON lines; one that broke off is continued.")],
    documents: Annotated[int, typer.Option(min=1, help="How many documents.")],
    seed: Annotated[int, typer.Option(help="The same seed and arguments give the same file.")] = 0,
    language: Annotated[str, typer.Option(help="The language of the notes.")] = "en",
    split: Annotated[Split, typer.Option(help="Which part; a note belongs to one.")] = Split.TRAIN,
) -> None:
    """Puts invented identities into real notes that hold none."""
    try:
        texts = find_notes(notes, split)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    plan = Injection(seed, split, documents, chosen(language, LANGUAGES)[0], texts)
    report(out, plan.after, documents)


def chosen(listed: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a list with commas; a name that is not known ends the command."""
    names = tuple(name.strip() for name in listed.split(",") if name.strip())
    if not names or (unknown := [name for name in names if name not in known]):
        raise typer.BadParameter(f"{', '.join(unknown) if names else 'nothing'}: there is {', '.join(known)}")
    return names


def report(out: Path, documents: Callable[[int], Iterator[Document]], total: int) -> None:
    """Writes the file with a progress bar on standard error, and prints the figures last, in one line."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(out.name, total=total)
            figures: Figures = write(out, documents, lambda count: progress.advance(task, count))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except HTTPError as error:
        raise typer.BadParameter(f"the endpoint failed: {type(error).__name__}") from error
    print(figures.line())
