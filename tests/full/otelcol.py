"""The OpenTelemetry collector that ``tests/full/prepare`` has built, as a process; what came is read from its file."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deidstream.cli.demo.ports import free_row

from tests.full.java import CACHE, absent, wait_for

CONFIG = Path(__file__).parent / "collector" / "config.yaml"


@dataclass(frozen=True, slots=True)
class Span:
    """One span as the collector wrote it. ``instance``: the process that sent it."""

    instance: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, str | int]
    began: int
    ended: int

    @property
    def stage(self) -> str:
        """Of a span of a stage."""
        return str(self.attributes.get("deidstream.stage", ""))


@dataclass(frozen=True)
class Collector:
    """One that runs."""

    url: str
    out: Path

    def spans(self) -> list[Span]:
        """All that have come so far."""
        lines = self.out.read_bytes().splitlines() if self.out.exists() else []
        found: list[Span] = []
        for line in lines:
            with suppress(json.JSONDecodeError):  # the last line may be half written
                found += _spans(json.loads(line))
        return found


@contextmanager
def collecting(folder: Path) -> Iterator[Collector]:
    """Ready; ended at the end."""
    binary = CACHE / "collector/otelcol"
    if not binary.exists():
        absent("no OpenTelemetry collector")
    (port,) = free_row(1)
    out = folder / "otlp.json"
    environment = {**os.environ, "OTLP_PORT": str(port), "OTLP_FILE": str(out)}
    with (folder / "collector.log").open("wb") as log:
        process = subprocess.Popen(
            [binary, f"--config={CONFIG}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
    try:
        wait_for(lambda: _answers(port) or process.poll() is not None, "the collector listens", 30)
        assert process.poll() is None, (folder / "collector.log").read_text()[-4000:]
        yield Collector(f"http://127.0.0.1:{port}", out)
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _spans(batch: dict[str, Any]) -> Iterator[Span]:
    for resource in batch.get("resourceSpans", ()):
        instance = str(_attributes(resource["resource"])["service.instance.id"])
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                yield Span(
                    instance,
                    span["name"],
                    span["traceId"],
                    span["spanId"],
                    span.get("parentSpanId", ""),
                    _attributes(span),
                    int(span["startTimeUnixNano"]),
                    int(span["endTimeUnixNano"]),
                )


def _attributes(thing: dict[str, Any]) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for one in thing.get("attributes", ()):
        value = one["value"]
        found[one["key"]] = int(value["intValue"]) if "intValue" in value else value.get("stringValue", "")
    return found
