"""``deidstream clean``: files and folders in, de-identified files out. What evaluation relies on."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deidstream import __version__
from deidstream.adapters import policy_files
from deidstream.adapters.taggers import folder_of
from deidstream.cli.clean.engine import Engine, Options, Share, put
from deidstream.cli.clean.inputs import Input, inputs
from deidstream.cli.clean.preview import PREVIEW, page
from deidstream.cli.clean.report import Tally
from deidstream.detection.text.tagger.description import described

__all__ = ["clean"]

NOT_ALL_RELEASED = 3
_CHUNK = 25
_TOGETHER = 32 << 20
"""Bytes of files that are in memory together."""


def clean(
    sources: Annotated[list[Path], typer.Argument(metavar="SRC...", help="Files and folders (read recursively).")],
    out: Annotated[Path, typer.Option(help="Folder for the results, under the same relative paths.")],
    policy: Annotated[str, typer.Option(help="A shipped policy by name, or a YAML file.")] = "research-dates-shifted",
    findings: Annotated[Path | None, typer.Option(help="Write one JSON object a finding; never any text.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write counts, timings, versions, policy hash as JSON.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Keep keys and identities here; without it they are thrown away.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the texts (BCP 47), where they do not say.")] = "",
    tagger: Annotated[
        str, typer.Option(help="The neural layer: standard, fast, a tagger's folder, or none.")
    ] = "standard",
    preview: Annotated[
        bool, typer.Option(help="Show pictures before and after, with reasons, in DIR/.preview.html: IDENTIFIED DATA.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that clean at a time.")] = 1,
) -> None:
    """De-identify files and folders of any supported format.

    First learns the identities in all inputs, then cleans; what cannot be released goes to DIR/.quarantine with its reason.

    \b
    Exit code 0: all released. 3: some were not. 2: wrong usage or configuration.

    \b
    Examples:
      deidstream clean notes/ --out cleaned/
      deidstream clean feed.hl7 bundle.json --out cleaned/ \\
        --policy hipaa-safe-harbor --state keys/
      deidstream clean archive/ --out cleaned/ --jobs 4 \\
        --findings findings.jsonl --report report.json
    """
    began = time.perf_counter()
    items = inputs(sources, out)
    chosen, neural = policy_files.load(policy), _Neural.of(tagger)
    with _state(state) as folder:
        named = str(Path(policy).resolve()) if Path(policy).is_file() else policy
        options = Options(
            out,
            folder,
            named,
            lang,
            neural.folder,
            max(1, (os.cpu_count() or 1) // jobs),
            preview,
            findings is not None,
        )
        total, lines, seconds = _all(items, options, jobs)
    if findings is not None:
        put(findings, "".join(f"{line}\n" for line in lines).encode())
    seconds["total"] = time.perf_counter() - began
    if report is not None:
        summary = {"policy": chosen.name, "policy_hash": chosen.hash, "version": __version__, "jobs": jobs}
        summary["tagger"] = neural.named
        put(report, json.dumps(summary | _rounded(seconds) | total.as_json(), indent=2).encode())
    _say(total, seconds["total"])
    if not total.complete:
        raise typer.Exit(NOT_ALL_RELEASED)


class _Neural(NamedTuple):
    """The folder of a tagger, or ``none``; its name and version."""

    folder: str
    named: str

    @classmethod
    def of(cls, option: str) -> _Neural:
        if option == "none":
            return cls("none", "none")
        folder = folder_of(option).resolve()
        found = described(folder)
        return cls(str(folder), f"{found.name}/{found.version}")


@contextmanager
def _state(state: Path | None) -> Iterator[Path]:
    if state is not None:
        yield state
        return
    folder = Path(tempfile.mkdtemp(prefix="deidstream-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _all(items: Sequence[Input], options: Options, jobs: int) -> tuple[Tally, list[str], dict[str, float]]:
    total, lines, seconds, shown = Tally(), list[str](), dict[str, float](), list[str]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        began = time.perf_counter()
        engine = Engine(options)
        for item in progress.track(items, description="learning identities"):
            engine.learn((item,))
        engine.settle()
        seconds["learning"] = time.perf_counter() - began
        began = time.perf_counter()
        cleaning = progress.add_task("cleaning", total=len(items))
        for share in _shares(items, engine, options, jobs):
            total.add(share.tally)
            lines += share.findings
            shown += share.shown
            progress.advance(cleaning, sum(share.tally.files.values()))
        seconds["cleaning"] = time.perf_counter() - began
    if options.preview:
        put(options.out / PREVIEW, page(shown))
        (options.out / PREVIEW).chmod(0o600)
        console.print(f"{PREVIEW} beside the results shows patients: it is not de-identified", style="bold red")
    return total, lines, seconds


def _shares(items: Sequence[Input], engine: Engine, options: Options, jobs: int) -> Iterator[Share]:
    """The shares in the order of ``items``, whatever the number of processes."""
    chunks = list(_chunks(items))
    if jobs == 1 or len(chunks) < 2:
        yield from map(engine.clean, chunks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(chunks)), context, _start, (options,)) as pool:
        yield from pool.map(_work, chunks)


def _chunks(items: Sequence[Input]) -> Iterator[list[Input]]:
    """So many at a time as one engine takes together: a large one alone."""
    chunk: list[Input] = []
    taken = 0
    for item in items:
        size = item.path.stat().st_size if item.path.exists() else 0
        if chunk and (len(chunk) == _CHUNK or taken + size > _TOGETHER):
            yield chunk
            chunk, taken = [], 0
        chunk.append(item)
        taken += size
    if chunk:
        yield chunk


@dataclass(slots=True)
class _Worker:
    """The engine of one worker process."""

    engine: Engine | None = None


_worker = _Worker()


def _start(options: Options) -> None:
    _worker.engine = Engine(options)


def _work(chunk: Sequence[Input]) -> Share:
    if _worker.engine is None:
        raise AssertionError("the worker was not started")
    return _worker.engine.clean(chunk)


def _rounded(seconds: dict[str, float]) -> dict[str, Any]:  # Any: JSON
    return {"seconds": {name: round(value, 3) for name, value in seconds.items()}}


def _say(total: Tally, seconds: float) -> None:
    console = Console(stderr=True)
    files = sum(total.files.values())
    console.print(f"{total.files['released']} of {files} files released in {seconds:.1f} s")
    for reason, count in total.reasons.most_common():
        console.print(f"  quarantined {count}: {reason}")
