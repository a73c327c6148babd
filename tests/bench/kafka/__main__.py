"""What Apache Kafka costs: against a bare client, against the embedded bus, in latency hop by hop, and after kill -9.

    python -m tests.bench.kafka [--only hops|buses|latency|recovery] [--corpus FOLDER_OF_SHARED_DATA]

The broker runs on this machine, started for it. Prints a table with the ratios first, then all figures in one line; exits 1 where
they fall short. Let nothing else run.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

from tests.bench.corpus import load
from tests.bench.figure import Figure, summary, table
from tests.bench.kafka import recovery, whole
from tests.bench.kafka.hops import hops
from tests.harness.kafka import broker

_PARTS = ("hops", "buses", "latency", "recovery")
_SHARED = Path(__file__).parents[4] / "shared" / "data"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.kafka", description=__doc__)
    parser.add_argument("--only", choices=_PARTS, action="append", help="a part alone; again for another")
    parser.add_argument("--corpus", type=Path, default=Path(os.environ.get("CORPUS", _SHARED)))
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the deployments are stopped
    wanted, corpus = given.only or _PARTS, load(given.corpus)
    print(f"corpus: {corpus.name}, {len(corpus.hl7)} HL7 messages", flush=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="deidstream-bench-") as place, broker(Path(place) / "kafka") as kafka:
        folders = {part: Path(place) / part for part in _PARTS}
        if "hops" in wanted:
            figures += hops(kafka.servers, folders["hops"])
        if "buses" in wanted:
            figures += whole.buses(kafka.servers, folders["buses"], corpus)
        if "latency" in wanted:
            figures += whole.latency(kafka.servers, folders["latency"], corpus)
        if "recovery" in wanted:
            figures += recovery.recovery(kafka.servers, folders["recovery"], corpus)
    print(table(figures))
    print(summary(figures))
    return int(any(one.short for one in figures))


if __name__ == "__main__":
    sys.exit(main())
