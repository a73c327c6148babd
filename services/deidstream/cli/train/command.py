"""``deidstream train``: the next version of a tagger, which has learned how a site writes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deidstream.adapters.taggers import folder_of, open_tagger
from deidstream.cli.clean.inputs import Input, inputs
from deidstream.cli.train import files
from deidstream.cli.train.judged import Verdict, judged
from deidstream.cli.train.notes import noted
from deidstream.cli.train.reviewed import Reviewed, completed, divided
from deidstream.core.errors import Misconfigured
from deidstream.detection.text.rules import Rules
from deidstream.detection.text.tagger.description import described
from deidstream.evaluation.annotated import Annotated as Document
from deidstream.ports import TextLayer

__all__ = ["train"]

_REVIEWED_TIMES = 4
"""How often a reviewed document counts, against one that nobody has looked at."""
_SYNTHETIC_HELD_OUT = 300


def train(
    from_: Annotated[list[Path], typer.Option("--from", help="The site's own notes: files and folders of any format.")],
    tagger: Annotated[Path, typer.Option(metavar="FOLDER|TIER", help="The released tagger that goes on learning.")],
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where the next version goes.")] = None,
    reviewed: Annotated[
        list[str] | None, typer.Option(metavar="[SCHEME=]PATH", help="Corrected documents; again for more.")
    ] = None,
    held_out: Annotated[
        list[str] | None, typer.Option(metavar="[SCHEME=]PATH", help="What it is judged by; default: some reviewed.")
    ] = None,
    propose: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Train nothing: write notes with what is found, to correct.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many notes --propose writes, spread evenly.")] = 100,
    lang: Annotated[str, typer.Option(help="Language of the texts (BCP 47), where they do not say.")] = "",
    steps: Annotated[int, typer.Option(min=1, help="Batches to learn from.")] = 400,
    rate: Annotated[float, typer.Option(min=0, help="The greatest learning rate.")] = 3e-5,
    synthetic: Annotated[int, typer.Option(min=100, help="Synthetic documents mixed in, against forgetting.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Of synthetic documents and of training.")] = 1,
) -> None:
    """Go on training a tagger with a site's own notes. Nobody needs to have annotated them.

    Its labels are what rules, identity and the tagger find today, and what
    reviewed documents say. The next version is written only if it misses no
    more than the old one on reviewed documents that training has not seen.
    Give the old one's folder as --out to put it in its place.

    \b
    Notes lie in OUT.work while it runs, readable by you alone, and are deleted
    however it ends (but by kill -9). The same command goes on with what broke off. A model that has
    read patients' notes is the site's: do not give it away.

    \b
    Exit code 0: written. 1: the new one is worse, the old one stays.
    2: wrong usage.

    \b
    Examples:
      deidstream train --from notes/ --tagger standard --propose some.jsonl
      deidstream train --from notes/ --tagger standard --out models/site \\
        --reviewed deidstream=some.jsonl
    """
    tagger = folder_of(tagger)
    found = described(tagger)
    items = inputs(from_)
    if propose is not None:
        _propose(propose, items, tagger, lang, count)
        return
    target = _target(out, tagger)
    if not reviewed:
        raise Misconfigured(
            "nothing-reviewed", "--reviewed", "whether it is worse nobody could say: begin with --propose"
        )
    parts = divided(reviewed, held_out or ())
    if find_spec("torch") is None:
        raise Misconfigured("training-missing", "train", "pip install 'deidstream[training]', or: make training")
    work = _Work(target.with_name(f"{target.name}.work"))
    with work.texts():
        with _progress(items, "reading notes") as tell:
            others = (one for one in noted(items, tagger, lang, tell) if one.text not in parts.texts)
            notes = files.written(work.notes, others, found.categories)
        elsewhere = _written(work, parts, tagger, synthetic, seed)
        candidate = _adapted(tagger, work, notes, (steps, rate, seed))
    verdict = judged(tagger, candidate, parts.held_out, elsewhere)
    _show(verdict, len(parts.held_out))
    if not verdict.worse:
        _put(candidate, target, tagger)
    work.end(keep_candidate=bool(verdict.worse))
    _say(verdict, target, found.version, work)


class _Work:
    """The folder of what is needed while it runs, and the files of documents in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = ("notes", "reviewed", "calibrate", "synthetic", "synthetic-held-out")
        self.notes, self.learn, self.calibrate, self.synthetic, self.synthetic_held_out = (
            folder / f"{name}.jsonl" for name in names
        )

    @contextmanager
    def texts(self) -> Iterator[None]:
        """Makes the folder; whatever happens, deletes the documents. They are the same when they are written again."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        try:
            yield
        finally:
            for path in self.folder.glob("*.jsonl"):
                path.unlink()

    def end(self, keep_candidate: bool) -> None:
        """Deletes weights, but for a candidate that somebody may want to look at."""
        for path in self.folder.iterdir():
            if path.is_dir() and not (keep_candidate and path.name == "candidate"):
                shutil.rmtree(path)
        if not keep_candidate:
            self.folder.rmdir()


def _propose(path: Path, items: Sequence[Input], tagger: Path, lang: str, count: int) -> None:
    with _progress(items, "reading notes") as tell:
        documents = list(noted(items, tagger, lang, tell))
    step = max(1.0, len(documents) / count)
    chosen = [documents[int(step * number)] for number in range(min(count, len(documents)))]
    written = files.proposal(path, chosen)
    Console(stderr=True).print(
        f"{path} holds texts of the notes, readable by you alone", highlight=False, soft_wrap=True
    )
    typer.echo(f"proposed: {written} of {len(documents)} texts; correct the spans, then --reviewed deidstream={path}")


def _target(out: Path | None, tagger: Path) -> Path:
    if out is None:
        raise Misconfigured("no-output", "--out", "say where the next version goes, or --propose FILE")
    if out.exists() and out.resolve() != tagger.resolve():
        raise Misconfigured(
            "output-exists", "--out", "name a folder that is not there, or that of --tagger to replace it"
        )
    aside = _aside(tagger)
    if out.exists() and aside.exists():
        raise Misconfigured(
            "output-exists", "--out", f"{aside.name}, where the old one would go, is there already: move it"
        )
    return out.resolve()


def _written(work: _Work, parts: Reviewed, tagger: Path, synthetic: int, seed: int) -> list[Document]:
    """Writes what is learned from, beside the notes; the synthetic documents that are held out."""
    from deidstream_training.synthesise.command import synthesise
    from deidstream_training.synthesise.division import Split

    categories = described(tagger).categories
    layers: list[TextLayer] = [Rules(), open_tagger(tagger, threads=2)]
    files.written(work.learn, completed(parts.learn, layers), categories)
    synthesise(work.synthetic, synthetic, seed)
    synthesise(work.synthetic_held_out, _SYNTHETIC_HELD_OUT, seed, split=Split.TEST)
    elsewhere = list(files.read(work.synthetic_held_out, "synthetic"))
    files.written(work.calibrate, [*completed(parts.calibrate, layers), *elsewhere[::2]], categories)
    return elsewhere[1::2]  # what it is calibrated with does not judge it


def _adapted(tagger: Path, work: _Work, notes: int, course: tuple[int, float, int]) -> Path:
    from deidstream_training.adapt.adapting import Course, adapt

    steps, rate, seed = course
    documents = [work.synthetic, *([work.notes] if notes else []), *[work.learn] * _REVIEWED_TIMES]
    try:
        return adapt(tagger, documents, work.calibrate, Course(steps, rate, seed=seed), work.folder)
    except ValueError as error:
        raise Misconfigured("cannot-train", "--tagger", str(error)) from None


def _put(candidate: Path, target: Path, tagger: Path) -> None:
    """Moves the folder to where it belongs. The old one stays beside it, under its version."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        os.replace(target, _aside(tagger))
    os.replace(candidate, target)


