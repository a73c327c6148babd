"""``deidstream evaluate``: what text detection finds, misses and spoils on corpora with gold spans."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deidstream.adapters.taggers import folder_of
from deidstream.cli.evaluate import baselines
from deidstream.cli.evaluate.compared import Compared, compared
from deidstream.cli.evaluate.corpora import opened
from deidstream.cli.evaluate.detectors import MERGED, Layers
from deidstream.cli.evaluate.page import write
from deidstream.cli.evaluate.report import Run, line
from deidstream.cli.evaluate.thresholds import parse, short
from deidstream.core.errors import Misconfigured
from deidstream.detection.text.rules import Rules

__all__ = ["evaluate"]


def evaluate(
    corpora: Annotated[list[str], typer.Argument(metavar="[SCHEME=]PATH[@IDS]...", help="Corpora with gold spans.")],
    only: Annotated[list[str] | None, typer.Option(help="A layer or baseline by name; again for another.")] = None,
    tagger: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER|TIER", help="A released tagger, as one more layer; again for another."),
    ] = None,
    documents: Annotated[int, typer.Option(min=0, help="At most so many of each corpus, spread evenly; 0: all.")] = 0,
    least: Annotated[list[str] | None, typer.Option(metavar="FIGURE=VALUE", help="Must reach; repeatable.")] = None,
    most: Annotated[list[str] | None, typer.Option(metavar="FIGURE=VALUE", help="Must not exceed.")] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE", help="Every figure and count, as JSON.")] = None,
    browser: Annotated[Path | None, typer.Option(metavar="FILE", help="Error browser, as HTML; holds texts.")] = None,
    frontier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Speed, recall and size as a drawing (SVG).")
    ] = None,
    resamples: Annotated[int, typer.Option(min=0, help="Of the bootstrap by document; 0: no intervals.")] = 1000,
) -> None:
    """Measure text detection: what it finds, what it misses, what it spoils.

    Corpora are brat standoff, JSON lines with spans, i2b2 2014 XML, tagged
    queries and CSV notes. A scheme says what a corpus' labels mean: a YAML
    file or one of es_meddocan, fr_edspseudo, en_asq_phi, en_visit_notes,
    multi_edge_cases, i2b2_2014, written_notes (models/training), deidstream
    (JSON lines with our categories). It need not be named where the path holds
    its name. @IDS: a file with the ids of those documents that count, one a
    line.

    Detectors are our layers (rules, the tagger of --tagger, identity where
    the corpus gives the subject), what the resolver makes of them (merged),
    and of others those that are installed:

    \b
      presidio-sm, presidio-lg   pip install presidio-analyzer, and spaCy models
                                 (en_core_web_sm, es_core_news_lg ...)
      philter-lite               pip install philter-lite, and NLTK's
                                 averaged_perceptron_tagger_eng
      deduce                     pip install deduce

    Figures are shares. --least and --most say [CORPUS.][DETECTOR.]FIGURE=VALUE;
    without a detector: merged. The file of --browser holds the texts: it is
    written for its owner alone (mode 0600).

    \b
    Exit code 0: done. 1: a figure falls short. 2: a corpus cannot be read.

    \b
    Examples:
      deidstream evaluate data/es_meddocan/dev --report report.json
      deidstream evaluate es_meddocan=notes/ --only rules --browser errors.html
      deidstream evaluate deidstream=ours.jsonl --least covered=0.95 \\
        --most clinical=0.003
    """
    taggers = [folder_of(one) for one in tagger or ()]
    layers, wanted = _layers(taggers), tuple(only or ())
    if unknown := set(wanted) - {*layers.names, *baselines.NAMES}:
        names = ", ".join((*layers.names, *baselines.NAMES))
        raise Misconfigured("no-such-detector", f"--only ({len(unknown)})", f"there are {names}")
    thresholds = [parse("--least", one, True) for one in least or ()]
    thresholds += [parse("--most", one, False) for one in most or ()]
    read = [opened(named, documents) for named in corpora]
    if len({corpus.name for corpus in read}) < len(read):
        raise Misconfigured("same-corpus-twice", "evaluate", "name the folder above, or write a scheme for one of them")
    there, missing = baselines.installed([name for name in baselines.NAMES if not wanted or name in wanted])
    found: list[Compared] = [one for corpus in read for one in compared(corpus, layers, there, wanted)]
    run = Run(read, found, missing, resamples, wanted)
    _show(run)
    if report is not None:
        run.write(report)
    if frontier is not None:
        frontier.write_text(run.frontier(_sizes(taggers)), encoding="utf-8")
    if browser is not None:
        write(browser, read, found)
        Console(stderr=True).print(
            f"{browser} holds the texts of the corpora, readable by you alone", highlight=False, soft_wrap=True
        )
    missed = short(thresholds, run.figures())
    typer.echo(line(run.figures(), missed))
    if missed:
        raise typer.Exit(1)


def _names(taggers: Sequence[Path]) -> list[str]:
    return [folder.resolve().name for folder in taggers] if len(taggers) > 1 else ["tagger"][: len(taggers)]


def _sizes(taggers: Sequence[Path]) -> dict[str, float]:
    """MB of each tagger's files, and of the first for what is merged with it."""
    sizes = {
        name: sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        for name, folder in zip(_names(taggers), taggers, strict=True)
    }
    return sizes | ({MERGED: next(iter(sizes.values()))} if sizes else {})


def _layers(taggers: Sequence[Path]) -> Layers:
    """One tagger is called ``tagger``, several by their folders; the first is in what is ``merged``."""
    if not taggers:
        return Layers()
    from deidstream.adapters.taggers import open_tagger  # only who has a model loads what runs it

    names = _names(taggers)
    if len(set(names)) < len(names):
        raise Misconfigured("same-name-twice", "--tagger", "their folders must have different names")
    opened_ = [open_tagger(folder, threads=os.cpu_count() or 1) for folder in taggers]
    first, *others = zip(names, opened_, strict=True)
    return Layers({"rules": Rules(), first[0]: first[1]}, others=dict(others))


def _show(run: Run) -> None:
    console = Console()
    for corpus in run.corpora:
        console.print(f"{corpus.name}: {len(corpus.documents)} of {corpus.read} documents", highlight=False)
        console.print(run.overview(corpus.name))
    detectors = [one.detector for one in run.compared]
    console.print(run.breakdown(MERGED if MERGED in detectors else next(iter(detectors), MERGED)))
    for one in run.left_out():
        console.print(one, highlight=False)
