"""A real Kafka for the tests of one session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deidstream.cli.demo.ports import free_row
from deidstream.cli.dev.broker import Cluster as Broker

from tests.full.java import absent

__all__ = ["Broker", "broker"]


@contextmanager
def broker(folder: Path, nodes: int = 1, **settings: str) -> Iterator[Broker]:
    """Ready; gone at the end. Skips, or in CI fails, where Java or Maven is missing."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            absent(f"no {tool}")
    made = Broker(folder, free_row(2 * nodes), {name.replace("_", "."): value for name, value in settings.items()})
    try:
        made.start()
        yield made
    finally:
        made.destroy()
