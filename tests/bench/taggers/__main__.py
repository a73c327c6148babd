"""What the taggers cost and find, with the rules as a deployment has them, beside Presidio (spaCy small) on the same documents.

    python -m tests.bench.taggers [--standard FOLDER] [--fast FOLDER] [--corpus FOLDER_OF_SHARED_DATA] [--documents 0]

Prints a table with the ratios first, then all figures in one line; exits 1 where they fall short. Let nothing else run.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from deidstream.adapters.taggers import open_tagger
from deidstream.cli.evaluate import baselines
from deidstream.cli.evaluate.compared import Compared, compared
from deidstream.cli.evaluate.corpora import opened
from deidstream.cli.evaluate.detectors import MERGED, Layers
from deidstream.core.errors import Misconfigured
from deidstream.detection.text.rules import Rules
from deidstream.evaluation.result import pooled

from tests.bench.figure import Figure, summary, table
from tests.bench.taggers.start import started

_SHARED = Path(__file__).parents[4] / "shared" / "data"
_RELEASED = Path(__file__).parents[3] / "models" / "phi-tagger"
_CORPORA = ("en_asq_phi", "en_visit_notes")
"""English, with gold spans and without: Presidio reads what spaCy has a small model for."""
_PRESIDIO = "presidio-sm"
_FASTER = {"standard": 1.0, "fast": 3.0}
"""Characters a second, as a multiple of Presidio's."""
_COLD_SECONDS, _MEGABYTES = 3.0, 600.0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.taggers", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path(os.environ.get("CORPUS") or _SHARED))
    parser.add_argument("--documents", type=int, default=0, help="at most so many of each corpus; 0: all")
    for tier in _FASTER:
        parser.add_argument(f"--{tier}", type=Path, default=_RELEASED / tier)
    given = parser.parse_args()
    tiers = {tier: getattr(given, tier) for tier in _FASTER}
    there, _ = baselines.installed([_PRESIDIO])
    if not there:
        raise Misconfigured("presidio-missing", "bench-text", "make bench-text installs it")
    figures = [figure for tier, folder in tiers.items() for figure in _start(tier, folder)]
    named = [str(given.corpus / "text" / name) for name in _CORPORA]
    figures += list(_against(tiers, _measured(tiers, named, there, given.documents)))
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


def _start(tier: str, folder: Path) -> Iterator[Figure]:
    """Of a process of its own, from its first line to its first finding, and at its greatest."""
    seconds, megabytes = started(folder)
    yield Figure(f"{tier}_cold_start", seconds, "s", "under", _COLD_SECONDS)
    yield Figure(f"{tier}_memory", megabytes, "MB", "under", _MEGABYTES, "peak, with the rules")


def _measured(
    tiers: dict[str, Path], named: Sequence[str], there: Sequence[baselines.Baseline], documents: int
) -> list[Compared]:
    """Of all detectors on those corpora that Presidio reads."""
    (first, standard), (second, fast) = ((tier, open_tagger(folder, threads=2)) for tier, folder in tiers.items())
    layers = Layers({"rules": Rules(), first: standard}, others={second: fast})
    corpora = [opened(one, documents) for one in named]
    read = [corpus for corpus in corpora if all(one.reads(corpus.documents) for one in there)]
    for corpus in read:
        print(f"corpus: {corpus.name}, {len(corpus.documents)} documents", flush=True)
    return [one for corpus in read for one in compared(corpus, layers, there, ())]


def _against(tiers: dict[str, Path], found: Sequence[Compared]) -> Iterator[Figure]:
    names = dict(zip(tiers, (MERGED, f"{MERGED}-{list(tiers)[1]}"), strict=True))
    speed = {one: _speed(found, one) for one in (*names.values(), _PRESIDIO)}
    right = {one: _figures(found, one) for one in (*names.values(), _PRESIDIO)}
    yield Figure("presidio_speed", speed[_PRESIDIO], "characters/s")
    for tier, name in names.items():
        yield Figure(f"{tier}_speed_of_presidio", speed[name] / speed[_PRESIDIO], "x", "at least", _FASTER[tier])
        for figure in ("covered", "char_precision"):
            theirs = right[_PRESIDIO][figure]
            yield Figure(f"{tier}_{figure}", right[name][figure], "share", "at least", theirs, "Presidio's")


def _speed(found: Sequence[Compared], detector: str) -> float:
    """Characters a second on the clock, over all corpora."""
    mine = [one for one in found if one.detector == detector]
    return sum(one.result.counts.characters for one in mine) / sum(one.took.wall for one in mine)


def _figures(found: Sequence[Compared], detector: str) -> dict[str, float]:
    """Of the corpora that have gold spans."""
    return pooled(one.result for one in found if one.detector == detector and one.result.counts.gold).figures()


if __name__ == "__main__":
    sys.exit(main())
