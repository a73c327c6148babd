"""What a message costs, stage by stage and kind by kind: CPU, bytes on the bus, and the memory of each process.

    python -m tests.bench.capacity [--out FILE] [--messages 600] [--corpus FOLDER_OF_SHARED_DATA]

Each stage is a chain of its own, so that its process is its account; handing a case on through the bus is in it. The same messages
go through the default chains as well: what stages that share a chain save. Prints a table in Markdown; FILE gets it as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deidstream.formats.hl7v2.header import peek
from deidstream.stream.stages import AUDIT, INBOXES, QUARANTINE

from tests.bench.corpus import Corpus, load, numbered
from tests.bench.machine import machine
from tests.bench.pipeline import Pipeline
from tests.bench.sender import Job, http_job, mllp_job
from tests.harness.deployment import Running, deployment

STAGES = ("ingest", "identify", "fields", "text", "resolver", "writer", "delivery")
TOGETHER = (("ingest",), ("identify", "fields", "text", "resolver", "writer"), ("delivery",))
"""The default chains, without those of pictures."""
_SHARED = Path(__file__).parents[3] / "shared" / "data"
_IDLE_SECONDS = 5.0
_WARM_UP = 60
_CONNECTIONS = 8


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="tests.bench.capacity", description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--messages", type=int, default=600, help="of each kind of HL7 v2")
    parser.add_argument("--corpus", type=Path, default=Path(os.environ.get("CORPUS", _SHARED)))
    given = parser.parse_args()
    measured = measure(load(given.corpus), given.messages)
    print(markdown(measured))
    if given.out:
        given.out.write_text(json.dumps(measured, indent=1) + "\n")
    return 0


def measure(corpus: Corpus, count: int) -> dict[str, object]:
    """CPU in milliseconds and bytes of records a message, by kind; megabytes by process."""
    apart, memory = _measured({"chains": [[stage] for stage in STAGES]}, corpus, count)
    together, memory_together = _measured({"chains": [list(chain) for chain in TOGETHER]}, corpus, count)
    about = {"machine_ms": round(machine().value, 1), "corpus": corpus.name}
    return {**about, "apart": apart, "together": together, "memory_mb": memory, "memory_together_mb": memory_together}


def _measured(processes: dict[str, object], corpus: Corpus, count: int) -> tuple[dict[str, object], dict[str, int]]:
    """By kind, and the most memory of each process, by its first stage."""
    with (
        tempfile.TemporaryDirectory(prefix="deidstream-capacity-") as folder,
        deployment(Path(folder), processes) as running,
    ):
        pipeline = Pipeline(running)
        pipeline.run(mllp_job(pipeline.mllp, list(numbered(corpus.hl7, _WARM_UP)), 4), "warming up")
        idle = _idle(pipeline)
        kinds: dict[str, object] = {
            name: _of_one(running, pipeline, job, size, idle, name)
            for name, job, size in _jobs(pipeline, corpus, count)
        }
        memory = {name: round(peak / 1e6) for name, (_, peak) in pipeline.resident().items() if name in idle}
        if lost := pipeline.positions.quarantined():
            raise SystemExit(f"{lost} cases are in quarantine: they cost less than those that go on")
    return kinds, memory


def _jobs(pipeline: Pipeline, corpus: Corpus, count: int) -> list[tuple[str, Job, float]]:
    """Name, what to send, and the mean size of a message."""
    by_kind: dict[str, list[bytes]] = {}
    for message in corpus.hl7:
        if message.startswith(b"MSH|^~\\&|"):
            kind = peek(message).type[:3]
            by_kind.setdefault(kind if kind in ("ADT", "ORU") else "other HL7 v2", []).append(message)
    found = []
    for number, (kind, messages) in enumerate(sorted(by_kind.items())):
        sent = list(numbered(messages, count, (number + 3) * 1_000_000))
        found.append((kind, mllp_job(pipeline.mllp, sent, _CONNECTIONS), _mean(sent)))
    bodies = [body for _, body in corpus.fhir]
    return [*found, ("FHIR", http_job(pipeline.fhir, corpus.fhir, _CONNECTIONS), _mean(bodies))]


def _of_one(
    running: Running, pipeline: Pipeline, job: Job, size: float, idle: Mapping[str, float], name: str
) -> dict[str, object]:
    before = _on_bus(running)
    load, count = pipeline.run(job, name), len(job.requests)
    cpu = {stage: load.chains[stage] - used * load.seconds for stage, used in idle.items()}
    return {
        "messages": count,
        "bytes": round(size),
        "cpu_ms": {stage: round(1e3 * seconds / count, 3) for stage, seconds in cpu.items()},
        "bus_bytes": round((_on_bus(running) - before) / count),
    }


def _idle(pipeline: Pipeline) -> dict[str, float]:
    """CPU a second of each chain when nothing comes."""
    before = pipeline.chains()
    time.sleep(_IDLE_SECONDS)
    return {name: (now - before[name]) / _IDLE_SECONDS for name, now in pipeline.chains().items()}


def _on_bus(running: Running) -> int:
    topics = (*INBOXES, AUDIT, QUARANTINE)
    return sum(len(record.value) for topic in topics for record in running.bus.scan(topic))


def _mean(contents: Sequence[bytes]) -> float:
    return sum(map(len, contents)) / len(contents)


def markdown(measured: Mapping[str, Any]) -> str:  # Any: as JSON has it
    """As docs/sizing.md has it."""
    rows = [
        f"| kind | bytes | {' | '.join(STAGES)} | apart | default chains | bytes on the bus |",
        f"|{'---|' * (len(STAGES) + 5)}",
        *(_row(kind, one, measured["together"][kind]) for kind, one in measured["apart"].items()),
        f"| most memory, MB | | {' | '.join(str(measured['memory_mb'][stage]) for stage in STAGES)} | | | |",
        f"machine: {measured['machine_ms']} ms; corpus: {measured['corpus']}; default chains, MB: {measured['memory_together_mb']}",
    ]
    return "\n".join(rows)


def _row(kind: str, apart: Mapping[str, Any], together: Mapping[str, Any]) -> str:  # Any: as JSON has it
    cpu = apart["cpu_ms"]
    shown = " | ".join(f"{cpu[stage]:.2f}" for stage in STAGES)
    sums = f"{sum(cpu.values()):.2f} | {sum(together['cpu_ms'].values()):.2f}"
    return f"| {kind} | {apart['bytes']:,} | {shown} | {sums} | {together['bus_bytes']:,} |"


if __name__ == "__main__":
    sys.exit(main())