def _aside(tagger: Path) -> Path:
    folder = tagger.resolve()
    return folder.with_name(f"{folder.name}.{described(tagger).version}")


@contextmanager
def _progress(items: Sequence[Input], what: str) -> Iterator[Callable[[int, int], None]]:
    """Says at the end how many of ``items`` could not be read."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=2 * len(items))
        unread = 0

        def tell(done: int, left_out: int) -> None:
            nonlocal unread
            unread += left_out
            progress.advance(task, done)

        yield tell
    if unread:
        console.print(f"{unread} of {len(items)} files could not be read and teach nothing", highlight=False)


def _show(verdict: Verdict, documents: int) -> None:
    table = Table("", "figure", "before", "after", title=f"{documents} reviewed documents that training has not seen")
    for where, figures in (("site", verdict.site), ("synthetic", verdict.elsewhere)):
        for name, (old, new) in figures.items():
            table.add_row(where, name, f"{old:.3f}", f"{new:.3f}")
    Console().print(table)


def _say(verdict: Verdict, target: Path, version: str, work: _Work) -> None:
    if verdict.worse:
        typer.echo(
            f"worse: {', '.join(verdict.worse)}; version {version} stays; the new one: {work.folder / 'candidate'}"
        )
        raise typer.Exit(1)
    new = described(target)
    typer.echo(f"trained: {target} {new.name} version={new.version}; sign it: deidstream models sign")
