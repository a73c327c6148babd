"""What the pipeline costs and how fast it is, on a real deployment, beside what it must reach.

    python -m tests.bench [--only cost|throughput|latency|memory|text|start_up] [--corpus FOLDER_OF_SHARED_DATA]

Prints a table with the ratios first, then all figures in one line; exits 1 where they fall short. Measures CPU and wall time of
this machine: let nothing else run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from tests.bench import parts
from tests.bench.corpus import Corpus, load, spanish
from tests.bench.figure import Figure, summary, table
from tests.bench.machine import machine
from tests.bench.pipeline import Pipeline
from tests.harness.deployment import deployment

_PARTS = ("start_up", "cost", "latency", "throughput", "memory", "text")
_SHARED = Path(__file__).parents[3] / "shared" / "data"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--only", choices=_PARTS, action="append", help="a part alone; again for another")
    parser.add_argument("--corpus", type=Path, default=Path(os.environ.get("CORPUS", _SHARED)))
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the deployment is stopped
    wanted = given.only or _PARTS
    corpus = load(given.corpus)
    print(f"corpus: {corpus.name}, {len(corpus.hl7)} HL7 messages, {len(corpus.fhir)} FHIR resources", flush=True)
    figures = [machine()]
    if set(wanted) != {"text"}:
        figures += _deployed(wanted, corpus)
    if "text" in wanted:
        figures += parts.text(*spanish(given.corpus))
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


def _deployed(wanted: Collection[str], corpus: Corpus) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="deidstream-bench-") as folder,
        deployment(Path(folder)) as running,
    ):
        pipeline = Pipeline(running)
        pipeline.measure_idle()
        figures = parts.start_up(pipeline)
        if "cost" in wanted:
            figures += parts.cost(pipeline, corpus)
        if "latency" in wanted:
            figures += parts.latency(pipeline, corpus, running.released)
        if "throughput" in wanted:
            figures += parts.throughput(pipeline, corpus)
        if "memory" in wanted:
            figures += parts.memory(pipeline)
    return figures


if __name__ == "__main__":
    sys.exit(main())
